/*
 * libuv waits; its callbacks only note what is to be looked at. A turn then
 * serves the core in a fixed order:
 *
 * 1. replies: an answer that came before its deadline must count, even if both
 *    are found in the same turn;
 * 2. deadlines and all that follows from the replies: the core's output;
 * 3. sends: collected so far, written now, so that a turn's time goes by
 *    between deciding and sending only once.
 */
#include "io/run.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "io/clock.h"
#include "io/datagrams.h"
#include "io/links.h"
#include "io/outbox.h"
#include "io/sockets.h"
#include "io/sockmap.h"

#define READS_PER_TURN   4   /* batches of one socket: a flood on it must not hide the others */
#define ERRORS_PER_TURN  64  /* ICMP errors of one socket */
#define ACTIONS_PER_TURN 512 /* so that replies are read in between */
#define SEND_TRIES       4
#define STOP_SIGNALS     3

/**
 * struct run - A run
 * @now:	The time of this turn
 * @armed:	What the timer is set to
 * @turned:	When @on_turn was last called
 * @ready:	Sockets that polled readable
 * @dirty:	Sockets with something in their queues that may be written
 * @scope:	Index of the interface that sockets are bound to, or 0
 * @busy:	There is more to do at once: do not wait
 * @stops:	Signals that came; @stop_told: the core knows
 * @links_changed: Time to look whether our addresses are still there
 */
struct run {
	const struct core_ops *ops;
	void *core;
	struct run_options *options;
	nk_time now, armed, turned;
	struct clock_sleep sleep;

	uv_loop_t loop;
	uv_poll_t timer, links;
	uv_signal_t signals[STOP_SIGNALS];
	int timer_fd, links_fd;

	struct sockmap sockets;
	struct io_socket *ready, *dirty;
	unsigned scope;
	bool busy;
	unsigned stops;
	bool stop_told, links_changed;

	struct action action;
	struct outbox outbox;
	struct datagrams_in in;
};

nk_time run_now(void)
{
	return clock_boottime();
}

/* Whatever the core is told between two outputs may make it want another. */
static void tell(struct run *r, const struct event *ev)
{
	r->ops->input(r->core, ev, r->now);
	r->busy = true;
}

/* What libuv calls: note, and look at it in the turn. */

static void on_timer(uv_poll_t *handle, int status, int events)
{
	struct run *r = handle->data;

	(void)status;
	(void)events;
	r->armed = NK_NEVER;
	clock_timer_set(r->timer_fd, NK_NEVER);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct run *r = handle->data;

	r->stops++;
	if (r->options->signal == 0)
		r->options->signal = signum;
}

static void on_links(uv_poll_t *handle, int status, int events)
{
	struct run *r = handle->data;

	(void)events;
	links_drain(r->links_fd);
	r->links_changed = true;
	if (status < 0) /* an overflow, of which libuv makes an error and stops */
		uv_poll_start(handle, UV_READABLE, on_links);
}

static void mark_dirty(struct run *r, struct io_socket *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	s->next_dirty = r->dirty;
	r->dirty = s;
}

static void watch(struct io_socket *s);

static void on_socket(uv_poll_t *handle, int status, int events)
{
	struct io_socket *s = handle->data;
	struct run *r = handle->loop->data;

	if ((events & UV_WRITABLE) != 0) {
		s->blocked = false;
		mark_dirty(r, s);
	}
	if (!s->ready) {
		s->ready = true;
		s->next_ready = r->ready;
		r->ready = s;
	}
	/* A socket with ICMP errors to tell looks broken to libuv, which stops polling it. */
	if (status < 0 || (events & UV_WRITABLE) != 0)
		watch(s);
}

static void watch(struct io_socket *s)
{
	const int events = UV_READABLE | (s->blocked ? UV_WRITABLE : 0);

	uv_poll_start(&s->poll, events, on_socket);
}

/* 1. Replies and other news. */

static void read_errors(struct run *r, struct io_socket *s)
{
	for (unsigned i = 0; i < ERRORS_PER_TURN; i++) {
		struct event ev = {.id = s->id, .local = s->local};

		if (!datagrams_icmp_error(&ev, s->fd))
			return;
		tell(r, &ev);
	}
}

static void read_socket(struct run *r, struct io_socket *s)
{
	for (unsigned round = 0; round < READS_PER_TURN; round++) {
		const int n = datagrams_read(&r->in, s->fd);

		if (n == -EAGAIN)
			break;
		for (int i = 0; i < n; i++) {
			struct event ev = {.id = s->id};

			datagrams_event(&ev, &r->in, (unsigned)i, s->local.port);
			if (!s->ip_header || datagrams_skip_ip_header(&ev))
				tell(r, &ev);
		}
		if (n >= 0 && n < DATAGRAMS_BATCH)
			break;
	}
	read_errors(r, s);
}

static void read_sockets(struct run *r)
{
	while (r->ready != NULL) {
		struct io_socket *s = r->ready;

		r->ready = s->next_ready;
		s->ready = false;
		read_socket(r, s);
	}
}

static bool lost_any_socket(const struct run *r, const struct ifaddrs *all)
{
	for (size_t i = 0; i < SOCKMAP_BUCKETS; i++)
		for (const struct io_socket *s = r->sockets.buckets[i]; s != NULL; s = s->next)
			if (!addr_is_any(&s->local) && links_lost(all, &s->local))
				return true;
	return false;
}

static void look_at_links(struct run *r)
{
	const char *interface = r->options->interface;
	struct ifaddrs *all;

	if (!r->links_changed)
		return;
	r->links_changed = false;
	all = links_look();
	if (all == NULL)
		return;
	if ((interface != NULL && links_interface_lost(all, interface)) ||
	    lost_any_socket(r, all)) {
		tell(r, &(struct event){.kind = EVENT_LINK_LOST});
		uv_poll_stop(&r->links); /* it is told once */
	}
	freeifaddrs(all);
}

static void take_news(struct run *r)
{
	if (clock_slept(&r->sleep, r->now, clock_monotonic()))
		tell(r, &(struct event){.kind = EVENT_RESUMED});
	read_sockets(r);
	look_at_links(r);
	if (r->stops > 0 && !r->stop_told) {
		r->stop_told = true;
		tell(r, &(struct event){.kind = EVENT_STOP});
	}
}

/* 3. Sends. */

static void tell_send_failed(struct run *r, uint32_t id, const struct addr *to, int error)
{
	tell(r, &(struct event){.kind = EVENT_SEND_FAILED, .id = id, .error = error, .from = *to});
}

static void write_socket(struct run *r, struct io_socket *s)
{
	unsigned tries = 0;

	while (s->queue.first != NULL) {
		int n = datagrams_write(s->fd, s->queue.first, r->scope);

		if (n == -EAGAIN) {
			s->blocked = true;
			watch(s);
			return;
		}
		/* The kernel tells of an ICMP error by the next call, whatever that is: only an
		 * error that comes again and again is this datagram's own. */
		if (n < 0 && ++tries < SEND_TRIES)
			continue;
		if (n < 0) {
			const struct addr to = s->queue.first->to;

			outbox_drop_first(&r->outbox, &s->queue);
			tell_send_failed(r, s->id, &to, -n);
		}
		for (; n > 0; n--)
			outbox_drop_first(&r->outbox, &s->queue);
		tries = 0;
	}
}

static void write_sockets(struct run *r)
{
	while (r->dirty != NULL) {
		struct io_socket *s = r->dirty;

		r->dirty = s->next_dirty;
		s->dirty = false;
		write_socket(r, s);
	}
}

/* 2. The core's output. */

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void close_socket(struct run *r, struct io_socket *s)
{
	sockmap_remove(&r->sockets, s);
	while (s->queue.first != NULL)
		outbox_drop_first(&r->outbox, &s->queue);
	uv_close((uv_handle_t *)&s->poll, on_closed); /* forgets the descriptor at once */
	close(s->fd);
}

/* Return: 0 or a negative errno. */
static int open_socket(struct run *r, const struct action *a)
{
	struct io_socket *s;
	int rc;

	if (sockmap_find(&r->sockets, a->id) != NULL)
		return -EEXIST;
	if (r->sockets.count >= SOCKMAP_MAX)
		return -EMFILE;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;

	s->id = a->id;
	s->fd = sockets_open(&s->local, a, r->options->interface);
	rc = s->fd;
	if (rc >= 0) {
		rc = uv_poll_init(&r->loop, &s->poll, s->fd);
		if (rc != 0)
			close(s->fd);
	}
	if (rc < 0) {
		free(s);
		return rc;
	}
	s->poll.data = s;
	s->ip_header = a->socket == SOCKET_ICMP_RAW && addr_family(&s->local) == ADDR_V4;
	sockmap_add(&r->sockets, s);
	watch(s);
	return 0;
}

static void do_open(struct run *r, const struct action *a)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};
	const int rc = open_socket(r, a);

	if (rc != 0) {
		ev.kind = EVENT_OPEN_FAILED;
		ev.error = -rc;
		if (a->socket == SOCKET_UDP)
			r->options->error = -rc;
	} else {
		ev.local = sockmap_find(&r->sockets, a->id)->local;
	}
	tell(r, &ev);
}

static void do_send(struct run *r, const struct action *a)
{
	struct io_socket *s = sockmap_find(&r->sockets, a->id);

	if (s == NULL || a->len > sizeof(a->data)) {
		tell_send_failed(r, a->id, &a->to, s == NULL ? EBADF : EMSGSIZE);
		return;
	}
	if (!outbox_has_room(&r->outbox, &s->queue))
		write_sockets(r);
	if (!outbox_add(&r->outbox, &s->queue, a)) {
		tell_send_failed(r, a->id, &a->to, ENOBUFS);
		return;
	}
	if (!s->blocked)
		mark_dirty(r, s);
}

static void do_close(struct run *r, const struct action *a)
{
	struct io_socket *s = sockmap_find(&r->sockets, a->id);

	if (s == NULL)
		return;
	write_sockets(r); /* what was sent before the close leaves before it */
	close_socket(r, s);
}

/* Return: true if the core has nothing more to do now. */
static bool do_actions(struct run *r)
{
	for (unsigned i = 0; i < ACTIONS_PER_TURN; i++) {
		if (!r->ops->output(r->core, &r->action, r->now))
			return true;
		switch (r->action.kind) {
		case ACTION_OPEN:
			do_open(r, &r->action);
			break;
		case ACTION_SEND:
			do_send(r, &r->action);
			break;
		case ACTION_CLOSE:
			do_close(r, &r->action);
			break;
		case ACTION_READ:
		case ACTION_END:
			break;
		}
	}
	return false;
}

/* Return: the core's status after one turn; CORE_BUSY as long as it has not said all. */
static int turn(struct run *r)
{
	bool idle;

	r->now = clock_boottime();
	take_news(r);
	idle = do_actions(r);
	r->busy = !idle;
	write_sockets(r); /* a failure makes it busy again */
	if (r->options->on_turn != NULL)
		r->options->on_turn(r->options->user, r->now);
	r->turned = r->now;
	return idle ? r->ops->status(r->core) : CORE_BUSY;
}

static void wait_for_news(struct run *r)
{
	const struct run_options *o = r->options;
	nk_time at = r->ops->deadline(r->core);

	if (o->on_turn != NULL && o->tick > 0)
		at = nk_min(at, r->turned + o->tick);
	if (!r->busy && at != r->armed) {
		clock_timer_set(r->timer_fd, at);
		r->armed = at;
	}
	uv_run(&r->loop, r->busy ? UV_RUN_NOWAIT : UV_RUN_ONCE);
}

/* Notes why the loop could not be set up: @rc is a negative errno. */
static bool works(struct run *r, int rc)
{
	if (rc < 0)
		r->options->error = -rc;
	return rc >= 0;
}

static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static bool start_signals(struct run *r)
{
	static const int numbers[STOP_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < STOP_SIGNALS; i++) {
		if (numbers[i] == SIGHUP && is_ignored(SIGHUP))
			continue;
		if (!works(r, uv_signal_init(&r->loop, &r->signals[i])))
			return false;
		r->signals[i].data = r;
		if (!works(r, uv_signal_start(&r->signals[i], on_signal, numbers[i])))
			return false;
	}
	return true;
}

static bool start_poll(struct run *r, uv_poll_t *poll, int fd, uv_poll_cb on_event)
{
	if (!works(r, fd < 0 ? -errno : uv_poll_init(&r->loop, poll, fd)))
		return false;
	poll->data = r;
	return works(r, uv_poll_start(poll, UV_READABLE, on_event));
}

static bool start(struct run *r)
{
	r->now = clock_boottime();
	r->sleep = clock_sleep_start(r->now, clock_monotonic());
	r->armed = NK_NEVER;
	r->loop.data = r;
	if (r->options->interface != NULL)
		r->scope = if_nametoindex(r->options->interface);
	outbox_init(&r->outbox);
	datagrams_init(&r->in);

	r->timer_fd = clock_timer_open();
	if (!start_poll(r, &r->timer, r->timer_fd, on_timer) || !start_signals(r))
		return false;
	if (!r->options->watch_links)
		return true;
	r->links_fd = links_open();
	return start_poll(r, &r->links, r->links_fd, on_links);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void stop(struct run *r)
{
	for (size_t i = 0; i < SOCKMAP_BUCKETS; i++)
		while (r->sockets.buckets[i] != NULL)
			close_socket(r, r->sockets.buckets[i]);
	uv_walk(&r->loop, close_handle, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	if (r->timer_fd >= 0)
		close(r->timer_fd);
	if (r->links_fd >= 0)
		close(r->links_fd);
}

int run_core(const struct core_ops *ops, void *core, struct run_options *options)
{
	struct run *r = calloc(1, sizeof(*r));
	int rc;

	options->signal = options->error = 0;
	if (r == NULL)
		return NK_ERR_NO_MEMORY;
	r->ops = ops;
	r->core = core;
	r->options = options;
	r->timer_fd = -1;
	r->links_fd = -1;
	sockets_raise_limit();
	/* libuv aborts where it cannot have descriptors for its signals. */
	if (!works(r, sockets_spare()) || !works(r, uv_loop_init(&r->loop))) {
		free(r);
		return NK_ERR_SYSTEM;
	}

	rc = start(r) ? turn(r) : NK_ERR_SYSTEM;
	while (rc == CORE_BUSY) {
		wait_for_news(r);
		rc = r->stops > 1 ? NK_ERR_STOPPED : turn(r);
	}
	stop(r);
	free(r);
	return rc;
}
