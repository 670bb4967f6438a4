#include "sim/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The range that Linux hands out (net.ipv4.ip_local_port_range). */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_COUNT 28232

/* 28232 is 8 x 3529: a stride with neither factor visits every port before any one twice. */
#define EPHEMERAL_FACTOR 3529

struct socket {
	struct dict_node by_id, by_local;
	uint32_t id;
	struct addr local;
};

/**
 * struct host - A host
 * @sockets, @bound: The same sockets by id and by local address
 * @ephemeral, @stride: Where the walk over ephemeral ports is, and how it goes on
 */
struct host {
	const struct host_env *env;
	int number;
	struct addr addrs[NET_ADDRS_MAX];
	unsigned addr_count;
	const struct core_ops *ops;
	void *core;
	struct dict sockets, bound;
	struct slab slab;
	uint32_t ephemeral, stride;
	struct action action;
};

struct host *host_new(const struct host_env *env, int number, const struct addr *addrs,
		      unsigned count)
{
	struct host *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->env = env;
	h->number = number;
	for (unsigned i = 0; i < count && i < NET_ADDRS_MAX; i++)
		h->addrs[h->addr_count++] = addr_with_port(addrs[i], 0);
	h->slab = slab_make(sizeof(struct socket));
	h->ephemeral = rng_below(env->rng, EPHEMERAL_COUNT);
	do
		h->stride = 2 * rng_below(env->rng, EPHEMERAL_COUNT / 2) + 1;
	while (h->stride % EPHEMERAL_FACTOR == 0);
	return h;
}

static void close_all(struct host *h)
{
	dict_free(&h->sockets);
	dict_free(&h->bound);
	slab_free(&h->slab);
}

void host_free(struct host *h)
{
	if (h == NULL)
		return;
	close_all(h);
	free(h);
}

bool host_has(const struct host *h, const struct addr *a)
{
	for (unsigned i = 0; i < h->addr_count; i++)
		if (addr_same_ip(&h->addrs[i], a))
			return true;
	return false;
}

void host_attach(struct host *h, const struct core_ops *ops, void *core)
{
	close_all(h);
	h->ops = ops;
	h->core = core;
}

bool host_runs(const struct host *h, const void *core)
{
	return h->ops != NULL && h->core == core;
}

int host_status(const struct host *h)
{
	return h->ops->status(h->core);
}

static struct socket *socket_by_id(const struct host *h, uint32_t id)
{
	struct dict_node *t = dict_first(&h->sockets, dict_hash(&id, sizeof(id), 0));

	for (; t != NULL; t = dict_next(t)) {
		struct socket *s = dict_entry(t, struct socket, by_id);

		if (s->id == id)
			return s;
	}
	return NULL;
}

static struct socket *socket_at(const struct host *h, const struct addr *local)
{
	struct dict_node *t = dict_first(&h->bound, dict_hash(local, sizeof(*local), 0));

	for (; t != NULL; t = dict_next(t)) {
		struct socket *s = dict_entry(t, struct socket, by_local);

		if (addr_eq(&s->local, local))
			return s;
	}
	return NULL;
}

static enum addr_family family_of(const struct addr *a)
{
	return addr_family(a) == ADDR_V4 ? ADDR_V4 : ADDR_V6;
}

/* The address from which @to is reached, or NULL. */
static const struct addr *source_for(const struct host *h, const struct addr *to)
{
	for (unsigned i = 0; i < h->addr_count; i++)
		if (family_of(&h->addrs[i]) == family_of(to))
			return &h->addrs[i];
	return NULL;
}

static int bind_ephemeral(struct host *h, struct addr *local)
{
	for (unsigned i = 0; i < EPHEMERAL_COUNT; i++) {
		h->ephemeral = (h->ephemeral + h->stride) % EPHEMERAL_COUNT;
		local->port = (uint16_t)(EPHEMERAL_FIRST + h->ephemeral);
		if (socket_at(h, local) == NULL)
			return 0;
	}
	return EADDRINUSE;
}

/* Return: 0 with @local as it will be bound, or an errno value. */
static int choose_local(struct host *h, const struct action *a, struct addr *local)
{
	*local = a->local;
	if (addr_is_any(local)) {
		const struct addr *source = NULL;

		if (addr_family(&a->peer) != ADDR_NONE) {
			source = source_for(h, &a->peer);
			if (source == NULL)
				return ENETUNREACH;
			*local = addr_with_port(*source, local->port);
		}
	} else if (!host_has(h, local)) {
		return EADDRNOTAVAIL;
	}
	if (local->port == 0)
		return bind_ephemeral(h, local);
	return socket_at(h, local) == NULL ? 0 : EADDRINUSE;
}

static int open_socket(struct host *h, const struct action *a, struct addr *local)
{
	int error;

	if (a->socket != SOCKET_UDP)
		return EPROTONOSUPPORT;
	if (socket_by_id(h, a->id) != NULL)
		return EBUSY;
	error = choose_local(h, a, local);
	if (error != 0)
		return error;

	struct socket *s = slab_get(&h->slab);

	if (s == NULL)
		return ENOMEM;
	*s = (struct socket){.id = a->id, .local = *local};
	if (!dict_add(&h->sockets, &s->by_id, dict_hash(&s->id, sizeof(s->id), 0))) {
		slab_put(&h->slab, s);
		return ENOMEM;
	}
	if (!dict_add(&h->bound, &s->by_local, dict_hash(local, sizeof(*local), 0))) {
		dict_del(&h->sockets, &s->by_id);
		slab_put(&h->slab, s);
		return ENOMEM;
	}
	return 0;
}

static void do_open(struct host *h, const struct action *a, nk_time now)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};

	ev.error = open_socket(h, a, &ev.local);
	if (ev.error != 0)
		ev.kind = EVENT_OPEN_FAILED;
	host_input(h, &ev, now);
}

static int emit(struct host *h, const struct action *a, const struct addr *from)
{
	struct packet *p = h->env->get(h->env->user, a->len);

	if (p == NULL)
		return ENOBUFS;
	p->kind = PACKET_UDP;
	p->from = *from;
	p->to = a->to;
	if (a->ttl != 0)
		p->ttl = a->ttl;
	p->len = a->len;
	p->size = addr_overhead(&a->to) + a->len;
	memcpy(p->data, a->data, a->len);
	h->env->send(h->env->user, h->number, p);
	return 0;
}

static int send_from(struct host *h, const struct action *a)
{
	const struct socket *s = socket_by_id(h, a->id);
	struct addr from;

	if (s == NULL)
		return EBADF;
	if (a->len > CORE_DATAGRAM_MAX)
		return EMSGSIZE;
	from = addr_is_any(&a->local) ? s->local : addr_with_port(a->local, s->local.port);
	if (family_of(&from) != family_of(&a->to))
		return EAFNOSUPPORT;
	if (addr_is_any(&from)) {
		const struct addr *source = source_for(h, &a->to);

		if (source == NULL)
			return ENETUNREACH;
		from = addr_with_port(*source, s->local.port);
	}
	if (!host_has(h, &from))
		return EADDRNOTAVAIL;
	return emit(h, a, &from);
}

static void do_send(struct host *h, const struct action *a, nk_time now)
{
	struct event ev = {.kind = EVENT_SEND_FAILED, .id = a->id};

	ev.error = send_from(h, a);
	if (ev.error != 0)
		host_input(h, &ev, now);
}

static void do_close(struct host *h, const struct action *a)
{
	struct socket *s = socket_by_id(h, a->id);

	if (s == NULL)
		return;
	dict_del(&h->sockets, &s->by_id);
	dict_del(&h->bound, &s->by_local);
	slab_put(&h->slab, s);
}

void host_input(struct host *h, const struct event *ev, nk_time now)
{
	if (h->ops != NULL && host_status(h) == CORE_BUSY)
		h->ops->input(h->core, ev, now);
}

bool host_receive(struct host *h, const struct packet *p, nk_time now)
{
	const struct addr any = addr_any(family_of(&p->to), p->to.port);
	const struct socket *s = socket_at(h, &p->to);
	struct event ev = {
		.kind = EVENT_DATAGRAM,
		.from = p->from,
		.local = p->to,
		.ttl = p->ttl,
		.data = p->data,
		.len = p->len,
	};

	if (p->kind != PACKET_UDP)
		return false;
	if (s == NULL)
		s = socket_at(h, &any);
	if (s == NULL || host_status(h) != CORE_BUSY)
		return false;
	ev.id = s->id;
	host_input(h, &ev, now);
	return true;
}

nk_time host_turn(struct host *h, nk_time now)
{
	if (h->ops == NULL)
		return NK_NEVER;
	while (h->ops->output(h->core, &h->action, now)) {
		switch (h->action.kind) {
		case ACTION_OPEN:
			do_open(h, &h->action, now);
			break;
		case ACTION_SEND:
			do_send(h, &h->action, now);
			break;
		case ACTION_CLOSE:
			do_close(h, &h->action);
			break;
		}
	}
	if (host_status(h) != CORE_BUSY) {
		close_all(h);
		return NK_NEVER;
	}

	const nk_time next = h->ops->deadline(h->core);

	if (next > now)
		return next;
	h->env->stats->late++;
	return now + NK_MS;
}
