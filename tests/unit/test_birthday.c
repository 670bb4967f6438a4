/* Birthday: what is aimed where and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/punch/birthday.h"

static struct birthday begin(bool opens, struct rng *rng)
{
	const struct addr to = addr_v4(203, 0, 113, 7, 4000);
	struct birthday b;

	rng_seed_from_number(rng, 3);
	birthday_start(&b, opens, &to, opens ? 2 : 0, rng, 5 * NK_S);
	return b;
}

/* The next aim at its time; false when it is over. */
static bool next(struct birthday *b, struct aim *aim, nk_time *now)
{
	const nk_time at = birthday_deadline(b);

	if (at == NK_NEVER)
		return false;
	assert_true(at >= *now);
	assert_false(birthday_next(b, aim, at - 1));
	assert_true(birthday_next(b, aim, at));
	*now = at;
	return true;
}

static void no_port_is_probed_twice(void **state)
{
	static bool seen[65536];
	struct rng rng;
	struct birthday b = begin(false, &rng);
	nk_time now = 0;
	struct aim aim;
	unsigned n = 0;

	(void)state;
	for (; next(&b, &aim, &now); n++) {
		assert_int_equal(aim.socket, 0);
		assert_int_equal(aim.tactic, TACTIC_BIRTHDAY);
		assert_true(addr_same_ip(&aim.to, &b.to));
		assert_true(aim.to.port >= BIRTHDAY_LOWEST);
		assert_false(seen[aim.to.port]);
		seen[aim.to.port] = true;
		assert_true(now >= 5 * NK_S + n * NK_S / 100);
	}
	assert_int_equal(n, BIRTHDAY_PROBES);
}

static void each_socket_opens_twice(void **state)
{
	unsigned from[2 + BIRTHDAY_SOCKETS] = {0};
	struct rng rng;
	struct birthday b = begin(true, &rng);
	nk_time now = 0;
	struct aim aim;
	unsigned n = 0;

	(void)state;
	for (; next(&b, &aim, &now); n++) {
		assert_true(aim.socket >= 2 && aim.socket < 2 + BIRTHDAY_SOCKETS);
		assert_true(addr_eq(&aim.to, &b.to));
		from[aim.socket]++;
		assert_true(now >= 5 * NK_S + n * NK_S / 100);
		/* The second time when the prober is done. */
		if (n >= BIRTHDAY_SOCKETS)
			assert_true(now >= 5 * NK_S + BIRTHDAY_PROBES * BIRTHDAY_GAP);
	}
	for (unsigned i = 0; i < BIRTHDAY_SOCKETS; i++)
		assert_int_equal(from[2 + i], 2);
	assert_true(now < 5 * NK_S + BIRTHDAY_SPAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_port_is_probed_twice),
		cmocka_unit_test(each_socket_opens_twice),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
