/* Packets into fragments and together again, in whatever order they come, or do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "sim/fragments.h"
#include "sim/packet_ip.h"
#include "wire/ip.h"

#define PIECES_MAX 64

static const struct addr a4 = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, .port = 1000};
static const struct addr a6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 1000};

/* Pieces as they leave, each in a block of its own. */
struct pieces {
	uint8_t *bytes[PIECES_MAX];
	size_t len[PIECES_MAX];
	unsigned count;
};

static void collect(void *user, const uint8_t *ip, size_t len)
{
	struct pieces *x = user;

	assert_true(x->count < PIECES_MAX);
	x->bytes[x->count] = malloc(len);
	assert_non_null(x->bytes[x->count]);
	memcpy(x->bytes[x->count], ip, len);
	x->len[x->count++] = len;
}

static void throw_away(struct pieces *x)
{
	while (x->count > 0)
		free(x->bytes[--x->count]);
}

/* A datagram of @len bytes of payload; @salt makes it another one. */
static size_t datagram(uint8_t *out, size_t room, const struct addr *a, size_t len, uint8_t salt)
{
	static uint8_t payload[65536];
	struct packet p = {
		.kind = PACKET_UDP,
		.from = *a,
		.to = addr_with_port(*a, 2000),
		.ttl = 64,
		.size = addr_overhead(a) + len,
		.data = payload,
		.len = len,
	};

	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)(i * 31 + i / 251 + salt);
	len = packet_write(&p, out, room);
	assert_true(len > 0);
	return len;
}

struct rig {
	struct fragments *f;
	uint8_t room[FRAGMENTS_WHOLE_MAX];
	struct packet whole;
};

static void rig_open(struct rig *r)
{
	r->f = fragments_new();
	assert_non_null(r->f);
	r->whole = (struct packet){.data = r->room, .room = sizeof(r->room)};
}

static bool add(struct rig *r, const struct pieces *x, unsigned i, nk_time now)
{
	return fragments_add(r->f, x->bytes[i], x->len[i], now, &r->whole);
}

static void shuffle(unsigned *order, unsigned n, struct rng *rng)
{
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n; i > 1; i--) {
		const unsigned j = rng_below(rng, i), t = order[j];

		order[j] = order[i - 1];
		order[i - 1] = t;
	}
}

/* All sizes and orders: the whole is byte for byte what was split. */
static void test_there_and_back(void **state)
{
	static struct rig r;
	static uint8_t bytes[FRAGMENTS_WHOLE_MAX];
	struct rng rng;

	(void)state;
	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&rng, 1);
	rig_open(&r);
	for (unsigned run = 0; run < 600; run++) {
		const struct addr *a = run % 2 == 0 ? &a4 : &a6;
		const size_t len = datagram(bytes, sizeof(bytes), a, 1 + rng_below(&rng, 8000), 0);
		const uint32_t mtu = 576 + rng_below(&rng, 1000);
		struct pieces x = {.count = 0};
		unsigned order[PIECES_MAX];

		fragments_split(bytes, len, mtu, run + 1, collect, &x);
		shuffle(order, x.count, &rng);
		for (unsigned i = 0; i < x.count; i++) {
			assert_true(x.len[i] <= mtu);
			assert_int_equal(fragments_are(x.bytes[i], x.len[i]), x.count > 1);
			if (x.count > 1)
				assert_int_equal(add(&r, &x, order[i], 0), i == x.count - 1);
		}
		if (x.count > 1) {
			assert_int_equal(r.whole.len, len);
			assert_int_equal(r.whole.fragments, x.count);
			assert_int_equal(r.whole.disordered, order[0] != 0);
			assert_int_equal(packet_read(&r.whole), 0);
			if (a == &a4) /* the whole keeps the number that its fragments had */
				memcpy(bytes + 4, r.room + 4, 2),
					memcpy(bytes + 10, r.room + 10, 2);
			assert_memory_equal(r.room, bytes, len);
		} else {
			assert_memory_equal(x.bytes[0], bytes, len);
		}
		throw_away(&x);
	}
	fragments_free(r.f);
}

static void test_largest(void **state)
{
	static struct rig r;
	static uint8_t bytes[FRAGMENTS_WHOLE_MAX];
	struct pieces x = {.count = 0};
	const size_t len = datagram(bytes, sizeof(bytes), &a6, 65507, 0);

	(void)state;
	rig_open(&r);
	fragments_split(bytes, len, 1500, 1, collect, &x);
	for (unsigned i = 0; i < x.count; i++)
		assert_int_equal(add(&r, &x, i, 0), i == x.count - 1);
	assert_int_equal(r.whole.len, len);
	assert_memory_equal(r.room, bytes, len);
	throw_away(&x);
	fragments_free(r.f);
}

/* RFC 5722: what overlaps drops the whole; what is repeated does no harm. */
static void test_overlap(void **state)
{
	static struct rig r;
	static uint8_t bytes[4096];
	const struct addr *families[] = {&a4, &a6};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct pieces x = {.count = 0}, y = {.count = 0};
		size_t len = datagram(bytes, sizeof(bytes), families[i], 3000, 0);

		rig_open(&r);
		fragments_split(bytes, len, 1500, 7, collect, &x);
		assert_int_equal(x.count, 3);
		assert_false(add(&r, &x, 0, 0));
		assert_false(add(&r, &x, 0, 0));
		assert_false(add(&r, &x, 2, 0));
		assert_true(add(&r, &x, 1, 0));

		len = datagram(bytes, sizeof(bytes), families[i], 3000, 1);
		fragments_split(bytes, len, 1500, 7, collect, &y);
		assert_false(add(&r, &x, 0, 0));
		assert_false(add(&r, &y, 0, 0)); /* the same place, another content */
		assert_false(add(&r, &x, 1, 0));
		assert_false(add(&r, &x, 2, 0));
		throw_away(&y);

		/* Cut elsewhere, so that pieces overlap in part. */
		fragments_free(r.f);
		rig_open(&r);
		fragments_split(bytes, len, 1000, 7, collect, &y);
		assert_false(add(&r, &y, 0, 0));
		assert_false(add(&r, &x, 1, 0));
		assert_false(add(&r, &y, 1, 0));
		assert_false(add(&r, &y, 2, 0));
		assert_false(add(&r, &y, 3, 0));
		throw_away(&x);
		throw_away(&y);
		fragments_free(r.f);
	}
}

/* The last fragment says where the whole ends. What came from beyond makes not up for what is
 * missing before it, though the bytes are as many. */
static void test_beyond_the_end(void **state)
{
	static struct rig r;
	static uint8_t bytes[8192];
	const struct addr *families[] = {&a4, &a6};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct pieces x = {.count = 0}, y = {.count = 0};
		size_t len = datagram(bytes, sizeof(bytes), families[i], 6000, 0);

		rig_open(&r);
		fragments_split(bytes, len, 1500, 7, collect, &x);
		len = datagram(bytes, sizeof(bytes), families[i], 3000, 0);
		fragments_split(bytes, len, 1500, 7, collect, &y);
		assert_false(add(&r, &x, 0, 0));
		assert_false(add(&r, &x, 3, 0));
		assert_int_equal(y.count, 3);
		assert_false(add(&r, &y, 2, 0)); /* x[1] is missing */
		throw_away(&x);
		throw_away(&y);
		fragments_free(r.f);
	}
}

static void test_time(void **state)
{
	static struct rig r;
	static uint8_t bytes[4096];
	struct pieces x = {.count = 0};

	(void)state;
	fragments_split(bytes, datagram(bytes, sizeof(bytes), &a4, 2000, 0), 1500, 7, collect, &x);
	rig_open(&r);
	assert_false(add(&r, &x, 0, 0));
	assert_true(add(&r, &x, 1, 29 * NK_S));
	assert_false(add(&r, &x, 0, 30 * NK_S));
	assert_false(add(&r, &x, 1, 61 * NK_S));
	throw_away(&x);
	fragments_free(r.f);
}

/* However many packets are begun, those begun last are completed, and memory does not grow. */
static void test_bounded(void **state)
{
	static struct rig r;
	static uint8_t bytes[4096];
	struct pieces x = {.count = 0};
	unsigned completed = 0;

	(void)state;
	rig_open(&r);
	for (uint32_t id = 1; id <= 1000; id++) {
		fragments_split(bytes, datagram(bytes, sizeof(bytes), &a6, 2000, 0), 1500, id,
				collect, &x);
		assert_false(add(&r, &x, 0, id));
		throw_away(&x);
	}
	for (uint32_t id = 1; id <= 1000; id++) {
		fragments_split(bytes, datagram(bytes, sizeof(bytes), &a6, 2000, 0), 1500, id,
				collect, &x);
		if (id > 1000 - 32)
			completed += add(&r, &x, 1, 1000);
		throw_away(&x);
	}
	assert_int_equal(completed, 32);
	fragments_free(r.f);
}

/* Fragments of which a length is wrong: nothing comes of them. */
static void test_broken(void **state)
{
	static struct rig r;
	static uint8_t bytes[4096];
	struct pieces x = {.count = 0};

	(void)state;
	fragments_split(bytes, datagram(bytes, sizeof(bytes), &a6, 2000, 0), 1500, 7, collect, &x);
	rig_open(&r);
	for (size_t len = 0; len < x.len[0]; len++)
		assert_false(fragments_add(r.f, x.bytes[0], len, 0, &r.whole));
	x.bytes[0][5]--; /* not a multiple of 8, with more to come */
	assert_false(fragments_add(r.f, x.bytes[0], x.len[0] - 1, 0, &r.whole));
	x.bytes[0][5]++;
	x.bytes[1][42] |= 0xff; /* ends beyond 65535 */
	assert_false(add(&r, &x, 1, 0));
	assert_false(add(&r, &x, 0, 0));
	throw_away(&x);
	fragments_free(r.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_largest),
		cmocka_unit_test(test_overlap),        cmocka_unit_test(test_time),
		cmocka_unit_test(test_bounded),        cmocka_unit_test(test_broken),
		cmocka_unit_test(test_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
