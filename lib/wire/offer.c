#include "wire/offer.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

#define CALL_LEN 65
#define NAT_LEN  10

enum field {
	FIELD_CALL = 1,
	FIELD_CANDIDATE = 2,
	FIELD_NAT = 3,
	FIELD_KEEPALIVES = 4,
	FIELD_KEY = 5
};

static void put_head(struct wr *w, enum field type, size_t len)
{
	wr_u8(w, (uint8_t)type);
	wr_u8(w, (uint8_t)len);
}

static void put_call(struct wr *w, const struct offer *o)
{
	put_head(w, FIELD_CALL, CALL_LEN);
	wr_u8(w, (uint8_t)o->verdict);
	wr_be32(w, o->flags);
	wr_bytes(w, o->call_id, sizeof(o->call_id));
	wr_bytes(w, o->resumes, sizeof(o->resumes));
	wr_be64(w, o->timestamp_us);
	wr_be32(w, o->index);
	wr_be32(w, o->rtt_us);
	wr_be64(w, o->fire_us);
	wr_be32(w, o->tactics);
}

static void put_candidate(struct wr *w, const struct offer_candidate *c)
{
	const size_t n = addr_family(&c->addr) == ADDR_V4 ? 4 : 16;

	put_head(w, FIELD_CANDIDATE, 3 + n);
	wr_u8(w, c->kind);
	wr_be16(w, c->addr.port);
	wr_bytes(w, c->addr.ip + 16 - n, n);
}

static void put_nat(struct wr *w, const struct offer *o)
{
	put_head(w, FIELD_NAT, NAT_LEN);
	wr_u8(w, o->nat.mapping);
	wr_u8(w, o->nat.ports);
	wr_be16(w, (uint16_t)o->nat.step);
	wr_be16(w, o->nat.last_port);
	wr_be16(w, o->nat.per_minute);
	wr_u8(w, o->nat.opener_ttl);
	wr_u8(w, o->nat.broker_hops);
}

size_t offer_write(uint8_t out[static OFFER_MAX], const struct offer *o)
{
	struct wr w = wr_make(out, OFFER_MAX);

	if (o->candidate_count > OFFER_CANDIDATES || o->keepalives_len > OFFER_KEEPALIVES)
		return 0;
	put_call(&w, o);
	for (unsigned i = 0; i < o->candidate_count; i++)
		put_candidate(&w, &o->candidates[i]);
	put_nat(&w, o);
	if (o->keepalives_len > 0) {
		put_head(&w, FIELD_KEEPALIVES, o->keepalives_len);
		wr_bytes(&w, o->keepalives, o->keepalives_len);
	}
	if (o->verdict == OFFER_CALLS) {
		put_head(&w, FIELD_KEY, OFFER_KEY);
		wr_bytes(&w, o->key, OFFER_KEY);
	}
	return w.bad ? 0 : w.len;
}

static bool read_call(struct offer *o, struct rd v)
{
	const uint8_t verdict = rd_u8(&v);
	const uint8_t *call_id, *resumes;

	o->verdict = (enum offer_verdict)verdict;
	o->flags = rd_be32(&v);
	call_id = rd_bytes(&v, sizeof(o->call_id));
	resumes = rd_bytes(&v, sizeof(o->resumes));
	o->timestamp_us = rd_be64(&v);
	o->index = rd_be32(&v);
	o->rtt_us = rd_be32(&v);
	o->fire_us = rd_be64(&v);
	o->tactics = rd_be32(&v);
	if (v.bad || rd_left(&v) > 0 || verdict > OFFER_IS_BUSY)
		return false;
	memcpy(o->call_id, call_id, sizeof(o->call_id));
	memcpy(o->resumes, resumes, sizeof(o->resumes));
	return true;
}

static bool within_public_ips(const struct offer *o)
{
	unsigned count = 0;

	for (unsigned i = 0; i < o->candidate_count; i++) {
		const struct addr *a = &o->candidates[i].addr;
		bool seen = addr_is_private(a);

		for (unsigned j = 0; !seen && j < i; j++)
			seen = addr_same_ip(a, &o->candidates[j].addr);
		count += !seen;
	}
	return count <= OFFER_PUBLIC_IPS;
}

static bool read_candidate(struct offer *o, struct rd v)
{
	const uint8_t kind = rd_u8(&v);
	const uint16_t port = rd_be16(&v);
	const size_t n = rd_left(&v);
	struct addr a = n == 4 ? addr_any(ADDR_V4, port) : (struct addr){.port = port};

	if (v.bad || (n != 4 && n != 16) || kind == 0 || kind > OFFER_KIND_LAST ||
	    o->candidate_count == OFFER_CANDIDATES)
		return false;
	memcpy(a.ip + 16 - n, v.p, n);
	/* IPv4 has four bytes here, so that there is one way to write an address. */
	if ((n == 4) != (addr_family(&a) == ADDR_V4) || port == 0 || !addr_is_one_host(&a))
		return false;
	o->candidates[o->candidate_count++] = (struct offer_candidate){.kind = kind, .addr = a};
	return within_public_ips(o);
}

static bool read_nat(struct offer *o, struct rd v)
{
	o->nat.mapping = rd_u8(&v);
	o->nat.ports = rd_u8(&v);
	o->nat.step = (int16_t)rd_be16(&v);
	o->nat.last_port = rd_be16(&v);
	o->nat.per_minute = rd_be16(&v);
	o->nat.opener_ttl = rd_u8(&v);
	o->nat.broker_hops = rd_u8(&v);
	return !v.bad && rd_left(&v) == 0 && o->nat.mapping <= OFFER_CLASS_LAST &&
	       o->nat.ports <= OFFER_CLASS_LAST;
}

static bool read_keepalives(struct offer *o, struct rd v)
{
	o->keepalives_len = rd_left(&v);
	if (o->keepalives_len > OFFER_KEEPALIVES)
		return false;
	if (o->keepalives_len > 0)
		memcpy(o->keepalives, v.p, o->keepalives_len);
	return true;
}

static bool read_key(struct offer *o, struct rd v)
{
	if (rd_left(&v) != OFFER_KEY)
		return false;
	memcpy(o->key, v.p, OFFER_KEY);
	return true;
}

static bool read_field(struct offer *o, uint8_t type, struct rd value)
{
	switch (type) {
	case FIELD_CALL:
		return read_call(o, value);
	case FIELD_CANDIDATE:
		return read_candidate(o, value);
	case FIELD_NAT:
		return read_nat(o, value);
	case FIELD_KEEPALIVES:
		return read_keepalives(o, value);
	case FIELD_KEY:
		return read_key(o, value);
	default:
		return true;
	}
}

int offer_read(struct offer *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	struct offer o = {.verdict = OFFER_CALLS};
	uint32_t seen = 0;

	while (rd_left(&r) > 0) {
		const uint8_t type = rd_u8(&r);
		const uint8_t n = rd_u8(&r);
		const struct rd value = rd_sub(&r, n);
		const uint32_t bit = type <= FIELD_KEY ? 1u << type : 0;

		if (r.bad || ((seen & bit) != 0 && type != FIELD_CANDIDATE) ||
		    !read_field(&o, type, value))
			return NK_ERR_MALFORMED;
		seen |= bit;
	}
	if ((seen & 1u << FIELD_CALL) == 0 ||
	    (o.verdict == OFFER_CALLS && (seen & 1u << FIELD_KEY) == 0))
		return NK_ERR_MALFORMED;
	*out = o;
	return 0;
}
