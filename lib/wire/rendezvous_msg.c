#include "wire/rendezvous_msg.h"

#include <string.h>

#include "base/err.h"

/* Return: 0, or NK_ERR_MALFORMED if it has not the length that it must have. */
static int read_attr(struct rendezvous_msg *r, const struct stun_msg *m, uint16_t type, struct rd v)
{
	switch (type) {
	case PROBE_ATTR_COOKIE:
		r->has_cookie = true;
		r->cookie = rd_be64(&v);
		break;
	case PROBE_ATTR_TOKEN:
		r->has_token = true;
		r->token = rd_be64(&v);
		break;
	case PROBE_ATTR_TIME:
		r->has_time = true;
		r->time_us = rd_be64(&v);
		break;
	case RENDEZVOUS_ATTR_KEY:
		r->key = rd_bytes(&v, CRYPTO_KEY);
		break;
	case RENDEZVOUS_ATTR_SIGNATURE:
		r->signature = rd_bytes(&v, CRYPTO_SIGNATURE);
		break;
	case RENDEZVOUS_ATTR_TICKET:
		r->ticket = rd_bytes(&v, RENDEZVOUS_TICKET);
		break;
	case RENDEZVOUS_ATTR_LIFETIME:
		r->lifetime_s = rd_be32(&v);
		break;
	case RENDEZVOUS_ATTR_FLAGS:
		r->flags = rd_be32(&v);
		break;
	case RENDEZVOUS_ATTR_RETRY:
		r->retry_ms = rd_be32(&v);
		break;
	case RENDEZVOUS_ATTR_FROM:
		return stun_read_xor_addr(&r->from, m, v);
	case RENDEZVOUS_ATTR_BODY:
		r->body_len = rd_left(&v);
		r->body = rd_bytes(&v, r->body_len);
		return r->body_len > RENDEZVOUS_BODY_MAX ? NK_ERR_MALFORMED : 0;
	case RENDEZVOUS_ATTR_KEEPALIVE:
		r->keepalive_len = rd_left(&v);
		r->keepalive = rd_bytes(&v, r->keepalive_len);
		return r->keepalive_len > KEEPALIVE_OFFER_MAX ? NK_ERR_MALFORMED : 0;
	default:
		return 0;
	}
	return v.bad || rd_left(&v) > 0 ? NK_ERR_MALFORMED : 0;
}

int rendezvous_read(struct rendezvous_msg *out, const struct stun_msg *m)
{
	struct rendezvous_msg r = {.has_cookie = false};
	struct rd at = stun_attributes(m), value;
	uint32_t seen = 0; /* the first of a kind counts */
	uint16_t type;

	while (stun_next(m, &at, &type, &value)) {
		const unsigned kind = type - PROBE_ATTR_COOKIE;

		if (type < PROBE_ATTR_COOKIE || type > RENDEZVOUS_ATTR_KEEPALIVE ||
		    (seen >> kind & 1) != 0)
			continue;
		seen |= 1u << kind;
		if (read_attr(&r, m, type, value) != 0)
			return NK_ERR_MALFORMED;
	}
	*out = r;
	return 0;
}

void rendezvous_put_key(struct wr *w, const uint8_t key[static CRYPTO_KEY])
{
	stun_put_bytes(w, RENDEZVOUS_ATTR_KEY, key, CRYPTO_KEY);
}

void rendezvous_put_signature(struct wr *w, const uint8_t signature[static CRYPTO_SIGNATURE])
{
	stun_put_bytes(w, RENDEZVOUS_ATTR_SIGNATURE, signature, CRYPTO_SIGNATURE);
}

void rendezvous_put_from(struct wr *w, const struct addr *from)
{
	stun_put_xor_addr(w, RENDEZVOUS_ATTR_FROM, from);
}

void rendezvous_put_ticket(struct wr *w, const uint8_t ticket[static RENDEZVOUS_TICKET])
{
	stun_put_bytes(w, RENDEZVOUS_ATTR_TICKET, ticket, RENDEZVOUS_TICKET);
}

void rendezvous_put_body(struct wr *w, const void *body, size_t len)
{
	if (len > RENDEZVOUS_BODY_MAX)
		w->bad = true;
	stun_put_bytes(w, RENDEZVOUS_ATTR_BODY, body, len);
}

void rendezvous_put_keepalive(struct wr *w, const void *bytes, size_t len)
{
	if (len > KEEPALIVE_OFFER_MAX)
		w->bad = true;
	stun_put_bytes(w, RENDEZVOUS_ATTR_KEEPALIVE, bytes, len);
}

/* Through a NAT64 a client sends to such an address what comes to the IPv4 address in it. */
static struct addr through_nat64(const struct addr *a)
{
	static const uint8_t prefix[12] = {0x00, 0x64, 0xff, 0x9b}; /* RFC 6052 section 2.1 */
	struct addr v4 = addr_any(ADDR_V4, a->port);

	if (memcmp(a->ip, prefix, sizeof(prefix)) != 0)
		return *a;
	memcpy(v4.ip + sizeof(prefix), a->ip + sizeof(prefix), 4);
	return v4;
}

void rendezvous_proof(uint8_t out[static RENDEZVOUS_PROOF_LEN], uint64_t cookie,
		      const uint8_t tid[static STUN_TID], const uint8_t key[static CRYPTO_KEY],
		      const struct addr *broker)
{
	static const char label[] = "natkit register 1";
	const struct addr known = through_nat64(broker);
	struct wr w = wr_make(out, RENDEZVOUS_PROOF_LEN);

	wr_bytes(&w, label, sizeof(label) - 1);
	wr_be64(&w, cookie);
	wr_bytes(&w, tid, STUN_TID);
	wr_bytes(&w, key, CRYPTO_KEY);
	wr_bytes(&w, known.ip, sizeof(known.ip));
	wr_be16(&w, known.port);
}
