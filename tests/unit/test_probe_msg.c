/* The attributes of the probe service: what is written reads back, and limits hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/core.h"
#include "wire/probe_msg.h"

static const uint8_t tid[STUN_TID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static struct wr begin(uint8_t *buf, size_t cap, enum probe_method method, enum stun_class cls)
{
	struct wr w = wr_make(buf, cap);

	stun_begin(&w, (uint16_t)method, cls, tid);
	return w;
}

/* Ends @w and takes it apart again. */
static int read_back(struct probe_msg *p, struct wr *w)
{
	struct stun_msg m;

	assert_int_equal(stun_read(&m, w->buf, stun_end(w)), 0);
	return probe_read(p, &m);
}

static void test_round_trip(void **state)
{
	uint8_t buf[256];
	struct wr w = begin(buf, sizeof(buf), PROBE_ASK, STUN_REQUEST);
	struct probe_msg p;

	(void)state;
	probe_put_cookie(&w, 0x0102030405060708);
	probe_put_token(&w, UINT64_MAX);
	probe_put_trial(&w, 0xdeadbeef);
	probe_put_copies(&w, PROBE_COPIES_MAX, 65535, 4000000);
	probe_put_time(&w, 0xfedcba9876543210);
	probe_put_limits(&w, 600, 300, 0x80000001);
	probe_put_round(&w, 255);
	probe_put_hold(&w, &(struct probe_hold){255, 65535, 30000});
	probe_put_visit(&w, &(struct probe_visit){6, PROBE_REACH_NO_WAY, 65535});
	assert_int_equal(read_back(&p, &w), 0);
	assert_true(p.has_cookie && p.has_token && p.has_trial && p.has_copies && p.has_time &&
		    p.has_limits && p.has_round && p.has_hold && p.has_visit);
	assert_true(p.cookie == 0x0102030405060708);
	assert_true(p.token == UINT64_MAX);
	assert_int_equal(p.trial, 0xdeadbeef);
	assert_int_equal(p.copies, PROBE_COPIES_MAX);
	assert_int_equal(p.spacing_ms, 65535);
	assert_int_equal(p.delay_ms, 4000000);
	assert_true(p.time_us == 0xfedcba9876543210);
	assert_int_equal(p.max_trials, 600);
	assert_int_equal(p.max_copies_per_s, 300);
	assert_int_equal(p.max_keep_s, 0x80000001);
	assert_int_equal(p.round, 255);
	assert_int_equal(p.hold.ttl, 255);
	assert_int_equal(p.hold.interval_ms, 65535);
	assert_int_equal(p.hold.lease_ms, 30000);
	assert_int_equal(p.visit.protocol, 6);
	assert_int_equal(p.visit.reach, PROBE_REACH_NO_WAY);
	assert_int_equal(p.visit.port, 65535);
	assert_int_equal(p.trial_count, 0);
	assert_int_equal(p.state_count, 0);
}

static void test_absent(void **state)
{
	static const struct probe_msg nothing;
	uint8_t buf[STUN_HEADER];
	struct wr w = begin(buf, sizeof(buf), PROBE_SESSION, STUN_REQUEST);
	struct probe_msg p;

	(void)state;
	memset(&p, 0, sizeof(p));
	assert_int_equal(read_back(&p, &w), 0);
	assert_memory_equal(&p, &nothing, sizeof(p));
}

/* The bytes themselves, as natkit-protocol(7) gives them. */
static void test_bytes(void **state)
{
	static const uint8_t ask[] = {
		0x02, 0xc3, 0x00, 0x24, 0x21, 0x12, 0xa4, 0x42, 1,    2,    3, 4, 5, 6,
		7,    8,    9,    10,   11,   12,   0xeb, 0x01, 0x00, 0x08, 1, 2, 3, 4,
		5,    6,    7,    8,    0xeb, 0x03, 0x00, 0x08, 0,    0,    0, 7, 0, 0,
		1,    0,    0xeb, 0x05, 0x00, 0x08, 3,    0,    0,    100,  0, 1, 0, 0,
	};
	static const uint8_t copy[] = {
		0x02, 0xd4, 0x00, 0x1c, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5,    6,    7,    8,
		9,    10,   11,   12,   0xeb, 0x02, 0x00, 0x04, 0, 0, 0, 9, 0xeb, 0x08, 0x00, 0x04,
		2,    0,    0,    0,    0xeb, 0x06, 0x00, 0x08, 0, 0, 0, 0, 0,    0,    1,    2,
	};
	static const uint8_t states[] = {
		0xeb, 0x04, 0x00, 0x10, 0, 0, 0, 5, 0, 3, 0x21, 0x13, 0, 0, 0, 0, 0, 0, 0, 77,
	};
	static const uint8_t hold[] = {
		0xeb, 0x0a, 0x00, 0x08, 7,    0,    0x01, 0xf4, 0,    0,
		0x75, 0x30, 0xeb, 0x0b, 0x00, 0x04, 17,   0,    0x1f, 0x90,
	};
	const struct probe_trial_state s = {5, PROBE_SEEN | PROBE_OTHER_ADDRESS, 1, 77};
	const uint32_t trials[] = {7, 256};
	uint8_t buf[128];
	struct wr w = begin(buf, sizeof(buf), PROBE_ASK, STUN_REQUEST);

	(void)state;
	probe_put_token(&w, 0x0102030405060708);
	probe_put_trials(&w, trials, 2);
	probe_put_copies(&w, 3, 100, 65536);
	assert_int_equal(stun_end(&w), sizeof(ask));
	assert_memory_equal(buf, ask, sizeof(ask));

	w = begin(buf, sizeof(buf), PROBE_COPY, STUN_INDICATION);
	probe_put_trial(&w, 9);
	probe_put_round(&w, 2);
	probe_put_time(&w, 258);
	assert_int_equal(stun_end(&w), sizeof(copy));
	assert_memory_equal(buf, copy, sizeof(copy));

	w = begin(buf, sizeof(buf), PROBE_STATUS, STUN_SUCCESS);
	probe_put_states(&w, &s, 1);
	assert_int_equal(stun_end(&w), STUN_HEADER + sizeof(states));
	assert_memory_equal(buf + STUN_HEADER, states, sizeof(states));

	w = begin(buf, sizeof(buf), PROBE_HOLD, STUN_REQUEST);
	probe_put_hold(&w, &(struct probe_hold){7, PROBE_INTERVAL_MIN_MS, PROBE_LEASE_MAX_MS});
	probe_put_visit(&w, &(struct probe_visit){17, PROBE_REACH_ASKED, 8080});
	assert_int_equal(stun_end(&w), STUN_HEADER + sizeof(hold));
	assert_memory_equal(buf + STUN_HEADER, hold, sizeof(hold));
}

static void test_lengths(void **state)
{
	uint8_t buf[128];
	struct wr w = begin(buf, sizeof(buf), PROBE_COPY, STUN_INDICATION);

	(void)state;
	probe_put_trial(&w, 1);
	probe_put_round(&w, 1);
	probe_put_time(&w, 1);
	assert_int_equal(stun_end(&w), PROBE_COPY_LEN);

	w = begin(buf, sizeof(buf), PROBE_TRIAL, STUN_SUCCESS);
	probe_put_trial(&w, 1);
	probe_put_time(&w, 1);
	assert_int_equal(stun_end(&w), PROBE_TRIAL_REPLY_LEN);

	w = begin(buf, sizeof(buf), PROBE_TICK, STUN_INDICATION);
	probe_put_trial(&w, 1);
	assert_int_equal(stun_end(&w), PROBE_TICK_LEN);
}

static void test_full_lists(void **state)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = begin(buf, sizeof(buf), PROBE_STATUS, STUN_SUCCESS);
	struct probe_trial_state states[PROBE_TRIALS_MAX];
	uint32_t trials[PROBE_TRIALS_MAX];
	struct probe_msg p;

	(void)state;
	for (unsigned i = 0; i < PROBE_TRIALS_MAX; i++) {
		trials[i] = 0x01010101 * (i + 1);
		states[i] = (struct probe_trial_state){
			.trial = i,
			.flags = (uint16_t)(i * 0x801),
			.port = (uint16_t)(65535 - i),
			.last_us = UINT64_MAX - i,
		};
	}
	probe_put_trials(&w, trials, PROBE_TRIALS_MAX);
	probe_put_states(&w, states, PROBE_TRIALS_MAX);
	assert_int_equal(read_back(&p, &w), 0);
	assert_int_equal(p.trial_count, PROBE_TRIALS_MAX);
	assert_int_equal(p.state_count, PROBE_TRIALS_MAX);
	assert_memory_equal(p.trials, trials, sizeof(trials));
	assert_memory_equal(p.states, states, sizeof(states));

	w = begin(buf, sizeof(buf), PROBE_STATUS, STUN_SUCCESS);
	probe_put_trials(&w, NULL, 0);
	probe_put_states(&w, NULL, 0);
	assert_int_equal(read_back(&p, &w), 0);
	assert_int_equal(p.trial_count, 0);
	assert_int_equal(p.state_count, 0);

	w = begin(buf, sizeof(buf), PROBE_STATUS, STUN_SUCCESS);
	probe_put_trials(&w, trials, PROBE_TRIALS_MAX + 1);
	assert_int_equal(stun_end(&w), 0);
	w = begin(buf, sizeof(buf), PROBE_STATUS, STUN_SUCCESS);
	probe_put_states(&w, states, PROBE_TRIALS_MAX + 1);
	assert_int_equal(stun_end(&w), 0);
}

/* Every length of every attribute: only the right ones are taken. */
static void test_wrong_lengths(void **state)
{
	static const struct {
		uint16_t type;
		size_t len, entry;
	} attrs[] = {
		{PROBE_ATTR_COOKIE, 8, 0}, {PROBE_ATTR_TOKEN, 8, 0},
		{PROBE_ATTR_TRIAL, 4, 0},  {PROBE_ATTR_TRIALS, 0, 4},
		{PROBE_ATTR_COPIES, 8, 0}, {PROBE_ATTR_TRIAL_STATES, 0, 16},
		{PROBE_ATTR_TIME, 8, 0},   {PROBE_ATTR_LIMITS, 8, 0},
		{PROBE_ATTR_ROUND, 4, 0},  {PROBE_ATTR_ABILITIES, 4, 0},
		{PROBE_ATTR_HOLD, 8, 0},   {PROBE_ATTR_REACH, 4, 0},
	};
	static const uint8_t value[600];

	(void)state;
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		for (size_t len = 0; len <= sizeof(value); len++) {
			const size_t entry = attrs[i].entry;
			const bool good =
				entry == 0 ? len == attrs[i].len
					   : len % entry == 0 && len / entry <= PROBE_TRIALS_MAX;
			uint8_t buf[700];
			struct wr w = begin(buf, sizeof(buf), PROBE_TRIAL, STUN_REQUEST);
			struct probe_msg p = {.trial = 42}, before = p;

			stun_put_bytes(&w, attrs[i].type, value, len);
			assert_int_equal(read_back(&p, &w), good ? 0 : NK_ERR_MALFORMED);
			if (!good)
				assert_memory_equal(&p, &before, sizeof(p));
		}
	}
}

static void test_first_counts(void **state)
{
	uint8_t buf[256];
	struct wr w = begin(buf, sizeof(buf), PROBE_TRIAL, STUN_REQUEST);
	struct probe_msg p;

	(void)state;
	probe_put_trial(&w, 1);
	probe_put_trial(&w, 2);
	stun_put_bytes(&w, PROBE_ATTR_TRIAL, "malformed", 9);
	stun_put_integrity(&w, "key", 3);
	probe_put_token(&w, 3);
	assert_int_equal(read_back(&p, &w), 0);
	assert_int_equal(p.trial, 1);
	assert_false(p.has_token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_absent),
		cmocka_unit_test(test_bytes),        cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_full_lists),   cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_first_counts),
	};

	return cmocka_run_group_tests_name("probe_msg", tests, NULL, NULL);
}
