/* CLOCK_BOOTTIME: what time it is, waking up at a time, and noticing that the machine slept. */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include <stdbool.h>

#include "base/time.h"

/**
 * struct clock_sleep - How long the machine has been suspended since it booted
 * @asleep:	CLOCK_BOOTTIME minus CLOCK_MONOTONIC when last looked at
 */
struct clock_sleep {
	nk_time asleep;
};

nk_time clock_boottime(void);
nk_time clock_monotonic(void);
nk_time clock_unix(void); /* the wall clock, since 1970: for people, and it may jump */

struct clock_sleep clock_sleep_start(nk_time boottime, nk_time monotonic);

/* True if the machine was suspended for more than a second since the last call. */
bool clock_slept(struct clock_sleep *s, nk_time boottime, nk_time monotonic);

/* Return: a non-blocking timer descriptor, which the caller closes, or -1 and errno. */
int clock_timer_open(void);

/* Makes the timer readable at @at, or never; what it had to tell before is forgotten. */
void clock_timer_set(int fd, nk_time at);

#endif
