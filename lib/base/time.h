/* Time as the whole of natkit counts it. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

/* Microseconds of CLOCK_BOOTTIME, which goes on while a laptop sleeps: a NAT's
 * timer does too. In the virtual world, microseconds since the world began. */
typedef int64_t nk_time;

#define NK_NEVER INT64_MAX
#define NK_MS    ((nk_time)1000)
#define NK_S     ((nk_time)1000000)

static inline double nk_seconds(nk_time t)
{
	return (double)t / 1e6;
}

static inline nk_time nk_from_seconds(double s)
{
	return (nk_time)(s * 1e6 + 0.5);
}

static inline nk_time nk_min(nk_time a, nk_time b)
{
	return a < b ? a : b;
}

static inline nk_time nk_max(nk_time a, nk_time b)
{
	return a > b ? a : b;
}

#endif
