#include "desk/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "desk/json_file.h"
#include "face/numbers.h"
#include "io/files.h"

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

static int refuse(char why[static OPTIONS_WHY])
{
	snprintf(why, OPTIONS_WHY, "%s; give a file, or the number of an open descriptor",
		 strerror(errno));
	return -1;
}

static bool is_descriptor(const char *value, uint64_t *fd)
{
	return number_count(fd, value) == 0 && *fd <= INT_MAX;
}

int sink_open(FILE **out, const char *value, char why[static OPTIONS_WHY])
{
	uint64_t n;
	FILE *opened = is_descriptor(value, &n) ? open_descriptor((int)n) : fopen(value, "we");

	if (opened == NULL)
		return refuse(why);
	setvbuf(opened, NULL, _IOLBF, 0);
	sink_close(*out);
	*out = opened;
	return 0;
}

int sink_choose(struct sink_whole *s, const char *value, char why[static OPTIONS_WHY])
{
	uint64_t n;

	s->path = NULL;
	if (is_descriptor(value, &n))
		return sink_open(&s->fd, value, why);
	if (!files_may_write(value))
		return refuse(why);
	s->path = value;
	return 0;
}

int sink_write(const struct sink_whole *s, struct js root)
{
	int r;

	if (s->path != NULL)
		return json_file_write(s->path, root, true, 0666);
	if (s->fd == NULL)
		return 0;
	r = js_print(root, s->fd, true);
	return r == 0 && (fflush(s->fd) != 0 || ferror(s->fd)) ? NK_ERR_SYSTEM : r;
}

int sink_close(FILE *out)
{
	bool good;

	if (out == NULL)
		return 0;
	good = !ferror(out);
	return fclose(out) == 0 && good ? 0 : -1;
}
