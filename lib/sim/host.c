#include "sim/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/host_state.h"
#include "wire/icmp_echo.h"

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
	h->binds = binds_make(env->rng);
	return h;
}

void host_free(struct host *h)
{
	if (h == NULL)
		return;
	binds_close_all(&h->binds);
	free(h);
}

static bool has(const struct host *h, const struct addr *a)
{
	for (unsigned i = 0; i < h->addr_count; i++)
		if (addr_same_ip(&h->addrs[i], a))
			return true;
	return false;
}

bool host_readdress(struct host *h, unsigned index, const struct addr *to)
{
	const struct addr was = h->addrs[index];

	h->addrs[index] = addr_with_port(*to, 0);
	return !addr_same_ip(&was, to) && binds_use(&h->binds, &was);
}

void host_attach(struct host *h, const struct core_ops *ops, void *core)
{
	binds_close_all(&h->binds);
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

/* Return: 0 with @local as it is to be bound, or an errno value. */
static int choose_local(struct host *h, const struct action *a, struct addr *local)
{
	const struct addr *source;

	*local = a->local;
	if (!addr_is_any(local))
		return has(h, local) ? 0 : EADDRNOTAVAIL;
	if (addr_family(&a->peer) == ADDR_NONE)
		return 0;
	source = source_for(h, &a->peer);
	if (source == NULL)
		return ENETUNREACH;
	*local = addr_with_port(*source, local->port);
	return 0;
}

static void do_open(struct host *h, const struct action *a, nk_time now)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};

	ev.error = choose_local(h, a, &ev.local);
	if (ev.error == 0)
		ev.error = binds_open(&h->binds, a->id, a->socket, &ev.local);
	if (ev.error != 0)
		ev.kind = EVENT_OPEN_FAILED;
	if (ev.error == 0 && a->socket == SOCKET_TCP_KNOCK)
		host_tcp_knock(h, binds_find(&h->binds, a->id), &a->peer);
	else
		host_input(h, &ev, now);
}

static void do_close(struct host *h, uint32_t id)
{
	const struct bind *s = binds_find(&h->binds, id);

	if (s != NULL && s->kind == SOCKET_TCP_KNOCK)
		host_tcp_close(h, s);
	binds_close(&h->binds, id);
}

int host_send(struct host *h, const struct packet *p, const uint8_t *payload, size_t len)
{
	struct packet *out = h->env->get(h->env->user, len);
	uint8_t *data;
	size_t room;

	if (out == NULL)
		return ENOBUFS;
	data = out->data;
	room = out->room;
	*out = *p;
	out->fragments = 1;
	out->data = data;
	out->room = room;
	out->len = len;
	if (len > 0)
		memcpy(data, payload, len);
	h->env->send(h->env->user, h->number, out);
	return 0;
}

/* A message of a socket of an ICMP kind. Those for pings send requests of their id alone. */
static int send_query(struct host *h, const struct bind *s, const struct action *a,
		      struct packet *p)
{
	struct icmp_echo echo;

	if (icmp_echo_read(&echo, family_of(&p->to), a->data, a->len) != 0 ||
	    (s->kind == SOCKET_ICMP && !echo.request))
		return EINVAL;
	p->kind = PACKET_QUERY;
	p->reply = !echo.request;
	p->seq = echo.sequence;
	p->from.port = p->to.port = s->kind == SOCKET_ICMP ? s->local.port : echo.id;
	p->size = addr_overhead(&p->to) + echo.len;
	return host_send(h, p, echo.payload, echo.len);
}

static int send_by(struct host *h, const struct bind *s, const struct action *a,
		   const struct addr *from)
{
	struct packet p = {
		.kind = PACKET_UDP,
		.from = *from,
		.to = a->to,
		.ttl = a->ttl != 0 ? a->ttl : PACKET_TTL,
		.size = addr_overhead(&a->to) + a->len,
	};

	return s->kind == SOCKET_UDP ? host_send(h, &p, a->data, a->len) : send_query(h, s, a, &p);
}

/* The address to send from. Return: 0 or an errno value. */
static int choose_source(const struct host *h, const struct bind *s, const struct action *a,
			 struct addr *from)
{
	*from = addr_is_any(&a->local) ? s->local : addr_with_port(a->local, s->local.port);
	if (family_of(from) != family_of(&a->to))
		return EAFNOSUPPORT;
	if (addr_is_any(from)) {
		const struct addr *source = source_for(h, &a->to);

		if (source == NULL)
			return ENETUNREACH;
		*from = addr_with_port(*source, s->local.port);
	}
	return has(h, from) ? 0 : EADDRNOTAVAIL;
}

static int send_from(struct host *h, const struct action *a)
{
	const struct bind *s = binds_find(&h->binds, a->id);
	struct addr from;
	int error;

	if (s == NULL)
		return EBADF;
	if (a->len > CORE_DATAGRAM_MAX)
		return EMSGSIZE;
	error = choose_source(h, s, a, &from);
	if (error != 0)
		return error;
	++*h->env->sent;
	return send_by(h, s, a, &from);
}

static void do_send(struct host *h, const struct action *a, nk_time now)
{
	struct event ev = {.kind = EVENT_SEND_FAILED, .id = a->id};

	ev.error = send_from(h, a);
	if (ev.error != 0)
		host_input(h, &ev, now);
}

void host_input(struct host *h, const struct event *ev, nk_time now)
{
	if (h->ops != NULL && host_status(h) == CORE_BUSY)
		h->ops->input(h->core, ev, now);
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
			do_close(h, h->action.id);
			break;
		case ACTION_READ:
		case ACTION_END:
			break; /* hosts here have no streams */
		}
	}
	if (host_status(h) != CORE_BUSY) {
		binds_close_all(&h->binds);
		return NK_NEVER;
	}

	const nk_time next = h->ops->deadline(h->core);

	if (next > now)
		return next;
	++*h->env->late;
	return now + NK_MS;
}
