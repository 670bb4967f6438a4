/* The generator's time. */
#ifndef SPEED_FLEET_CLOCK_H
#define SPEED_FLEET_CLOCK_H

#include <time.h>

#include "base/time.h"

static inline nk_time fleet_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NK_S + t.tv_nsec / 1000;
}

#endif
