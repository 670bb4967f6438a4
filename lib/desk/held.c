#include "desk/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "desk/held_text.h"
#include "face/log.h"
#include "io/files.h"

#define FOLDER    "mappings/"
#define SUFFIX    ".json"
#define NAME      160
#define LATE      (INT64_C(60) * 1000000) /* clocks of gateways are not ours */
#define TRIES_MAX 8

static int place(char path[static PATH_MAX], const struct held_port *port)
{
	char name[NAME], internal[ADDR_TEXT], gateway[ADDR_TEXT];

	snprintf(name, sizeof(name), FOLDER "%s-%u-%s-%s" SUFFIX, held_transport(port->ip_protocol),
		 port->internal.port, addr_text_ip(&port->internal, internal),
		 addr_text_ip(&port->gateway, gateway));
	return files_place(path, FILES_STATE, name);
}

/* A lock of the whole file, which ends with our process. Others can ask whose it is. */
static struct flock whole(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* What is locked may have been forgotten, and its name be that of another file by now. */
static bool is_current(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

/* Return: a locked descriptor; -1 and errno: EAGAIN if another has the lock. */
static int open_locked(const char *path)
{
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct flock lock = whole(F_WRLCK);
		int error;

		if (fd < 0)
			return -1;
		if (fcntl(fd, F_SETLK, &lock) == 0 && is_current(fd, path))
			return fd;
		error = errno;
		close(fd);
		if (error == EAGAIN || error == EACCES) {
			errno = EAGAIN;
			return -1;
		}
	}
	return -1;
}

enum found {
	FOUND_NONE, /* killed before anything was written, and so before anything was sent */
	FOUND_PORT,
	FOUND_ODD, /* said: it cannot be read */
};

/* Whole, as somebody is to look at it. */
static enum found odd(const char *path, const char *why)
{
	log_line(LEVEL_WARNING, "cannot use %s: %s", path, why);
	return FOUND_ODD;
}

static enum found read_port(struct held_port *out, int fd, const char *path)
{
	char text[HELD_TEXT], why[HELD_WHY];
	const ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n == 0)
		return FOUND_NONE;
	if (n < 0)
		return odd(path, strerror(errno));
	return held_text_read(out, text, (size_t)n, why) ? FOUND_PORT : odd(path, why);
}

int held_claim(struct held_file *f, struct held_port *port)
{
	struct held_port found;
	const int r = place(f->path, port);

	f->fd = -1;
	if (r != 0)
		return r;
	f->fd = open_locked(f->path);
	if (f->fd < 0)
		return errno == EAGAIN ? HELD_BUSY : NK_ERR_SYSTEM;
	if (read_port(&found, f->fd, f->path) != FOUND_PORT)
		return HELD_NEW;
	*port = found;
	return HELD_AGAIN;
}

/* Always as long, so that one write replaces all. */
int held_save(const struct held_file *f, const struct held_port *port)
{
	char text[HELD_TEXT];
	const int r = held_text_write(text, port);

	if (r != 0)
		return r;
	return pwrite(f->fd, text, sizeof(text), 0) == sizeof(text) && fdatasync(f->fd) == 0
		       ? 0
		       : NK_ERR_SYSTEM;
}

void held_leave(struct held_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void held_forget(struct held_file *f)
{
	if (f->fd >= 0)
		unlink(f->path);
	held_leave(f);
}

/* FOUND_PORT: it is to be listed. */
static enum found look(struct held_entry *out, const char *path, int64_t unix_us)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = whole(F_WRLCK);
	enum found found;
	bool good, ended;

	if (fd < 0)
		return errno == ENOENT ? FOUND_NONE : odd(path, strerror(errno));
	found = read_port(&out->port, fd, path);
	good = found == FOUND_PORT && fcntl(fd, F_GETLK, &lock) == 0;
	out->owner = good && lock.l_type != F_UNLCK ? lock.l_pid : 0;
	ended = good && out->owner == 0 && out->port.expires_unix_us != 0 &&
		out->port.expires_unix_us + LATE < unix_us;
	lock = whole(F_WRLCK);
	if (ended && fcntl(fd, F_SETLK, &lock) == 0 && is_current(fd, path))
		unlink(path);
	close(fd);
	return ended ? FOUND_NONE : found;
}

static bool is_ours(const char *name)
{
	const size_t len = strlen(name), end = strlen(SUFFIX);

	return len > end && name[0] != '.' && strcmp(name + len - end, SUFFIX) == 0;
}

int held_list(struct held_entry *out, unsigned max, int64_t unix_us, unsigned *unread)
{
	char folder[PATH_MAX], path[PATH_MAX];
	const struct dirent *d;
	unsigned count = 0;
	const int r = files_place(folder, FILES_STATE, FOLDER);
	DIR *dir;

	*unread = 0;
	if (r != 0)
		return r;
	dir = opendir(folder);
	if (dir == NULL)
		return NK_ERR_SYSTEM;
	while ((d = readdir(dir)) != NULL) {
		const int n = snprintf(path, sizeof(path), "%s%s", folder, d->d_name);
		enum found found = FOUND_NONE;
		struct held_entry e = {.owner = 0};

		if (n > 0 && n < PATH_MAX && is_ours(d->d_name))
			found = look(&e, path, unix_us);
		if (found == FOUND_PORT && count < max)
			out[count] = e;
		count += found == FOUND_PORT;
		*unread += found == FOUND_ODD;
	}
	closedir(dir);
	if (count > max) {
		log_line(LEVEL_WARNING, "only %u of %u open ports are looked at", max, count);
		*unread += count - max;
		count = max;
	}
	return (int)count;
}

bool held_is_over(const struct held_port *port, int64_t unix_us)
{
	return port->expires_unix_us != 0 && port->expires_unix_us < unix_us;
}

const char *held_why(int code)
{
	if (code == NK_ERR_BAD_INPUT)
		return "neither XDG_STATE_HOME nor HOME names a folder";
	return code == NK_ERR_SYSTEM ? strerror(errno) : err_text(code);
}
