#include "core/broker/ledger.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "core/broker/state.h"

#define VISITS_MAX 8192 /* places that one slice looks at */

static const char magic[16] = "natkit ledger 1\n";

static_assert(LEDGER_HEAD == sizeof(magic) + 16, "text and secret");
static_assert(LEDGER_ENDPOINTS == REGISTRY_ENDPOINTS, "all of them");
static_assert(LEDGER_TAIL <= LEDGER_SLICE_MIN, "a slice has room for it");

static uint64_t add_to(uint64_t checksum, const uint8_t *bytes, size_t len)
{
	static const uint8_t key[16];
	uint8_t in[8 + LEDGER_TAIL];
	struct wr w = wr_make(in, sizeof(in));

	wr_be64(&w, checksum);
	wr_bytes(&w, bytes, len);
	return crypto_siphash(key, in, w.len);
}

static void put_addr(struct wr *w, const struct addr *a)
{
	wr_bytes(w, a->ip, sizeof(a->ip));
	wr_be16(w, a->port);
}

static struct addr take_addr(struct rd *r)
{
	const uint8_t *ip = rd_bytes(r, 16);
	struct addr a = {.port = rd_be16(r)};

	if (ip != NULL)
		memcpy(a.ip, ip, sizeof(a.ip));
	return a;
}

static void put_head(struct wr *w, const struct broker *b, struct ledger_cursor *c)
{
	wr_bytes(w, magic, sizeof(magic));
	wr_bytes(w, b->registry.token_key, sizeof(b->registry.token_key));
	c->checksum = add_to(0, w->buf, w->len);
	c->begun = true;
}

static void put_record(struct wr *w, struct ledger_cursor *c, const struct listener *l,
		       int64_t heard_us)
{
	const size_t start = w->len;

	wr_bytes(w, l->key, sizeof(l->key));
	put_addr(w, &l->from);
	wr_u8(w, l->at);
	wr_bytes(w, l->terms, sizeof(l->terms));
	wr_be32(w, l->sent);
	wr_be32(w, l->counted);
	wr_be32(w, (uint32_t)(heard_us / NK_S));
	c->checksum = add_to(c->checksum, w->buf + start, w->len - start);
}

/* As the world knows it: it may have another number after the next start. */
static struct addr address_of(const struct broker *b, const struct endpoint *e)
{
	const struct addr *known =
		addr_is_any(&e->local) ? &b->config.listen[e->id / 2] : &e->local;

	return addr_with_port(*known, e->id % 2 != 0 ? b->config.alt_port : b->config.port);
}

static void put_tail(struct wr *w, const struct broker *b, struct ledger_cursor *c)
{
	const struct registry *r = &b->registry;
	const size_t start = w->len;

	for (unsigned i = 0; i < REGISTRY_ENDPOINTS; i++) {
		const struct addr none = {0};
		const struct addr a =
			i < r->endpoint_count ? address_of(b, &r->endpoints[i]) : none;

		put_addr(w, &a);
	}
	wr_be64(w, add_to(c->checksum, w->buf + start, w->len - start));
	c->ended = true;
}

static bool is_free(const struct listener *l)
{
	return l->from.port == 0;
}

static bool has_room(const struct wr *w, size_t n)
{
	return w->cap - w->len >= n;
}

size_t ledger_write(const struct broker *b, struct ledger_cursor *c, uint8_t *out, size_t cap,
		    int64_t unix_us, nk_time now)
{
	static const struct listener nobody;
	const struct registry *r = &b->registry;
	struct wr w = wr_make(out, cap);
	unsigned visits = 0;

	if (c->ended)
		return 0;
	if (!c->begun)
		put_head(&w, b, c);
	while (c->next < r->pool.fresh && visits++ < VISITS_MAX && has_room(&w, LEDGER_RECORD)) {
		const struct listener *l = &r->listeners[c->next++];

		if (!is_free(l))
			put_record(&w, c, l, unix_us + registry_heard_at(l, now));
	}
	if (c->next == r->pool.fresh && has_room(&w, LEDGER_TAIL))
		put_tail(&w, b, c);
	else if (w.len == 0)
		put_record(&w, c, &nobody, 0); /* nobody there, but it goes on */
	c->written += w.len;
	return w.len;
}

bool ledger_is_one(const uint8_t *bytes, size_t len)
{
	static const uint8_t lost[sizeof(magic)];

	return len >= sizeof(magic) &&
	       (memcmp(bytes, magic, sizeof(magic)) == 0 || memcmp(bytes, lost, sizeof(lost)) == 0);
}

static bool is_whole(const uint8_t *bytes, size_t len)
{
	const size_t records = len - LEDGER_HEAD - LEDGER_TAIL;
	const uint8_t *tail = bytes + LEDGER_HEAD + records;
	struct rd end = rd_make(tail + LEDGER_TAIL - 8, 8);
	uint64_t checksum;

	if (records % LEDGER_RECORD != 0 || memcmp(bytes, magic, sizeof(magic)) != 0)
		return false;
	checksum = add_to(0, bytes, LEDGER_HEAD);
	for (size_t at = 0; at < records; at += LEDGER_RECORD)
		checksum = add_to(checksum, bytes + LEDGER_HEAD + at, LEDGER_RECORD);
	return add_to(checksum, tail, LEDGER_TAIL - 8) == rd_be64(&end);
}

/* The endpoint that is known by @a; false: there is none any more. */
static bool find_endpoint(const struct broker *b, const struct addr *a, struct endpoint *out)
{
	const struct broker_config *c = &b->config;

	if (a->port == 0 || (a->port != c->port && a->port != c->alt_port))
		return false;
	for (uint32_t i = 0; i < c->listen_count; i++) {
		const bool any = addr_is_any(&c->listen[i]);

		if (addr_family(&c->listen[i]) != addr_family(a) ||
		    (!any && !addr_same_ip(&c->listen[i], a)))
			continue;
		*out = (struct endpoint){.id = 2 * i + (a->port != c->port)};
		if (any)
			out->local = *a;
		return true;
	}
	return false;
}

/* What one record says. */
struct record {
	uint8_t key[CRYPTO_KEY];
	struct addr from;
	uint8_t at;
	struct keepalive_terms terms;
	uint32_t sent, counted, heard_s;
};

/* False for what says nothing, and for what no broker would have written. */
static bool take_record(struct record *out, const uint8_t *bytes)
{
	struct rd r = rd_make(bytes, LEDGER_RECORD);
	const uint8_t *key = rd_bytes(&r, CRYPTO_KEY), *terms;

	out->from = take_addr(&r);
	out->at = rd_u8(&r);
	terms = rd_bytes(&r, KEEPALIVE_TERMS_LEN);
	out->sent = rd_be32(&r);
	out->counted = rd_be32(&r);
	out->heard_s = rd_be32(&r);
	if (key == NULL || terms == NULL ||
	    keepalive_terms_read(&out->terms, terms, KEEPALIVE_TERMS_LEN) != 0)
		return false;
	memcpy(out->key, key, CRYPTO_KEY);
	return out->from.port != 0 && addr_is_one_host(&out->from);
}

/* Return: whether it is registered now. */
static bool enter(struct broker *b, const struct record *x, const struct addr *endpoint,
		  int64_t now_s, nk_time now)
{
	struct registry *r = &b->registry;
	struct endpoint at;
	struct listener *l;

	if (!find_endpoint(b, endpoint, &at) ||
	    (now_s - x->heard_s) * NK_S > registry_lifetime_by(r, &x->terms))
		return false;
	l = registry_put(r, x->key, &x->from, &at, now);
	if (l == NULL)
		return false;
	registry_agree(r, l, &x->terms, now);
	l->sent = x->sent + LEDGER_SKIP;
	l->counted = x->counted;
	return true;
}

int ledger_read(struct broker *b, const uint8_t *bytes, size_t len, int64_t unix_us, nk_time now)
{
	const int64_t now_s = (unix_us + now) / NK_S;
	struct addr endpoints[REGISTRY_ENDPOINTS];
	const uint8_t *tail;
	struct rd r;
	unsigned taken = 0, left = 0;

	if (len < LEDGER_HEAD + LEDGER_TAIL || !is_whole(bytes, len))
		return NK_ERR_MALFORMED;
	tail = bytes + len - LEDGER_TAIL;
	memcpy(b->registry.token_key, bytes + sizeof(magic), sizeof(b->registry.token_key));
	r = rd_make(tail, LEDGER_TAIL);
	for (unsigned i = 0; i < REGISTRY_ENDPOINTS; i++)
		endpoints[i] = take_addr(&r);
	for (const uint8_t *at = bytes + LEDGER_HEAD; at < tail; at += LEDGER_RECORD) {
		struct record x;

		if (!take_record(&x, at))
			continue;
		if (enter(b, &x, &endpoints[x.at], now_s, now))
			taken++;
		else
			left++;
	}
	b->stats.ledger_taken = taken;
	b->stats.ledger_left = left;
	return (int)taken;
}
