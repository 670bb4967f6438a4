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
#include <unistd.h>

#include "base/err.h"
#include "io/links.h"
#include "io/run_state.h"
#include "io/sockets.h"

#define ACTIONS_PER_TURN 512 /* so that replies are read in between */
#define STOPS_APART      (50 * NK_MS)

nk_time run_now(void)
{
	return clock_boottime();
}

void run_tell(struct run *r, const struct event *ev)
{
	r->ops->input(r->core, ev, r->now);
	r->busy = true;
}

void run_tell_send_failed(struct run *r, const struct action *a, int error)
{
	run_tell(r, &(struct event){
			    .kind = EVENT_SEND_FAILED, .id = a->id, .error = error, .from = a->to});
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
	const nk_time now = clock_boottime();

	/* timeout(1) sends it to its program, and to all in its group: that is one wish. */
	if (r->stops > 0 && now < r->stopped + STOPS_APART)
		return;
	r->stops++;
	r->stopped = now;
	if (r->options->signal == 0)
		r->options->signal = signum;
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
	(void)handle;
	(void)status;
	(void)events; /* the turn looks */
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

/* 1. Replies and other news. */

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
		run_tell(r, &(struct event){.kind = EVENT_LINK_LOST});
		uv_poll_stop(&r->links); /* it is told once */
	}
	freeifaddrs(all);
}

static void take_news(struct run *r)
{
	if (clock_slept(&r->sleep, r->now, clock_monotonic()))
		run_tell(r, &(struct event){.kind = EVENT_RESUMED});
	run_sockets_read(r);
	run_shared_read(r);
	run_tcp_read(r);
	run_streams_serve(r);
	look_at_links(r);
	if (r->stops > 0 && !r->stop_told) {
		r->stop_told = true;
		run_tell(r, &(struct event){.kind = EVENT_STOP});
	}
}

/* 2. The core's output. */

static void do_open(struct run *r, const struct action *a)
{
	switch (a->socket) {
	case SOCKET_STREAM:
		run_streams_open(r, a);
		break;
	case SOCKET_SHARED:
		run_shared_open(r, a);
		break;
	case SOCKET_TCP_DOOR:
	case SOCKET_TCP_KNOCK:
		run_tcp_open(r, a);
		break;
	default:
		run_sockets_open(r, a);
	}
}

static void do_action(struct run *r, const struct action *a)
{
	switch (a->kind) {
	case ACTION_OPEN:
		do_open(r, a);
		break;
	case ACTION_SEND:
		if (!run_sockets_send(r, a) && !run_shared_send(r, a) && !run_streams_send(r, a))
			run_tell_send_failed(r, a, EBADF);
		break;
	case ACTION_CLOSE:
		if (!run_sockets_close(r, a) && !run_shared_close(r, a) && !run_tcp_close(r, a))
			run_streams_close(r, a);
		break;
	case ACTION_READ:
		run_streams_read(r, a);
		break;
	case ACTION_END:
		run_streams_end(r, a);
		break;
	}
}

/* Return: true if the core has nothing more to do now. */
static bool do_actions(struct run *r)
{
	for (unsigned i = 0; i < ACTIONS_PER_TURN; i++) {
		struct action *a = outbox_next(&r->outbox);

		a->many = false; /* as long as the core does not say so */
		if (!r->ops->output(r->core, a, r->now))
			return true;
		do_action(r, a);
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
	r->busy = !idle || r->ready != NULL;
	run_sockets_write(r); /* a failure makes it busy again */
	run_streams_serve(r); /* and so do files, which are always ready */
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
	static const int numbers[RUN_STOP_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < RUN_STOP_SIGNALS; i++) {
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
	if (r->options->wake_fd > 0 && !start_poll(r, &r->wake, r->options->wake_fd, on_wake))
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
	run_sockets_close_all(r);
	run_shared_close_all(r);
	run_tcp_close_all(r);
	run_streams_close_all(r);
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

	options->signal = options->error = options->stream_error = 0;
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
