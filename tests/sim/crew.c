#include "crew.h"

#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void *crew_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void crew_free(void *memory, size_t size)
{
	if (memory != NULL)
		munmap(memory, size);
}

static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

static bool wait_for_all(int count)
{
	bool all_well = true;
	int status;

	for (; count > 0; count--)
		all_well &= wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return all_well;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_of_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Each piece of work takes the memory that the last one has given back: it need not go to the
 * system and come back as zeroed pages in between. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

static bool share_out(unsigned count, void (*work)(void *user, unsigned i), void *user,
		      atomic_uint *next)
{
	int started = 0;
	bool all_started = true;

	fflush(stdout);
	for (int n = processors(); n > 0 && all_started; n--) {
		const pid_t pid = fork();
		unsigned i;

		if (pid == 0) {
			keep_memory();
			while ((i = atomic_fetch_add(next, 1)) < count)
				work(user, i);
			fflush(NULL);
			_exit(0);
		}
		all_started = pid > 0;
		started += all_started;
	}
	return wait_for_all(started) && all_started;
}

bool crew_work(unsigned count, void (*work)(void *user, unsigned i), void *user, double *cpu_s,
	       double *wall_s)
{
	const double start = seconds_now(), cpu = cpu_of_children();
	atomic_uint *next = crew_memory(sizeof(*next));
	const bool well = next != NULL && share_out(count, work, user, next);

	crew_free(next, sizeof(*next));
	*cpu_s = cpu_of_children() - cpu;
	*wall_s = seconds_now() - start;
	return well;
}
