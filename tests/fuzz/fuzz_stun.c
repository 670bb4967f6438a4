/*
 * The decoders of STUN and of the probe service, and their writers.
 *
 * Each input is read as it is, and again with a header and a FINGERPRINT that
 * have been put right: bytes that chance would hardly find. What was read is
 * written and read once more; the second writing must equal the first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "must.h"
#include "wire/probe_msg.h"
#include "wire/stun.h"
#include "wire/stun_fingerprint.h"

#define MESSAGE_MAX 4096
#define KEY         "VOkJxbRl1RmTxUk/WvJxBt"

static bool inside(const struct stun_msg *m, const uint8_t *p, size_t len)
{
	return p >= m->bytes + STUN_HEADER && len <= (size_t)(m->bytes + m->len - p);
}

/* What is borrowed lies in the message, and what was found can be found again. */
static void check_borrowed(const struct stun_msg *m)
{
	struct rd v;

	must(m->software == NULL || inside(m, m->software, m->software_len));
	must(m->username == NULL || inside(m, m->username, m->username_len));
	must(m->integrity_at % 4 == 0 && m->integrity_at < m->len);
	must(m->integrity256_at % 4 == 0 && m->integrity256_at < m->len);
	must(m->unknown_count <= STUN_UNKNOWN_MAX);
	for (unsigned i = 0; i < m->unknown_count; i++) {
		must(m->unknown[i] < STUN_COMPREHENSION_OPTIONAL);
		must(stun_find(m, m->unknown[i], &v) && inside(m, v.p, rd_left(&v)));
	}
	must(stun_find(m, STUN_FINGERPRINT, &v) == m->has_fingerprint);
	must(stun_find(m, STUN_PADDING, &v) == m->has_padding);
	must(stun_find(m, STUN_USERNAME, &v) == (m->username != NULL));
	must(stun_find(m, STUN_MESSAGE_INTEGRITY, &v) == (m->integrity_at != 0));
	must(!stun_check_integrity(m, KEY, sizeof(KEY) - 1) || m->integrity_at != 0);
	must(!stun_check_integrity256(m, KEY, sizeof(KEY) - 1) || m->integrity256_at != 0);
}

static void put_addrs(struct wr *w, const struct stun_msg *m)
{
	if (addr_family(&m->xor_mapped) != ADDR_NONE)
		stun_put_xor_addr(w, STUN_XOR_MAPPED_ADDRESS, &m->xor_mapped);
	if (addr_family(&m->mapped) != ADDR_NONE)
		stun_put_addr(w, STUN_MAPPED_ADDRESS, &m->mapped);
	if (addr_family(&m->response_origin) != ADDR_NONE)
		stun_put_addr(w, STUN_RESPONSE_ORIGIN, &m->response_origin);
	if (addr_family(&m->other_address) != ADDR_NONE)
		stun_put_addr(w, STUN_OTHER_ADDRESS, &m->other_address);
}

static void put_probe(struct wr *w, const struct probe_msg *p)
{
	if (p->has_cookie)
		probe_put_cookie(w, p->cookie);
	if (p->has_token)
		probe_put_token(w, p->token);
	if (p->has_trial)
		probe_put_trial(w, p->trial);
	if (p->has_copies)
		probe_put_copies(w, p->copies, p->spacing_ms, p->delay_ms);
	if (p->has_time)
		probe_put_time(w, p->time_us);
	if (p->has_limits)
		probe_put_limits(w, p->max_trials, p->max_copies_per_s, p->max_keep_s);
	if (p->has_round)
		probe_put_round(w, p->round);
	if (p->trial_count > 0)
		probe_put_trials(w, p->trials, p->trial_count);
	if (p->state_count > 0)
		probe_put_states(w, p->states, p->state_count);
}

static size_t write_again(uint8_t *buf, size_t cap, const struct stun_msg *m,
			  const struct probe_msg *p)
{
	struct wr w = wr_make(buf, cap);

	stun_begin(&w, m->method, m->cls, m->tid);
	put_addrs(&w, m);
	if (m->error != 0)
		stun_put_error(&w, m->error, "");
	if (m->has_change)
		stun_put_change(&w, m->change);
	if (m->response_port != 0)
		stun_put_response_port(&w, m->response_port);
	if (m->has_padding)
		stun_put_padding(&w, m->padding);
	if (m->software != NULL)
		stun_put_bytes(&w, STUN_SOFTWARE, m->software, m->software_len);
	if (m->username != NULL)
		stun_put_bytes(&w, STUN_USERNAME, m->username, m->username_len);
	for (unsigned i = 0; i < m->unknown_count; i++)
		stun_put_bytes(&w, m->unknown[i], NULL, 0);
	if (p != NULL)
		put_probe(&w, p);
	if (m->integrity_at != 0)
		stun_put_integrity(&w, KEY, sizeof(KEY) - 1);
	if (m->integrity256_at != 0)
		stun_put_integrity256(&w, KEY, sizeof(KEY) - 1);
	if (m->has_fingerprint)
		stun_put_fingerprint(&w);
	return stun_end(&w);
}

static void read_and_write(const uint8_t *data, size_t size)
{
	static uint8_t first[4 * MESSAGE_MAX], second[4 * MESSAGE_MAX];
	struct stun_msg m, again;
	struct probe_msg p, p_again;
	bool has_probe;
	size_t len;

	if (stun_read(&m, data, size) != 0)
		return;
	check_borrowed(&m);
	has_probe = probe_read(&p, &m) == 0;

	len = write_again(first, sizeof(first), &m, has_probe ? &p : NULL);
	must(len > 0);
	must(stun_read(&again, first, len) == 0);
	must(probe_read(&p_again, &again) == 0);
	must(again.integrity_at == 0 || stun_check_integrity(&again, KEY, sizeof(KEY) - 1));
	must(again.integrity256_at == 0 || stun_check_integrity256(&again, KEY, sizeof(KEY) - 1));
	must(write_again(second, sizeof(second), &again, has_probe ? &p_again : NULL) == len);
	must(memcmp(first, second, len) == 0);
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put_right(uint8_t *bytes, size_t size)
{
	static const uint8_t fingerprint[4] = {0x80, 0x28, 0, 4};
	const size_t body = size - STUN_HEADER;

	bytes[0] &= 0x3f;
	bytes[2] = (uint8_t)(body >> 8);
	bytes[3] = (uint8_t)body;
	put_be32(bytes + 4, STUN_COOKIE);
	if (body >= 8 && memcmp(bytes + size - 8, fingerprint, 4) == 0)
		put_be32(bytes + size - 4, stun_fingerprint(bytes, size - 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t whole = size / 4 * 4;
	uint8_t *copy;

	if (size > MESSAGE_MAX || crypto_init() != 0)
		return -1;
	read_and_write(data, size);
	if (size < STUN_HEADER)
		return 0;
	copy = malloc(whole); /* of exactly that size */
	must(copy != NULL);
	memcpy(copy, data, whole);
	put_right(copy, whole);
	read_and_write(copy, whole);
	free(copy);
	return 0;
}
