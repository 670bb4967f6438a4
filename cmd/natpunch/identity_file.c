#include "identity_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "core/identity/card.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/files.h"

#define PREFIX "natkit-secret:"
#define LINE   (sizeof(PREFIX) - 1 + CARD_KEY_TEXT) /* with its newline */

static int say(const char *what, const char *path, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_ERROR, "cannot %s %s: %s", what, log_quote(quoted, sizeof(quoted), path),
		 why);
	return EXIT_USAGE;
}

static int say_errno(const char *what, const char *path)
{
	const int err = errno;

	say(what, path, strerror(err));
	return err == EACCES || err == EPERM || err == EROFS ? EXIT_PERMISSION : EXIT_USAGE;
}

/* Looks at the open file, which nobody can exchange any more. One character more is read than a line
 * has, so that a longer one is seen. */
static int read_line(char line[static LINE + 2], int fd, const char *path)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return say_errno("read", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		return say("use", path, "others can read it; chmod 600 it, or make a new identity");
	n = read(fd, line, LINE + 1);
	if (n < 0)
		return say_errno("read", path);
	line[n] = '\0';
	return EXIT_YES;
}

static int parse_line(uint8_t seed[static 32], char line[static LINE + 1], const char *path)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, PREFIX, strlen(PREFIX)) != 0 ||
	    card_parse_key(seed, line + strlen(PREFIX)) != 0)
		return say("use", path, "it is no identity; \"natpunch id\" makes them");
	return EXIT_YES;
}

static int read_seed(uint8_t seed[static 32], int fd, const char *path)
{
	char line[LINE + 2];
	int status = read_line(line, fd, path);

	if (status == EXIT_YES)
		status = parse_line(seed, line, path);
	crypto_wipe(line, sizeof(line));
	return status;
}

/* A file that nobody else can read, in the folder where the identity is to be. Return: its
 * descriptor, or -1. */
static int open_temporary(char temp[static PATH_MAX], const char *path)
{
	const int n = snprintf(temp, PATH_MAX, "%s.XXXXXX", path);

	if (n < 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkostemp(temp, O_CLOEXEC);
}

static bool write_seed(int fd, const uint8_t seed[static 32])
{
	char line[LINE + 1], key[CARD_KEY_TEXT];
	bool good;

	snprintf(line, sizeof(line), PREFIX "%s\n", card_key_text(seed, key));
	good = write(fd, line, LINE) == (ssize_t)LINE && fsync(fd) == 0;
	crypto_wipe(line, sizeof(line));
	crypto_wipe(key, sizeof(key));
	return good;
}

/* A link is made or not, and never takes the place of an identity that another has just made. */
static int make(const char *path)
{
	char temp[PATH_MAX];
	uint8_t seed[32];
	int status = EXIT_YES, fd = open_temporary(temp, path);

	if (fd < 0)
		return say_errno("make", path);
	crypto_seed(seed);
	if (!write_seed(fd, seed) || (link(temp, path) != 0 && errno != EEXIST))
		status = say_errno("make", path);
	crypto_wipe(seed, sizeof(seed));
	close(fd);
	unlink(temp);
	return status;
}

static int open_or_make(struct identity *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;
	uint8_t seed[32];

	if (fd < 0 && errno == ENOENT) {
		status = make(path);
		if (status != EXIT_YES)
			return status;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return say_errno("read", path);
	status = read_seed(seed, fd, path);
	close(fd);
	if (status == EXIT_YES)
		identity_from_seed(out, seed);
	crypto_wipe(seed, sizeof(seed));
	return status;
}

static int place_beside(char path[static PATH_MAX], const char *given, const char *suffix)
{
	const int n = snprintf(path, PATH_MAX, "%s%s", given, suffix);

	if (n >= 0 && n < PATH_MAX)
		return EXIT_YES;
	errno = ENAMETOOLONG;
	return say_errno("use", given);
}

int identity_place(char path[static PATH_MAX], const char *given, const char *suffix)
{
	char name[32];
	int r;

	if (given != NULL)
		return place_beside(path, given, suffix);
	snprintf(name, sizeof(name), "identity%s", suffix);
	r = files_place(path, FILES_CONFIG, name);
	if (r == 0)
		return EXIT_YES;
	if (r == NK_ERR_SYSTEM)
		return say_errno("make the folders of", path);
	log_line(LEVEL_ERROR, "neither HOME nor XDG_CONFIG_HOME says where the identity is; give "
			      "--identity FILE");
	return EXIT_USAGE;
}

int identity_open(struct identity *out, const char *given)
{
	char path[PATH_MAX];
	const int status = identity_place(path, given, "");

	return status == EXIT_YES ? open_or_make(out, path) : status;
}
