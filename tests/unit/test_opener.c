/* Openers: the TTL that was calibrated, and none where it might reach the peer's NAT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/punch/opener.h"

static unsigned ttl_at(uint8_t calibrated, uint8_t our_hops, uint8_t their_hops, uint8_t net,
		       unsigned attempt)
{
	const struct nat_hint ours = {.opener_ttl = calibrated, .broker_hops = our_hops};
	const struct nat_hint theirs = {.opener_ttl = 9, .broker_hops = their_hops};
	const struct addr here = addr_v4(203, 0, 113, 1, 1), there = addr_v4(203, 0, net, 2, 2);

	return opener_ttl(&ours, &theirs, &here, &there, attempt);
}

static void test_calibrated(void **state)
{
	(void)state;
	assert_int_equal(ttl_at(2, 8, 9, 114, 0), 2);
	assert_int_equal(ttl_at(3, 8, 9, 114, 1), 3);
	assert_int_equal(ttl_at(3, 3, 3, 114, 0), 3);
}

static void test_guessed(void **state)
{
	(void)state;
	assert_int_equal(ttl_at(0, 8, 9, 114, 0), 2);
	assert_int_equal(ttl_at(0, 8, 9, 114, 1), 4);
	assert_int_equal(ttl_at(0, 3, 9, 114, 1), 0);
}

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(ttl_at(2, 8, 9, 113, 0), 0); /* one network */
	assert_int_equal(ttl_at(2, 1, 9, 114, 0), 0); /* too short, from either side */
	assert_int_equal(ttl_at(2, 9, 1, 114, 0), 0);
	assert_int_equal(ttl_at(2, 0, 9, 114, 0), 0); /* not known */
	assert_int_equal(ttl_at(2, 9, 0, 114, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calibrated),
		cmocka_unit_test(test_guessed),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
