#include "sim/packet.h"

#include "wire/checksum.h"
#include "wire/ip.h"

#define QUOTED 8 /* bytes of what follows the quoted IP header: RFC 792 */

static bool is_v4(const struct addr *a)
{
	return addr_family(a) == ADDR_V4;
}

size_t packet_ip_header(const struct packet *p)
{
	return is_v4(&p->to) ? IP_V4_HEADER : IP_V6_HEADER;
}

unsigned packet_pieces(const struct packet *p, uint32_t mtu)
{
	const size_t header = packet_ip_header(p);
	const size_t extra = is_v4(&p->to) ? 0 : IP_FRAGMENT_HEADER;
	size_t room;

	if (p->size <= mtu)
		return 1;
	room = mtu > header + extra + 8 ? (mtu - header - extra) / 8 * 8 : 8;
	return (unsigned)((p->size - header + room - 1) / room);
}

static bool is_multicast(const struct addr *a)
{
	return is_v4(a) ? a->ip[12] >= 224 : a->ip[0] == 0xff;
}

bool packet_may_be_answered(const struct packet *p)
{
	return p->kind != PACKET_ERROR && !addr_is_any(&p->from) && !is_multicast(&p->from) &&
	       !is_multicast(&p->to);
}

/* What only the bytes that were read have. */
static void quote_bytes(struct packet_quote *q, const struct packet *about)
{
	const uint8_t *udp;
	struct ip_header h;
	uint64_t less;

	if (!about->raw || ip_read_quoted(&h, about->data, about->len) != 0)
		return;
	if (is_v4(&h.to) && is_v4(&about->to))
		q->id = (uint16_t)h.id;
	if (about->kind != PACKET_UDP || about->len < h.length + IP_UDP_HEADER)
		return;
	udp = about->data + h.length;
	if (bytes_be16(udp + IP_UDP_CHECKSUM_AT) == 0)
		return; /* the sender made none */
	less = ip_pseudo_sum(&h.from, &h.to, IP_UDP, h.total - h.length);
	q->summed = true;
	q->sum = checksum_update(bytes_be16(udp + IP_UDP_CHECKSUM_AT), checksum_add(less, udp, 4),
				 0);
}

void packet_make_error(struct packet *e, const struct packet *about, const struct addr *from,
		       enum packet_error error, uint32_t mtu)
{
	e->kind = PACKET_ERROR;
	e->from = addr_with_port(*from, 0);
	e->to = addr_with_port(about->from, 0);
	e->error = error;
	e->mtu = mtu;
	e->quote = (struct packet_quote){
		.kind = about->kind,
		.from = about->from,
		.to = about->to,
		.reply = about->reply,
		.protocol = about->protocol,
		.seq = about->seq,
		.size = about->size,
	};
	quote_bytes(&e->quote, about);
	e->size = packet_ip_header(e) + IP_ICMP_HEADER + packet_ip_header(about) + QUOTED;
}

void packet_make_reset(struct packet *r, const struct packet *about)
{
	r->kind = PACKET_TCP;
	r->from = about->to;
	r->to = about->from;
	if ((about->flags & PACKET_ACK) != 0) {
		r->flags = PACKET_RST;
		r->seq = about->ack;
	} else {
		r->flags = PACKET_RST | PACKET_ACK;
		r->ack = about->seq + ((about->flags & PACKET_SYN) != 0 ? 1 : 0);
	}
	r->size = packet_ip_header(r) + IP_TCP_HEADER;
}
