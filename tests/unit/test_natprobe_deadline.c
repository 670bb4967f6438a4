/* The deadline of a natprobe run is kept between turns: neither input nor output may leave an old one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/probe/natprobe.h"

static struct action action;

static struct natprobe *begin(nk_time now)
{
	static const uint8_t seed[32] = {1};
	struct probe_options o = {
		.server_count = 1,
		.max = 60 * NK_S,
		.resolution = 0.02,
		.pace = 20 * NK_MS,
		.mappings = 100,
	};
	struct natprobe *p;

	assert_int_equal(addr_parse(&o.servers[0], "192.0.2.1", 3478), 0);
	p = natprobe_new(&o, seed);
	assert_non_null(p);
	natprobe_start(p, now);
	assert_true(natprobe_output(p, &action, now));
	assert_int_equal(action.kind, ACTION_OPEN);
	assert_false(natprobe_output(p, &action, now));
	return p;
}

static void test_after_input(void **state)
{
	struct natprobe *p = begin(NK_S);
	const struct event opened = {.kind = EVENT_OPENED, .id = action.id};

	(void)state;
	assert_true(natprobe_deadline(p) > NK_S);
	natprobe_input(p, &opened, NK_S);
	assert_true(natprobe_deadline(p) <= NK_S);
	natprobe_free(p);
}

static void test_after_output(void **state)
{
	struct natprobe *p = begin(NK_S);
	const struct event opened = {.kind = EVENT_OPENED, .id = action.id};
	nk_time again;

	(void)state;
	natprobe_input(p, &opened, NK_S);
	assert_true(natprobe_output(p, &action, NK_S));
	assert_false(natprobe_output(p, &action, NK_S));
	again = natprobe_deadline(p);
	assert_true(again > NK_S);
	assert_true(natprobe_output(p, &action, again));
	assert_int_equal(action.kind, ACTION_SEND);
	assert_true(natprobe_deadline(p) > again);
	natprobe_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_input),
		cmocka_unit_test(test_after_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
