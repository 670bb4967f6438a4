/* Work that is shared out: one process for each processor, which takes the next piece until none is left. */
#ifndef TESTS_SIM_CREW_H
#define TESTS_SIM_CREW_H

#include <stdbool.h>
#include <stddef.h>

/* Memory that the processes share, all zero; or NULL. crew_free() takes NULL. */
void *crew_memory(size_t size);
void crew_free(void *memory, size_t size);

/**
 * crew_work() - Do @count pieces of work
 * @work:	Does piece number @i, and writes what came of it to crew_memory()
 * @cpu_s, @wall_s: Set: processor time of all, and how long it took
 *
 * Return: false if a process could not be had, or died.
 */
bool crew_work(unsigned count, void (*work)(void *user, unsigned i), void *user, double *cpu_s,
	       double *wall_s);

#endif
