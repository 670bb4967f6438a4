#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto.h"
#include "face/exit.h"
#include "face/log.h"
#include "host.h"
#include "io/sockaddr.h"
#include "wire/stun.h"

#define PROGRAM   "natbroker"
#define STUN_PORT 3478
#define AGAIN_MS  10
#define WAIT_MS   10000 /* a loaded machine starts programs slowly */
#define TAIL      512   /* bytes of the log looked at for its last line */

static const char *program_file(const struct server_options *o, char path[static PATH_MAX])
{
	const ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (o->program != NULL)
		return o->program;
	if (n <= 0)
		return PROGRAM;
	path[n] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash + 1, (size_t)(path + PATH_MAX - slash - 1), "%s", PROGRAM);
	return access(path, X_OK) == 0 ? path : PROGRAM;
}

static pid_t spawn(const struct server *s, int init, const struct server_options *o)
{
	char path[PATH_MAX], texts[NET_ADDRS_MAX][ADDR_TEXT];
	char *argv[2 * NET_ADDRS_MAX + 4];
	const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct program p = {
		.argv = argv,
		.input = nothing,
		.output = nothing,
		.error = s->log,
		.signals = o->signals,
		.daemon = true,
	};
	unsigned argc = 0;
	pid_t pid;

	argv[argc++] = (char *)program_file(o, path);
	for (unsigned i = 0; i < s->host->addr_count; i++) {
		addr_text_ip(&s->host->addrs[i], texts[i]);
		argv[argc++] = "--listen";
		argv[argc++] = texts[i];
	}
	argv[argc++] = "--config=/dev/null"; /* the user's own is for another server */
	argv[argc] = NULL;
	pid = host_spawn(init, &p);
	close(nothing);
	return pid;
}

/* A Binding request, the same each time: on a slow machine an answer may come after the next one.
 * Return: whether there is an answer within AGAIN_MS. */
static bool ask(int fd, const uint8_t tid[static STUN_TID])
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	uint8_t bytes[1500];
	struct wr w = wr_make(bytes, sizeof(bytes));
	struct stun_msg m;
	ssize_t n;

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	if (send(fd, bytes, stun_end(&w), 0) < 0)
		poll(NULL, 0, AGAIN_MS); /* refused: it does not listen yet */
	else
		poll(&poll_fd, 1, AGAIN_MS);
	n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	return n > 0 && stun_read(&m, bytes, (size_t)n) == 0 && stun_answers(&m, STUN_BINDING, tid);
}

/* In a child: asks each address from within the host until it answers. */
_Noreturn static void ask_all(const struct topology_host *h, int init, pid_t natsim)
{
	uint8_t tid[STUN_TID];
	struct rng rng;

	/* Nobody answers any more once natsim is gone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rng_seed_from_kernel(&rng);
	rng_bytes(&rng, tid, sizeof(tid));
	if (getppid() != natsim || setns(init, CLONE_NEWNET) != 0)
		_exit(EXIT_INTERNAL);
	for (unsigned i = 0; i < h->addr_count; i++) {
		const struct addr to = addr_with_port(h->addrs[i], STUN_PORT);
		union sockaddr_ip sa;
		const socklen_t len = sockaddr_from(&sa, &to, 0);
		const int fd = socket(sa.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, &sa.sa, len) != 0)
			_exit(EXIT_INTERNAL);
		while (!ask(fd, tid))
			;
		close(fd);
	}
	_exit(EXIT_YES);
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Return: whether all addresses answer; not if the server has ended, or it lasts too long. */
static bool wait_ready(const struct server *s, int init)
{
	const pid_t natsim = getpid(), asker = fork();
	struct pollfd ends[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int status = -1;

	if (asker == 0)
		ask_all(s->host, init, natsim);
	if (asker < 0)
		return false;
	ends[0].fd = pidfd_of(s->pid);
	ends[1].fd = pidfd_of(asker);
	while (poll(ends, 2, WAIT_MS) < 0 && errno == EINTR)
		;
	kill(asker, SIGKILL);
	waitpid(asker, &status, 0);
	close(ends[0].fd);
	close(ends[1].fd);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_YES;
}

/* The log's last line, or nothing. */
static const char *last_line(int log, char text[static TAIL])
{
	const off_t end = log >= 0 ? lseek(log, 0, SEEK_END) : 0;
	const off_t from = end > TAIL - 1 ? end - (TAIL - 1) : 0;
	const ssize_t n = end > 0 ? pread(log, text, (size_t)(end - from), from) : 0;
	char *line;

	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	line = strrchr(text, '\n');
	return line != NULL ? line + 1 : text;
}

/* What it said last, else how it ended. @status: as of waitpid(), of one that has ended. */
static const char *last_words(const struct server *s, int status, char text[static TAIL])
{
	const char *line = last_line(s->log, text);

	if (*line != '\0')
		return line;
	if (WIFEXITED(status))
		snprintf(text, TAIL, "it ended with status %d", WEXITSTATUS(status));
	else
		snprintf(text, TAIL, "signal %d ended it", WTERMSIG(status));
	return text;
}

/* Return: whether it has ended by itself. */
static bool has_ended(struct server *s, int *status)
{
	if (s->pid <= 0 || waitpid(s->pid, status, WNOHANG) != s->pid)
		return false;
	s->pid = -1;
	return true;
}

static int say_not_there(struct server *s)
{
	char text[TAIL];
	int status;

	log_line(LEVEL_ERROR, "%s: " PROGRAM " does not serve: %s", s->host->name,
		 has_ended(s, &status) ? last_words(s, status, text) : last_line(s->log, text));
	return EXIT_UNREACHABLE;
}

int server_start(struct server *s, const struct topology_host *h, int init,
		 const struct server_options *o)
{
	*s = (struct server){.pid = -1, .log = -1, .host = h};
	if (!o->verbose)
		s->log = memfd_create("log", MFD_CLOEXEC);
	s->pid = spawn(s, init, o);
	if (s->pid < 0) {
		log_line(LEVEL_ERROR, "%s: cannot start " PROGRAM ": %s", h->name, strerror(errno));
		return EXIT_INTERNAL;
	}
	return wait_ready(s, init) ? EXIT_YES : say_not_there(s);
}

void server_look(struct server *s)
{
	char text[TAIL];
	int status;

	if (has_ended(s, &status))
		log_line(LEVEL_WARNING, "%s: " PROGRAM " has ended: %s", s->host->name,
			 last_words(s, status, text));
}

void server_end(struct server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	if (s->log >= 0)
		close(s->log);
	*s = (struct server){.pid = -1, .log = -1};
}
