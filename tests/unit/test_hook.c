/* The user's command: one that does not end is not waited for without an end, and signals to us are not its. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/hook.h"
#include "face/environment.h"
#include "io/wakes.h"

static struct hook start(const char *command)
{
	struct hook h = {.command = command, .wake = wakes_open(), .patience_ms = 100};
	struct environment env;

	assert_int_equal(environment_begin(&env, HOOK_PREFIX), 0);
	hook_run(&h, &env, "a test");
	environment_free(&env);
	assert_true(h.pid > 0);
	return h;
}

static void end(struct hook *h)
{
	assert_true(hook_reap(h, true));
	assert_int_equal(h->pid, 0);
	close(h->wake);
}

static void one_that_ends_is_waited_for(void **state)
{
	struct hook h = start("exit 3");

	(void)state;
	end(&h);
	assert_true(hook_reap(&h, false));
}

static void one_that_does_not_is_ended_in_the_end(void **state)
{
	const time_t before = time(NULL);
	struct hook h = start("trap '' INT TERM; while :; do sleep 60; done");
	const pid_t group = h.pid;

	(void)state;
	assert_false(hook_reap(&h, false));
	assert_int_equal(getpgid(group),
			 group); /* a key pressed at our terminal is none of its business */
	end(&h);
	assert_true(time(NULL) - before < 30);
	for (unsigned i = 0; kill(-group, 0) == 0; i++) { /* nothing of it is left */
		assert_true(i < 3000);
		usleep(10000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_ends_is_waited_for),
		cmocka_unit_test(one_that_does_not_is_ended_in_the_end),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
