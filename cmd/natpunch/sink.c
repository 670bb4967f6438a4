#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "face/numbers.h"

/* Programs that we run are not to have it. */
static FILE *open_descriptor(int fd)
{
	const int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	FILE *out = own >= 0 ? fdopen(own, "w") : NULL;

	if (out == NULL && own >= 0)
		close(own);
	if (out != NULL && fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return out;
}

int sink_open(FILE **out, const char *value, char why[static OPTIONS_WHY])
{
	uint64_t n;
	const bool is_number = number_count(&n, value) == 0 && n <= INT_MAX;
	FILE *opened = is_number ? open_descriptor((int)n) : fopen(value, "we");

	if (opened == NULL) {
		snprintf(why, OPTIONS_WHY, "%s; give a file, or the number of an open descriptor",
			 strerror(errno));
		return -1;
	}
	setvbuf(opened, NULL, _IOLBF, 0);
	sink_close(*out);
	*out = opened;
	return 0;
}

int sink_close(FILE *out)
{
	bool good;

	if (out == NULL)
		return 0;
	good = !ferror(out);
	return fclose(out) == 0 && good ? 0 : -1;
}
