#include "io/clock.h"

#include <sys/timerfd.h>
#include <time.h>

static nk_time read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (nk_time)ts.tv_sec * NK_S + ts.tv_nsec / 1000;
}

nk_time clock_boottime(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

nk_time clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

nk_time clock_unix(void)
{
	return read_clock(CLOCK_REALTIME);
}

struct clock_sleep clock_sleep_start(nk_time boottime, nk_time monotonic)
{
	return (struct clock_sleep){.asleep = boottime - monotonic};
}

bool clock_slept(struct clock_sleep *s, nk_time boottime, nk_time monotonic)
{
	const nk_time asleep = boottime - monotonic;
	/* The two clocks are read one after the other: a task that waits in
	 * between for its turn on the processor must not look like a sleep. */
	const bool slept = asleep - s->asleep > NK_S;

	if (slept)
		s->asleep = asleep;
	return slept;
}

int clock_timer_open(void)
{
	return timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
}

void clock_timer_set(int fd, nk_time at)
{
	struct itimerspec spec = {.it_value = {.tv_sec = 0}};

	if (at != NK_NEVER) {
		at = nk_max(at, 1); /* zero would disarm it */
		spec.it_value.tv_sec = (time_t)(at / NK_S);
		spec.it_value.tv_nsec = (long)(at % NK_S * 1000);
	}
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL);
}
