#include "wire/keepalive.h"

#include "base/crypto.h"
#include "base/err.h"

enum { FORM = 0xC0, FORM_MASK = 0xC0, KINDS = 3, LOW = 0x0F, WINDOW = 16 };

#define WISH_LEN      5
#define SCALE         16 /* seconds are told in sixteenths */
#define OUTBOUND_ONLY 0x01
#define COUNTER_SHIFT 20

static uint16_t tag_of(const struct keepalive_flow *f, bool from_first, unsigned kind,
		       uint64_t counter, uint64_t heard)
{
	uint8_t in[18];
	struct wr w = wr_make(in, sizeof(in));

	wr_u8(&w, from_first ? 1 : 0);
	wr_u8(&w, (uint8_t)kind);
	wr_be64(&w, counter);
	wr_be64(&w, heard);
	return (uint16_t)(crypto_siphash(f->key, in, sizeof(in)) & 0x0FFF);
}

void keepalive_key_of_token(uint8_t key[static KEEPALIVE_KEY], uint64_t token)
{
	struct wr w = wr_make(key, KEEPALIVE_KEY);

	wr_be64(&w, token);
	wr_be64(&w, token);
}

uint32_t keepalive_counter_at(uint64_t time_us)
{
	return (uint32_t)(time_us >> COUNTER_SHIFT);
}

void keepalive_write(struct keepalive_flow *f, enum keepalive_kind kind,
		     uint8_t out[static KEEPALIVE_LEN])
{
	uint16_t tag;

	f->sent++;
	tag = tag_of(f, f->first, kind, f->sent, f->heard);
	out[0] = (uint8_t)(FORM | (unsigned)kind << 4 | (f->sent & LOW));
	out[1] = (uint8_t)((f->heard & LOW) << 4 | (tag >> 8));
	out[2] = (uint8_t)tag;
}

bool keepalive_is_frame(const uint8_t *bytes, size_t len)
{
	return len == KEEPALIVE_LEN && (bytes[0] & FORM_MASK) == FORM &&
	       (bytes[0] >> 4 & 3) < KINDS;
}

bool keepalive_read(struct keepalive_flow *f, const uint8_t *bytes, size_t len,
		    enum keepalive_kind *kind, uint64_t *acked)
{
	uint64_t counter, heard;
	uint16_t tag;

	if (!keepalive_is_frame(bytes, len))
		return false;
	/* The next counter that ends so, and the last one of ours that does. */
	counter = f->heard + 1 + ((bytes[0] - f->heard - 1) & LOW);
	heard = f->sent - ((f->sent - (bytes[1] >> 4)) & LOW);
	tag = (uint16_t)((bytes[1] & LOW) << 8 | bytes[2]);
	if (tag != tag_of(f, !f->first, bytes[0] >> 4 & 3, counter, heard))
		return false;
	f->heard = counter;
	*kind = (enum keepalive_kind)(bytes[0] >> 4 & 3);
	*acked = heard;
	return true;
}

static uint16_t scaled(double seconds)
{
	const double sixteenths = seconds * SCALE;

	return (uint16_t)(sixteenths <= 0 ? 0 : sixteenths > UINT16_MAX ? UINT16_MAX : sixteenths);
}

double keepalive_told(double seconds)
{
	return (double)scaled(seconds) / SCALE;
}

/* lower bound, flags; then of each wish: algorithm, least and greatest interval. */
size_t keepalive_offer_write(uint8_t out[static KEEPALIVE_OFFER_MAX],
			     const struct keepalive_offer *o)
{
	struct wr w = wr_make(out, KEEPALIVE_OFFER_MAX);

	wr_be16(&w, scaled(o->lower_s));
	wr_u8(&w, o->outbound_only ? OUTBOUND_ONLY : 0);
	for (unsigned i = 0; i < o->count && i < KEEPALIVE_WISHES; i++) {
		wr_u8(&w, o->wish[i].algorithm);
		wr_be16(&w, o->wish[i].min_s);
		wr_be16(&w, o->wish[i].max_s);
	}
	return w.len;
}

int keepalive_offer_read(struct keepalive_offer *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	struct keepalive_offer o = {.lower_s = (double)rd_be16(&r) / SCALE};

	o.outbound_only = (rd_u8(&r) & OUTBOUND_ONLY) != 0;
	if (r.bad || rd_left(&r) % WISH_LEN != 0)
		return NK_ERR_MALFORMED;
	while (rd_left(&r) > 0 && o.count < KEEPALIVE_WISHES) {
		struct keepalive_wish *wish = &o.wish[o.count++];

		wish->algorithm = rd_u8(&r);
		wish->min_s = rd_be16(&r);
		wish->max_s = rd_be16(&r);
		if (wish->min_s > wish->max_s)
			return NK_ERR_MALFORMED;
	}
	*out = o;
	return 0;
}

void keepalive_terms_write(uint8_t out[static KEEPALIVE_TERMS_LEN], const struct keepalive_terms *t)
{
	struct wr w = wr_make(out, KEEPALIVE_TERMS_LEN);

	wr_u8(&w, t->algorithm);
	wr_be16(&w, scaled(t->interval_s));
}

int keepalive_terms_read(struct keepalive_terms *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	const uint8_t algorithm = rd_u8(&r);
	const uint16_t interval = rd_be16(&r);

	if (r.bad || rd_left(&r) > 0 || algorithm >= KEEPALIVE_ALGORITHMS ||
	    (algorithm != KEEPALIVE_NONE && interval < SCALE)) /* a second */
		return NK_ERR_MALFORMED;
	*out = (struct keepalive_terms){algorithm, (double)interval / SCALE};
	return 0;
}
