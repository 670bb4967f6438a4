#include "io/upnp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/privilege.h"
#include "io/upnp_igd.h"
#include "wire/ssdp.h"

#define REQUEST_LIMIT (4 * NK_S)
#define CLEAN_LIMIT   (8 * NK_S)
#define STOP_LIMIT    (2 * NK_S)
#define MEMORY_BYTES  (8u << 20) /* above what the process has at its start */
#define FILES         16
#define HELD_MAX      64
#define LINE          3 /* the worker's end of the line */

/**
 * struct worker - The process at the other end of the line
 * @held:	@count requests, each what would delete a mapping of ours, and is to when the line breaks if it has @hold
 */
struct worker {
	struct upnp_request held[HELD_MAX];
	unsigned count;
};

static bool is_pinhole(enum upnp_op op)
{
	return op == UPNP_PINHOLE_ADD || op == UPNP_PINHOLE_UPDATE || op == UPNP_PINHOLE_DELETE;
}

static bool only_looks(enum upnp_op op)
{
	return op == UPNP_DESCRIBE || op == UPNP_GET || op == UPNP_LIST;
}

/* One that has begun anew may be at another port. */
static bool is_same_gateway(const struct upnp_request *a, const struct upnp_request *b)
{
	struct addr x, y;

	return ssdp_url_host(&x, a->location) && ssdp_url_host(&y, b->location) &&
	       addr_same_ip(&x, &y);
}

static bool is_same_mapping(const struct upnp_request *a, const struct upnp_request *b)
{
	if (is_pinhole(a->op) != is_pinhole(b->op) || !is_same_gateway(a, b))
		return false;
	return is_pinhole(a->op)
		       ? a->pinhole == b->pinhole
		       : a->protocol == b->protocol && a->external_port == b->external_port;
}

/* The place in @held of the mapping that @q is about, or @count. */
static unsigned find_held(const struct worker *w, const struct upnp_request *q)
{
	unsigned i = 0;

	while (i < w->count && !is_same_mapping(&w->held[i], q))
		i++;
	return i;
}

static void let_go(struct worker *w, const struct upnp_request *q)
{
	const unsigned i = find_held(w, q);

	if (i < w->count)
		w->held[i] = w->held[--w->count];
}

static void hold(struct worker *w, const struct upnp_request *q)
{
	const unsigned i = find_held(w, q);

	if (i == HELD_MAX)
		return;
	w->held[i] = *q;
	w->held[i].op = is_pinhole(q->op) ? UPNP_PINHOLE_DELETE : UPNP_DELETE;
	w->count += i == w->count;
}

/* What was not answered may have been done all the same. */
static bool may_be_there(const struct upnp_reply *a)
{
	return a->result == UPNP_RESULT_OK || a->result == UPNP_RESULT_SILENT ||
	       a->result == UPNP_RESULT_SLOW || a->result == UPNP_RESULT_GARBAGE ||
	       a->result == UPNP_RESULT_TOO_LARGE;
}

static void keep_books(struct worker *w, const struct upnp_request *q, const struct upnp_reply *a)
{
	struct upnp_request mapping = *q;

	if (only_looks(q->op))
		return;
	if (q->op == UPNP_ADD_ANY)
		mapping.external_port = a->external.port;
	if (q->op == UPNP_PINHOLE_ADD)
		mapping.pinhole = a->pinhole;
	if (q->op == UPNP_DELETE || q->op == UPNP_PINHOLE_DELETE) {
		if (!may_be_there(a) || a->result == UPNP_RESULT_OK)
			let_go(w, q);
	} else if (may_be_there(a) && (q->op == UPNP_ADD || a->result == UPNP_RESULT_OK)) {
		hold(w, &mapping);
	} else if (!q->hold) {
		let_go(w, &mapping);
	}
}

/* Whatever a gateway does to this process, it ends with the request. */
static void ask_and_exit(const struct upnp_request *q, bool ours, int out)
{
	struct upnp_reply a = {.id = q->id, .op = q->op};
	uint8_t record[UPNP_MSG_MAX];
	size_t len;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(REQUEST_LIMIT / NK_S + 1); /* the worker may have died before that */
	upnp_igd_ask(&a, q, ours);
	len = upnp_reply_write(record, &a);
	_exit(write(out, record, len) == (ssize_t)len ? 0 : 1);
}

/* Waits until something can be read from @fd, at most until @end. @watched: or until the line breaks. */
static bool await(int fd, nk_time end, bool watched)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = watched ? LINE : -1}};

	for (;;) {
		const nk_time left = end - clock_monotonic();

		if (left <= 0 || poll(fds, 2, (int)(left / NK_MS) + 1) < 0 || fds[1].revents != 0)
			return false;
		if (fds[0].revents != 0)
			return true;
	}
}

/* Return: what came of @q, which a process of its own is given until @end to do. */
static struct upnp_reply perform(const struct worker *w, const struct upnp_request *q, nk_time end,
				 bool watched)
{
	struct upnp_reply a = {.id = q->id, .op = q->op, .result = UPNP_RESULT_SLOW}, said;
	uint8_t record[UPNP_MSG_MAX];
	ssize_t n = 0;
	int line[2];
	pid_t pid;

	if (pipe(line) != 0)
		return a;
	pid = fork();
	if (pid == 0)
		ask_and_exit(q, find_held(w, q) < w->count, line[1]);
	close(line[1]);
	if (await(line[0], end, watched)) {
		a.result = UPNP_RESULT_GARBAGE;
		n = read(line[0], record, sizeof(record));
	}
	close(line[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (n > 0 && upnp_reply_read(&said, record, (size_t)n) == 0 && said.id == q->id &&
	    said.op == q->op)
		a = said;
	return a;
}

static void clean_up(struct worker *w)
{
	const nk_time end = clock_monotonic() + CLEAN_LIMIT;

	for (unsigned i = 0; i < w->count; i++)
		if (w->held[i].hold)
			perform(w, &w->held[i], nk_min(end, clock_monotonic() + REQUEST_LIMIT),
				false);
}

static void serve(struct worker *w)
{
	uint8_t record[UPNP_MSG_MAX];
	struct upnp_request q;
	struct upnp_reply a;
	ssize_t n;

	while ((n = recv(LINE, record, sizeof(record), 0)) > 0 &&
	       upnp_request_read(&q, record, (size_t)n) == 0) {
		a = perform(w, &q, clock_monotonic() + REQUEST_LIMIT, only_looks(q.op));
		keep_books(w, &q, &a);
		if (send(LINE, record, upnp_reply_write(record, &a), MSG_NOSIGNAL) < 0)
			break;
	}
}

/* It outlives what ends us, so that it can clean up: it has our terminal and descriptors no more. */
static bool detach(int line)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	const int null = open("/dev/null", O_RDWR);
	sigset_t none;

	setsid();
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < LINE; fd++)
		if (dup2(null, fd) < 0)
			return false;
	return (line == LINE || dup2(line, LINE) == LINE) && close_range(LINE + 1, ~0u, 0) == 0;
}

static bool limit(unsigned what, rlim_t most)
{
	const struct rlimit l = {.rlim_cur = most, .rlim_max = most};

	return setrlimit(what, &l) == 0;
}

/* Counted from what there is, which is much with sanitizers. */
static bool limit_memory(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;
	const bool known = f != NULL && fscanf(f, "%lu", &pages) == 1;

	if (f != NULL)
		fclose(f);
	return known && limit(RLIMIT_AS, pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY_BYTES);
}

static bool confine(void)
{
	/* Where there is nobody to become, as in a namespace with one user, capabilities go all the same. */
	if ((geteuid() != 0 || privilege_drop_to("nobody") != 0) &&
	    privilege_drop_capabilities() != 0)
		return false;
	return limit_memory() && limit(RLIMIT_NOFILE, FILES) && limit(RLIMIT_CORE, 0) &&
	       limit(RLIMIT_FSIZE, 0);
}

static void work(int line)
{
	static struct worker w;

	if (!detach(line) || !confine())
		_exit(1);
	serve(&w);
	clean_up(&w);
	_exit(0);
}

int upnp_worker_start(struct upnp_worker *w)
{
	int line[2];

	*w = (struct upnp_worker){.fd = -1, .pid = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0)
		return NK_ERR_SYSTEM;
	w->pid = fork();
	if (w->pid == 0)
		work(line[1]);
	close(line[1]);
	if (w->pid < 0) {
		close(line[0]);
		return NK_ERR_SYSTEM;
	}
	w->fd = line[0];
	return 0;
}

void upnp_worker_stop(struct upnp_worker *w)
{
	struct pollfd end = {.events = POLLIN};

	if (w->fd < 0)
		return;
	close(w->fd);
	end.fd = pidfd_open(w->pid, 0);
	poll(&end, 1, STOP_LIMIT / NK_MS);
	waitpid(w->pid, NULL, WNOHANG);
	if (end.fd >= 0)
		close(end.fd);
	*w = (struct upnp_worker){.fd = -1, .pid = -1};
}
