/* Comparing doubles, which this cmocka cannot: the two are shown when they differ. */
#ifndef TESTS_UNIT_NEAR_H
#define TESTS_UNIT_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline void near_check(double got, double want, double apart, const char *file, int line)
{
	if (fabs(got - want) <= apart)
		return;
	print_error("%.12g is not within %g of %.12g\n", got, apart, want);
	_fail(file, line);
}

#define assert_near(got, want, apart) near_check(got, want, apart, __FILE__, __LINE__)

#endif
