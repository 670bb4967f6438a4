/* The socket of a listener's next call, where there is none to be had. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/call/natpunch_state.h"

#define LEFT_ALONE (600 * NK_S)

static struct natpunch run;

static bool asks(struct action *action, nk_time now)
{
	return natpunch_spare_output(&run, action, now) && action->kind == ACTION_OPEN;
}

/* Without a socket there is none for ten minutes, and not one try after the other. */
static void test_no_socket(void **state)
{
	const struct punch_options options = {
		.mode = PUNCH_LISTEN,
		.call = {.tactics = TACTIC_BIT(TACTIC_MAPPED),
			 .doors = {.gateway = addr_v4(192, 168, 1, 1, 0),
				   .local = addr_v4(192, 168, 1, 2, 0),
				   .protocols = PORTMAP_ALL}},
	};
	struct event failed = {.kind = EVENT_OPEN_FAILED, .error = EMFILE};
	struct action action;

	(void)state;
	run.options = &options;
	run.registered = REGISTRATION_HELD;
	doors_init(&run.doors, &options.call.doors, ID_DOORS, NATPUNCH_UPNP, &run.rng);
	assert_true(asks(&action, NK_S));
	failed.id = action.id;
	assert_true(natpunch_spare_input(&run, &failed, NK_S));
	assert_false(asks(&action, NK_S));
	assert_false(asks(&action, LEFT_ALONE));
	assert_true(asks(&action, NK_S + LEFT_ALONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_socket),
	};

	return cmocka_run_group_tests_name("natpunch_spare", tests, NULL, NULL);
}
