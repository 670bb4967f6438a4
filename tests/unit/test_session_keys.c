/* Packets sealed and opened: rekeying on both sides, late packets, and none that is forged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/session/keys.h"
#include "hex.h"

struct packet {
	uint8_t bytes[64];
	size_t len;
};

static struct keys caller, callee;

static int begin(void **state)
{
	struct noise_keys call;

	(void)state;
	memset(&call, 0x42, sizeof(call));
	call.callee_to_caller[0] = 0;
	keys_start(&caller, &call, true, 100, 0x01020304, 0);
	keys_start(&callee, &call, false, 0x01020304, 100, 0);
	return crypto_init();
}

static struct packet seal(struct keys *k, nk_time now)
{
	struct packet p = {.bytes = {[PACKET_HEADER] = FRAME_DATAGRAM, 'h', 'i'}};

	p.len = keys_seal(k, p.bytes, 3, now);
	return p;
}

static bool open_it(struct keys *k, const struct packet *p)
{
	struct packet_header h;
	uint8_t frames[64];
	bool newest;

	if (!packet_read_header(&h, p->bytes, p->len) ||
	    !keys_open(k, &h, p->bytes, p->len, frames, &newest))
		return false;
	hex_check(frames, "056869");
	return true;
}

static void send(struct keys *from, struct keys *to, nk_time now)
{
	const struct packet p = seal(from, now);

	assert_true(open_it(to, &p));
}

/* Both directions, so that each sees how far the other has followed. */
static void exchange(nk_time now)
{
	send(&caller, &callee, now);
	send(&callee, &caller, now);
}

/* Computed by another implementation of ChaCha20-Poly1305 from Noise's definition of Rekey(). */
static void test_rekey_vectors(void **state)
{
	struct packet p;

	(void)state;
	p = seal(&caller, 0);
	hex_check(p.bytes, "f00102030400000000000000005c0e8d50b6d52535940c4cc391f8fb0fe5fa68");
	p = seal(&caller, KEYS_EPOCH_TIME);
	hex_check(p.bytes, "f1010203040000000000000001ec975771d1a70f0d0b26204a5a3e47ca44992f");
	caller.in.heard = true;
	p = seal(&caller, 2 * KEYS_EPOCH_TIME);
	hex_check(p.bytes, "f0010203040000000000000002e6fbdc2b4e3e861598c112df782b04cda608fb");
}

static void test_rekey_by_time(void **state)
{
	(void)state;
	exchange(KEYS_EPOCH_TIME - 1);
	assert_int_equal(caller.rekeys, 0);
	for (unsigned i = 1; i <= 10; i++) {
		exchange(i * KEYS_EPOCH_TIME);
		assert_int_equal(caller.rekeys, i);
		assert_int_equal(callee.rekeys, i);
	}
}

static void test_rekey_by_packets(void **state)
{
	(void)state;
	exchange(0);
	for (unsigned i = 1; i < KEYS_EPOCH_PACKETS; i++)
		send(&caller, &callee, 0);
	assert_int_equal(caller.rekeys, 0);
	send(&caller, &callee, 0);
	assert_int_equal(caller.rekeys, 1);
	assert_int_equal(callee.rekeys, 0);
}

/* Nobody goes on two steps ahead of who has not followed: then nothing could be read any more. */
static void test_not_too_far_ahead(void **state)
{
	struct packet p;

	(void)state;
	exchange(0);
	for (unsigned i = 1; i < 20; i++)
		p = seal(&caller, i * KEYS_EPOCH_TIME);
	assert_int_equal(caller.rekeys, 1);
	assert_true(open_it(&callee, &p));
	send(&callee, &caller, 20 * KEYS_EPOCH_TIME);
	send(&caller, &callee, 20 * KEYS_EPOCH_TIME);
	assert_int_equal(caller.rekeys, 2);
}

/* A packet of the epoch before that comes late is read, one of two before is not. */
static void test_late_packets(void **state)
{
	struct packet late[3];

	(void)state;
	late[0] = seal(&caller, 0);
	exchange(0);
	late[1] = seal(&caller, 0);
	late[2] = seal(&caller, 0);
	exchange(KEYS_EPOCH_TIME);
	assert_true(open_it(&callee, &late[0]));
	assert_true(open_it(&callee, &late[1]));
	exchange(2 * KEYS_EPOCH_TIME);
	assert_false(open_it(&callee, &late[2]));
}

static void test_each_once(void **state)
{
	struct packet p[2];

	(void)state;
	p[0] = seal(&caller, 0);
	p[1] = seal(&caller, KEYS_EPOCH_TIME);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(open_it(&callee, &p[i]));
		assert_false(open_it(&callee, &p[i]));
	}
	assert_false(open_it(&callee, &p[0]));
}

static void test_newest(void **state)
{
	const struct packet old = seal(&caller, 0), new = seal(&caller, 0);
	struct packet_header h;
	uint8_t frames[64];
	bool newest = false;

	(void)state;
	assert_true(packet_read_header(&h, new.bytes, new.len));
	assert_true(keys_open(&callee, &h, new.bytes, new.len, frames, &newest));
	assert_true(newest);
	assert_true(packet_read_header(&h, old.bytes, old.len));
	assert_true(keys_open(&callee, &h, old.bytes, old.len, frames, &newest));
	assert_false(newest);
}

/* Every bit counts, those in clear too; and a forgery changes nothing. */
static void test_forged(void **state)
{
	struct packet p;

	(void)state;
	exchange(0);
	p = seal(&caller, 0);
	for (size_t bit = 0; bit < 8 * p.len; bit++) {
		const struct keys before = callee;

		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(open_it(&callee, &p));
		assert_memory_equal(&callee, &before, sizeof(before));
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(open_it(&callee, &p));
}

/* Before the first rekeying there is no last key: zeros are none, for anybody has those. */
static void test_no_last_key(void **state)
{
	const struct noise_keys zeros = {.export = {0}};
	struct keys anybody;
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		send(&caller, &callee, 0);
	keys_start(&anybody, &zeros, true, 100, 0x01020304, 0);
	anybody.out.counter = 5;
	anybody.out.epoch = true;
	p = seal(&anybody, 0);
	callee.in.replay = (struct replay){.next = 10};
	assert_false(open_it(&callee, &p));
}

/* What one side sent is nothing to itself. */
static void test_reflected(void **state)
{
	const struct packet p = seal(&caller, 0);

	(void)state;
	assert_false(open_it(&caller, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rekey_vectors, begin),
		cmocka_unit_test_setup(test_rekey_by_time, begin),
		cmocka_unit_test_setup(test_rekey_by_packets, begin),
		cmocka_unit_test_setup(test_not_too_far_ahead, begin),
		cmocka_unit_test_setup(test_late_packets, begin),
		cmocka_unit_test_setup(test_each_once, begin),
		cmocka_unit_test_setup(test_newest, begin),
		cmocka_unit_test_setup(test_forged, begin),
		cmocka_unit_test_setup(test_no_last_key, begin),
		cmocka_unit_test_setup(test_reflected, begin),
	};

	return cmocka_run_group_tests_name("session_keys", tests, NULL, NULL);
}
