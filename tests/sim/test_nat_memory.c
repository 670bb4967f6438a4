/* What the NAT model keeps of those who are gone: a world may be up for days. */
#include "nat_bench.h"
#include "sim/nat_state.h"

/* A scanner inside, of whose remotes each has a quota. */
static void test_a_scan_leaves_nothing(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.remote_quota = 2;

	struct nat *n = make(&spec);

	for (uint16_t port = 1; port <= 1000; port++) {
		const nk_time now = port * NK_S;

		assert_int_not_equal(out(n, x(5000), remote(1, port), now).port, 0);
		assert_int_not_equal(out(n, y(5000), remote(1, port), now).port, 0);
		assert_int_equal(out(n, y(5001), remote(1, port), now).port, 0);
	}
	assert_int_equal(nat_held(n, 2000 * NK_S), 0);
	assert_int_equal(n->flows.count, 0);
	assert_int_equal(n->crowds.count, 0);
	nat_free(n);
}

/* The memory of a remote serves the next one. */
static void test_remotes_in_turn(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.remote_quota = 1;

	struct nat *n = make(&spec);
	const struct slab *slab = &n->crowd_slab;

	out(n, x(5000), remote(1, 1), 0);

	const void *chunks = slab->chunks;

	for (uint16_t port = 2; port <= 1000; port++) {
		const nk_time now = port * 60 * NK_S;

		assert_int_not_equal(out(n, x(5000), remote(1, port), now).port, 0);
	}
	assert_ptr_equal(slab->chunks, chunks);
	nat_free(n);
}

/* A stream that ends in 80 s if it is alone and in 40 s beside another waits at few places. */
static void test_a_changing_load(void **state)
{
	struct nat_spec spec = plain_spec();
	nk_time now;

	(void)state;
	spec.t_first = NK_S;
	spec.full_at = 3;

	struct nat *n = make(&spec);
	const struct addr e = out(n, x(5000), remote(1, 1), 0);

	assert_true(reaches(n, remote(1, 1), e, x(5000), 1));
	for (now = 3 * NK_S; now < 4000 * NK_S; now += NK_S) {
		const bool alone = now / NK_S % 2 == 0;

		if (!alone)
			assert_int_not_equal(out(n, y(6000), remote(1, 1), now).port, 0);
		out(n, x(5000), remote(1, 1), now);
		assert_int_equal(nat_held(n, now), alone ? 1 : 2);
		assert_in_range(n->timers.count, 1, 8);
	}
	check_ends(n, e, now - NK_S + 40 * NK_S);
	assert_int_equal(nat_held(n, now + 80 * NK_S), 0);
	assert_int_equal(n->timers.count, 0);
	nat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scan_leaves_nothing),
		cmocka_unit_test(test_remotes_in_turn),
		cmocka_unit_test(test_a_changing_load),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
