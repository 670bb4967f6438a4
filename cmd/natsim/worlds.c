#include "worlds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/err.h"
#include "face/log.h"
#include "io/files.h"

#define BACKLOG  16
#define AGAIN_MS 10
#define ANSWER_S 15 /* one that is only beginning must have time for it */

static bool is_name(const char *s)
{
	const size_t n = strlen(s);

	return n > 0 && n < WORLD_NAME && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
	       s[0] != '-';
}

int world_take_name(void *into, const char *value, char why[static OPTIONS_WHY])
{
	if (!is_name(value)) {
		snprintf(why, OPTIONS_WHY, "give small letters, digits and hyphens, %d at most",
			 WORLD_NAME - 1);
		return -1;
	}
	*(const char **)into = value;
	return 0;
}

/* The folder: the user's own for running things, where there is one. It stays what it was at first,
 * for in a user namespace everybody is root. */
static const char *folder(void)
{
	static char path[PATH_MAX];
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (path[0] != '\0')
		return path;
	if (xdg != NULL && xdg[0] == '/' && strlen(xdg) < PATH_MAX - 200)
		snprintf(path, sizeof(path), "%s/natsim", xdg);
	else if (geteuid() == 0)
		snprintf(path, sizeof(path), "/run/natsim");
	else
		snprintf(path, sizeof(path), "/tmp/natsim-%u", (unsigned)geteuid());
	return path;
}

static void file(char path[static PATH_MAX], const char *name, const char *kind)
{
	snprintf(path, PATH_MAX, "%.*s/%s.%s", PATH_MAX - 100, folder(), name, kind);
}

/* In /tmp, anybody may have made it before us. Return: 0, or what was told. */
static int make_folder(void)
{
	const char *path = folder();
	char quoted[LOG_QUOTED];
	struct stat st;

	log_quote(quoted, sizeof(quoted), path);
	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		log_line(LEVEL_ERROR, "cannot make %s: %s", quoted, strerror(errno));
		return errno == EACCES ? NK_ERR_PERMISSION : NK_ERR_SYSTEM;
	}
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 077) == 0)
		return 0;
	log_line(LEVEL_ERROR, "%s is not a folder of ours alone; remove it", quoted);
	return NK_ERR_PERMISSION;
}

/* Locks the file of that name. Return: the descriptor, or -1 and errno; EWOULDBLOCK if it is up. */
static int lock_file(const char *path)
{
	struct stat st;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			const int err = errno;

			close(fd);
			errno = err;
			return -1;
		}
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		close(fd); /* its owner has removed it meanwhile */
	}
}

int world_claim(const char *name, int *lock)
{
	char path[PATH_MAX];
	const int r = make_folder();

	if (r != 0)
		return r;
	file(path, name, "lock");
	*lock = lock_file(path);
	if (*lock >= 0 && ftruncate(*lock, 0) == 0) /* the signature of a crash is no more valid */
		return 0;
	if (errno == EWOULDBLOCK) {
		log_line(LEVEL_ERROR,
			 "%s is up already; \"natsim down\" ends it, or give this one another "
			 "--name",
			 name);
		return NK_ERR_BAD_INPUT;
	}
	log_line(LEVEL_ERROR, "cannot lock %s: %s", path, strerror(errno));
	return NK_ERR_SYSTEM;
}

bool world_sign(int lock)
{
	char text[16];
	const int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	return ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)n, 0) == n;
}

/* Return: false if the path is too long for a socket. */
static bool address(struct sockaddr_un *sa, const char *name)
{
	char path[PATH_MAX];

	file(path, name, "sock");
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa->sun_path))
		return false;
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return true;
}

int world_listen(const char *name)
{
	const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un sa;

	errno = ENAMETOOLONG;
	if (fd >= 0 && address(&sa, name)) {
		unlink(sa.sun_path);
		if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
		    listen(fd, BACKLOG) == 0)
			return fd;
	}
	log_line(LEVEL_ERROR, "cannot listen for %s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool world_log(const char *name)
{
	char path[PATH_MAX];
	int fd;

	file(path, name, "log");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0) {
		close(fd);
		return true;
	}
	log_line(LEVEL_ERROR, "cannot write %s: %s", path, strerror(errno));
	return false;
}

void world_forget(const char *name)
{
	static const char *const kinds[] = {"sock", "log", "lock"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		file(path, name, kinds[i]);
		unlink(path);
	}
}

int world_connect(const char *name)
{
	const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = ANSWER_S};
	struct sockaddr_un sa;

	if (fd >= 0 && address(&sa, name) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	log_line(LEVEL_ERROR, "%s is not up; \"natsim up\" makes it so", name);
	return NK_ERR_UNREACHABLE;
}

static pid_t owner(int lock)
{
	char text[16] = "";

	return pread(lock, text, sizeof(text) - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

/* Return: the open lock file, and whether somebody holds it; or -1 if there is none. */
static int look(const char *name, bool *held)
{
	char path[PATH_MAX];
	int lock;

	file(path, name, "lock");
	lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	*held = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0;
	return lock;
}

bool world_is_up(const char *name)
{
	bool held;
	const int lock = look(name, &held);

	if (lock >= 0)
		close(lock);
	return held;
}

bool world_end(const char *name)
{
	bool held;
	const int lock = look(name, &held);
	pid_t pid;

	if (lock < 0)
		return false;
	while (held) {
		pid = owner(lock);
		if (pid > 0) /* it holds the lock, so the number is still its own */
			kill(pid, SIGKILL);
		poll(NULL, 0, AGAIN_MS); /* who has just begun has not signed yet */
		held = flock(lock, LOCK_EX | LOCK_NB) != 0;
	}
	world_forget(name);
	close(lock);
	return true;
}

void worlds_each(void (*each)(void *user, const char *name), void *user)
{
	char name[WORLD_NAME];
	struct dirent *e;
	DIR *dir = opendir(folder());

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		const size_t n = strlen(e->d_name);

		if (n <= 5 || n - 5 >= sizeof(name) || strcmp(e->d_name + n - 5, ".lock") != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(n - 5), e->d_name);
		if (is_name(name))
			each(user, name);
	}
	if (dir != NULL)
		closedir(dir);
}
