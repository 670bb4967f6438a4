#include "io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define TREE_DEPTH 4 /* folders from build/san/bin up to the source tree, and one more */

static bool readable(char path[static PATH_MAX], const char *dir, const char *name)
{
	const int n = snprintf(path, PATH_MAX, "%s/natkit/%s", dir, name);

	return n > 0 && n < PATH_MAX && access(path, R_OK) == 0;
}

/* Return: false if nothing says where it is, or it is too long. */
static bool home_folder(char dir[static PATH_MAX], enum files_home which)
{
	const bool config = which == FILES_CONFIG;
	const char *xdg = getenv(config ? "XDG_CONFIG_HOME" : "XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n;

	/* A relative path is to be ignored (XDG Base Directory Specification, "Basics"). */
	if (xdg != NULL && xdg[0] == '/')
		n = snprintf(dir, PATH_MAX, "%s", xdg);
	else if (home != NULL && home[0] == '/')
		n = snprintf(dir, PATH_MAX, "%s/%s", home, config ? ".config" : ".local/state");
	else
		return false;
	return n > 0 && n < PATH_MAX;
}

bool files_find_config(char path[static PATH_MAX], const char *name)
{
	char dir[PATH_MAX];

	return (home_folder(dir, FILES_CONFIG) && readable(path, dir, name)) ||
	       readable(path, "/etc", name);
}

/* Makes each folder of a path that begins with "/". */
static bool make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		bool there;

		*slash = '\0';
		there = mkdir(path, 0700) == 0 || errno == EEXIST;
		*slash = '/';
		if (!there)
			return false;
	}
	return true;
}

int files_place(char path[static PATH_MAX], enum files_home home, const char *name)
{
	char dir[PATH_MAX];
	int n;

	if (!home_folder(dir, home))
		return NK_ERR_BAD_INPUT;
	n = snprintf(path, PATH_MAX, "%s/natkit/%s", dir, name);
	if (n < 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NK_ERR_SYSTEM;
	}
	return make_folders(path) ? 0 : NK_ERR_SYSTEM;
}

bool files_find_data(char path[static PATH_MAX], const char *name)
{
	static const char *const below[] = {"share/natkit", "share"};
	char dir[PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	int n;

	dir[len > 0 ? len : 0] = '\0';
	for (int i = 0; i < 2 * TREE_DEPTH && strrchr(dir, '/') != NULL; i++) {
		if (i % 2 == 0)
			*strrchr(dir, '/') = '\0';
		n = snprintf(path, PATH_MAX, "%s/%s/%s", dir, below[i % 2], name);
		if (n > 0 && n < PATH_MAX && access(path, R_OK) == 0)
			return true;
	}
	n = snprintf(path, PATH_MAX, "%s/%s", NK_DATADIR, name);
	return n > 0 && n < PATH_MAX && access(path, R_OK) == 0;
}

/* Reads until the end or until the buffer is full. Return: bytes read, or -1. */
static ssize_t read_all(int fd, char *buf, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		const ssize_t n = read(fd, buf + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int files_read(char **out, size_t *len, const char *path, size_t max)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buf = NULL;
	ssize_t n;
	int rc = NK_ERR_SYSTEM, err;

	if (fd < 0)
		return NK_ERR_SYSTEM;
	buf = malloc(max + 1); /* one more than wanted: to see that the file is longer */
	if (buf == NULL) {
		rc = NK_ERR_NO_MEMORY;
		goto out;
	}
	n = read_all(fd, buf, max + 1);
	if (n < 0)
		goto out;
	if ((size_t)n > max) {
		rc = NK_ERR_NO_ROOM;
		goto out;
	}
	if (len == NULL && memchr(buf, '\0', (size_t)n) != NULL) {
		rc = NK_ERR_MALFORMED;
		goto out;
	}
	buf[n] = '\0';
	*out = buf;
	buf = NULL;
	if (len != NULL)
		*len = (size_t)n;
	rc = 0;
out:
	err = errno;
	free(buf);
	close(fd);
	errno = err;
	return rc;
}

const char *files_why(int code)
{
	switch (code) {
	case NK_ERR_SYSTEM:
		return strerror(errno);
	case NK_ERR_NO_ROOM:
		return "longer than such a file can be";
	case NK_ERR_MALFORMED:
		return "not a text file";
	default:
		return err_text(code);
	}
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* Closes the file; false if that or what went before failed, errno being of the first failure. */
static bool finish(int fd, bool good)
{
	const int err = errno;

	if (close(fd) != 0 && good)
		return false;
	errno = err;
	return good;
}

static int write_in_place(const char *path, const void *bytes, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || !finish(fd, write_all(fd, bytes, len)))
		return NK_ERR_SYSTEM;
	return 0;
}

/* The new name must outlive a power cut as the new bytes do. A file system that cannot say so
 * (EINVAL) is no failure: the file is there. */
static void sync_directory_of(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	int fd;

	if (len >= sizeof(dir))
		return;
	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = open(slash == NULL ? "." : len == 0 ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char temp[PATH_MAX];
	const int n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	mode_t mask;
	bool good;
	int fd;
	int err;

	if (n < 0 || (size_t)n >= sizeof(temp)) {
		errno = ENAMETOOLONG;
		return NK_ERR_SYSTEM;
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return NK_ERR_SYSTEM;
	mask = umask(0);
	umask(mask);
	good = fchmod(fd, mode & ~mask) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
	if (finish(fd, good) && rename(temp, path) == 0) {
		sync_directory_of(path);
		return 0;
	}
	err = errno;
	unlink(temp);
	errno = err;
	return NK_ERR_SYSTEM;
}

int files_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char target[PATH_MAX];
	struct stat st;

	if (stat(path, &st) != 0)
		return replace(path, bytes, len, mode);
	if (!S_ISREG(st.st_mode))
		return write_in_place(path, bytes, len);
	/* Through a symbolic link it is the file behind it that is replaced, not the link. */
	return replace(realpath(path, target) != NULL ? target : path, bytes, len, mode);
}

bool files_may_write(const char *path)
{
	const size_t length = strlen(path);
	char folder[PATH_MAX];
	struct stat st;

	if (stat(path, &st) == 0) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : 0;
		return errno == 0 && access(path, W_OK) == 0;
	}
	if (errno != ENOENT || length == 0 || length >= sizeof(folder))
		return false;
	memcpy(folder, path, length + 1);
	return access(dirname(folder), W_OK | X_OK) == 0;
}
