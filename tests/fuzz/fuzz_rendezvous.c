/*
 * The decoder of the rendezvous and its writers, and that of requests without a cookie.
 *
 * Each input is read as it is, and again with a header put right: bytes that chance
 * would hardly find. What was read is written and read once more; the second writing
 * must equal the first.
 */
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "wire/rendezvous_msg.h"
#include "wire/stun_classic.h"

#define MESSAGE_MAX 2048

static bool inside(const struct stun_msg *m, const uint8_t *p, size_t len)
{
	return p == NULL || (p >= m->bytes + STUN_HEADER && len <= (size_t)(m->bytes + m->len - p));
}

static void check_borrowed(const struct stun_msg *m, const struct rendezvous_msg *r)
{
	must(inside(m, r->key, CRYPTO_KEY) && inside(m, r->signature, CRYPTO_SIGNATURE));
	must(inside(m, r->ticket, RENDEZVOUS_TICKET) && inside(m, r->body, r->body_len));
	must(r->body_len <= RENDEZVOUS_BODY_MAX && (r->body != NULL || r->body_len == 0));
}

static void put_numbers(struct wr *w, const struct rendezvous_msg *r)
{
	if (r->has_cookie)
		probe_put_cookie(w, r->cookie);
	if (r->has_token)
		probe_put_token(w, r->token);
	if (r->has_time)
		probe_put_time(w, r->time_us);
	stun_put_u32(w, RENDEZVOUS_ATTR_LIFETIME, r->lifetime_s);
	stun_put_u32(w, RENDEZVOUS_ATTR_FLAGS, r->flags);
	stun_put_u32(w, RENDEZVOUS_ATTR_RETRY, r->retry_ms);
}

static size_t write_again(uint8_t *buf, size_t cap, const struct stun_msg *m,
			  const struct rendezvous_msg *r)
{
	struct wr w = wr_make(buf, cap);

	stun_begin(&w, m->method, m->cls, m->tid);
	put_numbers(&w, r);
	if (r->key != NULL)
		rendezvous_put_key(&w, r->key);
	if (r->signature != NULL)
		rendezvous_put_signature(&w, r->signature);
	if (addr_family(&r->from) != ADDR_NONE)
		rendezvous_put_from(&w, &r->from);
	if (r->ticket != NULL)
		rendezvous_put_ticket(&w, r->ticket);
	if (r->body != NULL)
		rendezvous_put_body(&w, r->body, r->body_len);
	return stun_end(&w);
}

static void read_and_write(const uint8_t *data, size_t size)
{
	static uint8_t first[2 * MESSAGE_MAX], second[2 * MESSAGE_MAX];
	struct rendezvous_msg r, r_again;
	struct stun_msg m, again;
	size_t len;

	if (stun_read(&m, data, size) != 0 || rendezvous_read(&r, &m) != 0)
		return;
	check_borrowed(&m, &r);
	len = write_again(first, sizeof(first), &m, &r);
	must(len > 0);
	must(stun_read(&again, first, len) == 0);
	must(rendezvous_read(&r_again, &again) == 0);
	must(write_again(second, sizeof(second), &again, &r_again) == len);
	must(memcmp(first, second, len) == 0);
}

static void read_classic(const uint8_t *data, size_t size)
{
	const uint8_t *tid = stun_classic_asks(data, size);

	must(tid == NULL || (tid == data + 4 && size >= STUN_HEADER));
}

static void put_right(uint8_t *bytes, size_t size, uint32_t cookie)
{
	struct wr w = wr_make(bytes + 2, 6);

	bytes[0] &= 0x3f;
	wr_be16(&w, (uint16_t)(size - STUN_HEADER));
	wr_be32(&w, cookie);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t whole = size / 4 * 4;
	uint8_t *copy;

	if (size > MESSAGE_MAX)
		return -1;
	read_and_write(data, size);
	read_classic(data, size);
	if (size < STUN_HEADER)
		return 0;
	copy = malloc(whole); /* of exactly that size */
	must(copy != NULL);
	memcpy(copy, data, whole);
	put_right(copy, whole, STUN_COOKIE);
	read_and_write(copy, whole);
	put_right(copy, whole, 0);
	copy[0] = 0;
	copy[1] = 1;
	read_classic(copy, whole);
	free(copy);
	return 0;
}
