/* The heap of due times against a list that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/heap.h"

#define THINGS 64

struct fixture {
	struct heap h;
	nk_time at[THINGS];
	uint32_t order[THINGS], where[THINGS];
	nk_time model[THINGS]; /* NK_NEVER: not in the heap */
};

static void setup(struct fixture *f)
{
	heap_init(&f->h, f->at, f->order, f->where, THINGS);
	for (size_t i = 0; i < THINGS; i++)
		f->model[i] = NK_NEVER;
}

static void set(struct fixture *f, uint32_t thing, nk_time at)
{
	heap_set(&f->h, thing, at);
	f->model[thing] = at;
}

static void compare(const struct fixture *f)
{
	nk_time first = NK_NEVER;
	uint32_t due;

	for (size_t i = 0; i < THINGS; i++)
		first = nk_min(first, f->model[i]);
	assert_true(heap_next(&f->h) == first);
	due = heap_due(&f->h, NK_NEVER);
	if (first == NK_NEVER) {
		assert_int_equal(due, HEAP_NONE);
		return;
	}
	assert_in_range(due, 0, THINGS - 1);
	assert_true(f->model[due] == first);
	assert_int_equal(heap_due(&f->h, first), due);
	assert_int_equal(heap_due(&f->h, first - 1), HEAP_NONE);
}

static void test_empty(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	compare(&f);
	set(&f, 3, NK_NEVER); /* was not in it */
	compare(&f);
	set(&f, 3, 10);
	compare(&f);
	set(&f, 3, NK_NEVER);
	compare(&f);
}

static void test_random(void **state)
{
	struct rng rng;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct fixture f;

		setup(&f);
		rng_seed_from_number(&rng, seed);
		for (unsigned i = 0; i < 5000; i++) {
			const uint32_t thing = rng_below(&rng, THINGS);
			const bool remove = rng_below(&rng, 3) == 0;

			/* few different times, so that many are equal */
			set(&f, thing, remove ? NK_NEVER : (nk_time)rng_below(&rng, 100) - 50);
			compare(&f);
		}
	}
}

static void test_drains_in_order(void **state)
{
	struct rng rng;
	struct fixture f;
	nk_time last = 0;

	(void)state;
	setup(&f);
	rng_seed_from_number(&rng, 1);
	for (uint32_t i = 0; i < THINGS; i++)
		set(&f, i, rng_below(&rng, 1000));
	for (unsigned n = 0; n < THINGS; n++) {
		const uint32_t thing = heap_due(&f.h, 1000);

		assert_in_range(thing, 0, THINGS - 1);
		assert_true(f.model[thing] >= last);
		last = f.model[thing];
		set(&f, thing, NK_NEVER);
	}
	assert_true(heap_next(&f.h) == NK_NEVER);
}

static int start(void **state)
{
	(void)state;
	return crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_drains_in_order),
	};

	return cmocka_run_group_tests_name("heap", tests, start, NULL);
}
