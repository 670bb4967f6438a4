/* A port that the gateway opens, among the other candidates: as many as an offer may have, and no
 * more public IPs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/punch/candidate.h"

static struct addr host(uint8_t last)
{
	return addr_v4(10, 0, 0, last, 1000);
}

static struct addr seen(uint16_t port)
{
	return addr_v4(203, 0, 113, 7, port);
}

static struct candidates some(unsigned hosts)
{
	const struct addr reflexive = seen(5000);
	struct candidates c = {.count = 0};

	for (unsigned i = 0; i < hosts; i++) {
		const struct addr a = host((uint8_t)(1 + i));

		candidates_add(&c, CANDIDATE_HOST, &a);
	}
	candidates_add(&c, CANDIDATE_SERVER_REFLEXIVE, &reflexive);
	return c;
}

static void assert_is(const struct candidates *c, unsigned i, enum candidate_kind kind,
		      struct addr a)
{
	assert_int_equal(c->list[i].kind, kind);
	assert_true(addr_eq(&c->list[i].addr, &a));
}

static void test_goes_before_the_reflexive_one(void **state)
{
	const struct addr mapped = seen(7000);
	struct candidates c = some(2);

	(void)state;
	assert_false(candidates_have_mapped(&c));
	candidates_add_mapped(&c, &mapped);
	assert_true(candidates_have_mapped(&c));
	assert_int_equal(c.count, 4);
	assert_is(&c, 1, CANDIDATE_HOST, host(2));
	assert_is(&c, 2, CANDIDATE_MAPPED, mapped);
	assert_is(&c, 3, CANDIDATE_SERVER_REFLEXIVE, seen(5000));
}

/* Others count the server-reflexive ones, and look for them by kind. */
static void test_same_port(void **state)
{
	const struct addr mapped = seen(5000);
	struct candidates c = some(1);

	(void)state;
	candidates_add_mapped(&c, &mapped);
	assert_int_equal(c.count, 3);
	assert_is(&c, 1, CANDIDATE_MAPPED, mapped);
	assert_is(&c, 2, CANDIDATE_SERVER_REFLEXIVE, mapped);
}

static void test_full(void **state)
{
	const struct addr mapped = seen(7000);
	struct candidates c = some(CANDIDATES_MAX - 1);

	(void)state;
	assert_int_equal(c.count, CANDIDATES_MAX);
	candidates_add_mapped(&c, &mapped);
	assert_int_equal(c.count, CANDIDATES_MAX);
	assert_is(&c, CANDIDATES_MAX - 3, CANDIDATE_HOST, host(CANDIDATES_MAX - 2));
	assert_is(&c, CANDIDATES_MAX - 2, CANDIDATE_MAPPED, mapped);
	assert_is(&c, CANDIDATES_MAX - 1, CANDIDATE_SERVER_REFLEXIVE, seen(5000));
}

static void test_refused(void **state)
{
	const struct addr elsewhere = addr_v4(203, 0, 113, 8, 7000), no_port = seen(0);
	struct candidates c = some(2);

	(void)state;
	candidates_add_mapped(&c, &elsewhere);
	candidates_add_mapped(&c, &no_port);
	assert_int_equal(c.count, 3);
	assert_false(candidates_have_mapped(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_before_the_reflexive_one),
		cmocka_unit_test(test_same_port),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
