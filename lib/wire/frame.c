#include "wire/frame.h"

enum { KIND = 0xF0, KIND_MASK = 0xFC, EPOCH = 0x01, HEARD = 0x02 };

void packet_write_header(uint8_t out[static PACKET_HEADER], const struct packet_header *h)
{
	struct wr w = wr_make(out, PACKET_HEADER);

	wr_u8(&w, (uint8_t)(KIND | (h->epoch ? EPOCH : 0) | (h->heard ? HEARD : 0)));
	wr_be32(&w, h->index);
	wr_be64(&w, h->counter);
}

bool packet_read_header(struct packet_header *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	const uint8_t first = rd_u8(&r);

	if (len < PACKET_OVERHEAD || (first & KIND_MASK) != KIND)
		return false;
	out->epoch = (first & EPOCH) != 0;
	out->heard = (first & HEARD) != 0;
	out->index = rd_be32(&r);
	out->counter = rd_be64(&r);
	return true;
}

void frame_write(struct wr *w, const struct frame *f)
{
	wr_u8(w, (uint8_t)f->kind);
	switch (f->kind) {
	case FRAME_PING:
	case FRAME_PONG:
		wr_be64(w, f->token);
		break;
	case FRAME_ACK:
		wr_be16(w, f->seq);
		wr_be64(w, f->bits);
		break;
	case FRAME_MESSAGE:
	case FRAME_OFFER:
	case FRAME_TERMS:
		wr_be16(w, f->seq);
		wr_bytes(w, f->data, f->len);
		break;
	case FRAME_DATAGRAM:
		wr_bytes(w, f->data, f->len);
		break;
	case FRAME_CLOSE:
		wr_be16(w, f->seq);
		break;
	}
}

static void take_rest(struct rd *r, struct frame *f)
{
	f->len = rd_left(r);
	f->data = rd_bytes(r, f->len);
}

bool frame_read(struct rd *r, struct frame *out)
{
	struct frame f;

	if (r->bad || rd_left(r) == 0)
		return false;
	f = (struct frame){.kind = (enum frame_kind)rd_u8(r)};
	switch (f.kind) {
	case FRAME_PING:
	case FRAME_PONG:
		f.token = rd_be64(r);
		break;
	case FRAME_ACK:
		f.seq = rd_be16(r);
		f.bits = rd_be64(r);
		break;
	case FRAME_MESSAGE:
		f.seq = rd_be16(r);
		take_rest(r, &f);
		r->bad |= f.len > FRAME_MESSAGE_MAX;
		break;
	case FRAME_OFFER:
		f.seq = rd_be16(r);
		take_rest(r, &f);
		r->bad |= f.len > KEEPALIVE_OFFER_MAX;
		break;
	case FRAME_TERMS:
		f.seq = rd_be16(r);
		f.len = KEEPALIVE_TERMS_LEN;
		f.data = rd_bytes(r, f.len);
		break;
	case FRAME_DATAGRAM:
		take_rest(r, &f);
		break;
	case FRAME_CLOSE:
		f.seq = rd_be16(r);
		break;
	default:
		r->bad = true;
	}
	if (r->bad)
		return false;
	*out = f;
	return true;
}
