#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "edge.h"
#include "io/clock.h"

#define EVENTS_MAX  64
#define WATCHES_MAX (NET_HOSTS_MAX + 64)

/* What the loop waits for; unused ones have no @ready. */
struct watch {
	int fd;
	bool (*ready)(void *user);
	void *user;
};

struct engine {
	struct net *net;
	struct capture *capture;
	struct rng rng;
	struct edge edges[NET_HOSTS_MAX];
	struct watch watches[WATCHES_MAX];
	int epoll;
	bool stopped;
};

static void deliver(void *user, int host, const struct packet *p, nk_time now)
{
	struct engine *e = user;

	(void)now;
	edge_write(&e->edges[host], p);
}

static void tap(void *user, enum net_place place, int number, const struct packet *p, nk_time now)
{
	const struct engine *e = user;

	capture_tap(e->capture, place, number, p, now);
}

static bool add_nodes(struct net *net, const struct topology *t)
{
	net_turn(net, clock_monotonic()); /* they have been up since now */
	for (unsigned i = 0; i < t->node_count; i++) {
		const struct topology_node *n = &t->nodes[i];

		if (net_add_node(net, n->nat[0] != '\0' ? &n->spec : NULL, n->inside,
				 n->inside_count, n->behind) < 0)
			return false;
		net_set_node_link(net, (int)i, &n->link.up, &n->link.down);
	}
	return true;
}

static bool add_hosts(struct engine *e, const struct topology *t, const struct hosts *hosts)
{
	for (unsigned i = 0; i < t->host_count; i++) {
		const struct topology_host *h = &t->hosts[i];

		if (net_add_host(e->net, h->addrs, h->addr_count, h->behind) < 0)
			return false;
		net_set_link(e->net, (int)i, &h->link.up, &h->link.down);
		if (!edge_init(&e->edges[i], e->net, t, i, hosts->host[i].tun) ||
		    !engine_watch(e, hosts->host[i].tun, edge_read, &e->edges[i]))
			return false;
	}
	return true;
}

struct engine *engine_new(const struct topology *t, const struct hosts *hosts,
			  struct capture *capture)
{
	struct engine *e = calloc(1, sizeof(*e));
	const struct net_hooks hooks = {
		.deliver = deliver, .tap = capture != NULL ? tap : NULL, .user = e};

	if (e == NULL)
		return NULL;
	e->capture = capture;
	rng_seed_from_number(&e->rng, t->seed);
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	e->net = net_new(&hooks, &e->rng);
	if (e->epoll < 0 || e->net == NULL || !add_nodes(e->net, t) || !add_hosts(e, t, hosts)) {
		const int err = e->epoll >= 0 ? ENOMEM : errno;

		engine_free(e);
		errno = err;
		return NULL;
	}
	return e;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	for (unsigned i = 0; i < NET_HOSTS_MAX; i++)
		edge_free(&e->edges[i]);
	net_free(e->net);
	if (e->epoll >= 0)
		close(e->epoll);
	free(e);
}

struct net *engine_net(struct engine *e)
{
	return e->net;
}

bool engine_watch(struct engine *e, int fd, bool (*ready)(void *user), void *user)
{
	struct epoll_event ev = {.events = EPOLLIN};
	unsigned i = 0;

	while (i < WATCHES_MAX && e->watches[i].ready != NULL)
		i++;
	if (i == WATCHES_MAX) {
		errno = ENOSPC;
		return false;
	}
	ev.data.u32 = i;
	if (epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		return false;
	e->watches[i] = (struct watch){.fd = fd, .ready = ready, .user = user};
	return true;
}

static void run_watch(struct engine *e, struct watch *w)
{
	const int fd = w->fd;

	if (w->ready(w->user))
		return;
	w->ready = NULL;
	epoll_ctl(e->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed, and gone already */
}

/* Return: how many are ready, or -1 and errno. */
static int wait_ready(struct engine *e, struct epoll_event ready[static EVENTS_MAX])
{
	const nk_time next = net_next(e->net);
	const nk_time left = next == NK_NEVER ? NK_NEVER : nk_max(next - clock_monotonic(), 0);
	const struct timespec ts = {.tv_sec = left / NK_S, .tv_nsec = left % NK_S * 1000};
	int n;

	if (e->capture != NULL && left > 0)
		capture_flush(e->capture);
	n = epoll_pwait2(e->epoll, ready, EVENTS_MAX, left == NK_NEVER ? NULL : &ts, NULL);
	return n < 0 && errno == EINTR ? 0 : n;
}

/* What is due is done before and after packets are taken in, so that a full
 * device does not make others late. */
static void do_due(struct engine *e)
{
	const nk_time now = clock_monotonic();

	while (net_turn(e->net, now))
		;
}

int engine_run(struct engine *e)
{
	struct epoll_event ready[EVENTS_MAX];

	/* Programs were started before: they are not to inherit it. */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	e->stopped = false;
	while (!e->stopped) {
		const int n = wait_ready(e, ready);

		if (n < 0)
			return -1;
		do_due(e);
		for (int i = 0; i < n; i++) {
			run_watch(e, &e->watches[ready[i].data.u32]);
			do_due(e);
		}
	}
	return 0;
}

void engine_stop(struct engine *e)
{
	e->stopped = true;
}
