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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scan_leaves_nothing),
		cmocka_unit_test(test_remotes_in_turn),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
