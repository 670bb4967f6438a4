#include "process.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t process_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%*s %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

double process_cpu(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) != 0)
		return 0;
	return seconds(&used.ru_utime) + seconds(&used.ru_stime);
}

static bool is_one_of(unsigned port, const uint16_t *ports, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

/* "  123: 0100007F:0D96 00000000:0000 07 ...", the last of 13 fields being the drops. */
static uint64_t dropped_in(const char *path, const uint16_t *ports, unsigned count)
{
	FILE *f = fopen(path, "re");
	uint64_t sum = 0, drops;
	char line[512];
	unsigned port;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line,
			   " %*[^:]: %*[^:]:%x %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
			   &port, &drops) == 2 &&
		    is_one_of(port, ports, count))
			sum += drops;
	fclose(f);
	return sum;
}

uint64_t process_dropped(const uint16_t *ports, unsigned count)
{
	return dropped_in("/proc/self/net/udp", ports, count) +
	       dropped_in("/proc/self/net/udp6", ports, count);
}
