/* Whether a count is what chance makes of it. */
#ifndef TESTS_SIM_BINOMIAL_H
#define TESTS_SIM_BINOMIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Within five standard deviations, which a right model leaves once in 1.7 million seeds. */
static inline void assert_binomial(unsigned got, unsigned n, double p)
{
	const double spread = 5 * sqrt(n * p * (1 - p)) + 1;

	assert_true(fabs(got - n * p) < spread);
}

#endif
