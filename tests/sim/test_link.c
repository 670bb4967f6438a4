/* One direction of a link, packet by packet: reordering, and what becomes of fragments. */
#include "base/crypto.h"
#include "binomial.h"
#include "sim/link.h"

#define N 20000

static unsigned carry(struct link *l, unsigned fragments, nk_time now, struct link_copy *c)
{
	struct link_copy copies[LINK_COPIES_MAX] = {{0, false}};
	const unsigned count = link_carry(l, fragments, now, copies);

	*c = copies[0];
	return count;
}

static int start(void **state)
{
	(void)state;
	return crypto_init();
}

static struct link made(struct link_spec spec)
{
	struct link l = {.spec = spec};

	rng_seed_from_number(&l.rng, 1);
	return l;
}

static void test_reorder(void **state)
{
	struct link l = made(
		(struct link_spec){.delay = 10 * NK_MS, .reorder = 0.1, .reorder_by = 3 * NK_MS});
	unsigned late = 0;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		struct link_copy c;

		assert_int_equal(carry(&l, 1, i * NK_MS, &c), 1);
		c.at -= i * NK_MS;
		assert_true(c.at == 10 * NK_MS || c.at == 13 * NK_MS);
		assert_false(c.disordered);
		late += c.at == 13 * NK_MS;
	}
	assert_binomial(late, N, 0.1);
}

/* A packet is lost with any of its fragments. */
static void test_fragment_loss(void **state)
{
	struct link l = made((struct link_spec){.loss = 0.1});

	(void)state;
	for (unsigned fragments = 1; fragments < 5; fragments++) {
		unsigned lost = 0;

		for (unsigned i = 0; i < N; i++) {
			struct link_copy c;

			lost += carry(&l, fragments, i, &c) == 0;
		}
		assert_binomial(lost, N, 1 - pow(0.9, fragments));
	}
}

/* It is there when the last of them is, and in disorder unless the first came first: that is the
 * first's chance of having the least jitter. */
static void test_fragment_order(void **state)
{
	struct link l = made((struct link_spec){.delay = 5 * NK_MS, .jitter = 10 * NK_MS});

	(void)state;
	for (unsigned fragments = 1; fragments < 5; fragments++) {
		unsigned disordered = 0, late = 0;

		for (unsigned i = 0; i < N; i++) {
			struct link_copy c;

			carry(&l, fragments, 0, &c);
			assert_in_range(c.at, 5 * NK_MS, 15 * NK_MS);
			disordered += c.disordered;
			late += c.at > 10 * NK_MS;
		}
		assert_binomial(N - disordered, N, 1.0 / fragments);
		assert_binomial(late, N, 1 - pow(0.5, fragments));
	}
}

/* Without jitter nothing overtakes, however many fragments there are. */
static void test_no_disorder(void **state)
{
	struct link l = made((struct link_spec){.delay = NK_MS});
	struct link_copy c;

	(void)state;
	assert_int_equal(carry(&l, 40, 0, &c), 1);
	assert_int_equal(c.at, NK_MS);
	assert_false(c.disordered);
}

static void test_mtu(void **state)
{
	struct link l = made((struct link_spec){.mtu = 0});

	(void)state;
	assert_int_equal(link_mtu(&l), NET_MTU_DEFAULT);
	l.spec.mtu = 1280;
	assert_int_equal(link_mtu(&l), 1280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_fragment_loss),
		cmocka_unit_test(test_fragment_order),
		cmocka_unit_test(test_no_disorder),
		cmocka_unit_test(test_mtu),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
