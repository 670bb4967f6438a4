#include "core/call/forward.h"

#include <string.h>

#include "base/bytes.h"

static bool takes_part(const struct forwards *f)
{
	return f->options->payload == PUNCH_FORWARD;
}

void forwards_init(struct forwards *f, const struct punch_options *options, uint32_t first_id)
{
	f->options = options;
	f->first_id = first_id;
	for (unsigned i = 0; takes_part(f) && i < options->forward_count; i++)
		f->listening[i] = FORWARD_WANTED;
}

static struct addr loopback(uint16_t port)
{
	return addr_v4(127, 0, 0, 1, port);
}

static bool serves(const struct forwards *f, uint16_t port)
{
	for (unsigned i = 0; takes_part(f) && i < f->options->serve_count; i++)
		if (f->options->serve[i] == port)
			return true;
	return false;
}

/* Flows */

static struct flow *find_flow(struct forwards *f, bool served, unsigned call, uint16_t number)
{
	for (unsigned i = 0; i < FORWARD_FLOWS; i++) {
		struct flow *w = &f->flows[i];

		if (w->used != 0 && w->served == served && w->call == call && w->number == number)
			return w;
	}
	return NULL;
}

static struct flow *flow_of_program(struct forwards *f, unsigned call, unsigned forward,
				    const struct addr *from)
{
	for (unsigned i = 0; i < FORWARD_FLOWS; i++) {
		struct flow *w = &f->flows[i];

		if (w->used != 0 && !w->served && w->call == call && w->forward == forward &&
		    addr_eq(&w->from, from))
			return w;
	}
	return NULL;
}

/* What becomes of the socket of a place that another flow takes. */
static enum forward_socket socket_for(bool served, enum forward_socket was)
{
	if (was == FORWARD_CLOSED || was == FORWARD_WANTED)
		return served ? FORWARD_WANTED : FORWARD_CLOSED;
	return served ? FORWARD_STALE : FORWARD_DROPPED;
}

/* A place for a new flow: that which has been silent longest makes room. */
static struct flow *new_flow(struct forwards *f, bool served, nk_time now)
{
	struct flow *oldest = &f->flows[0];

	for (unsigned i = 1; i < FORWARD_FLOWS; i++)
		if (f->flows[i].used < oldest->used)
			oldest = &f->flows[i];
	*oldest = (struct flow){
		.used = nk_max(now, 1),
		.served = served,
		.socket = socket_for(served, oldest->socket),
	};
	return oldest;
}

/* From a program here to the peer */

enum direction { TO_SERVED, BACK, NOT_SERVED };

static size_t pack(uint8_t *out, enum direction direction, uint16_t port, uint16_t number,
		   const struct event *ev)
{
	struct wr w = wr_make(out, SESSION_DATAGRAM_MAX);

	wr_u8(&w, (uint8_t)direction);
	wr_be16(&w, port);
	wr_be16(&w, number);
	wr_bytes(&w, ev->data, ev->len);
	return w.bad ? 0 : w.len;
}

static size_t from_program(struct forwards *f, unsigned forward, const struct event *ev,
			   int speaker, unsigned *call, uint8_t *out, nk_time now)
{
	const uint16_t port = f->options->forwards[forward].peer_port;
	struct flow *w;

	if (speaker < 0)
		return 0;
	*call = (unsigned)speaker;
	w = flow_of_program(f, *call, forward, &ev->from);
	if (w == NULL) {
		w = new_flow(f, false, now);
		w->call = *call;
		w->forward = forward;
		w->from = ev->from;
		w->port = port;
		w->number = f->numbers++;
	}
	w->used = nk_max(now, 1);
	return pack(out, TO_SERVED, port, w->number, ev);
}

static size_t from_server(struct flow *w, const struct event *ev, unsigned *call, uint8_t *out,
			  nk_time now)
{
	const struct addr server = loopback(w->port);

	if (!addr_eq(&ev->from, &server))
		return 0;
	*call = w->call;
	w->used = nk_max(now, 1);
	return pack(out, BACK, w->port, w->number, ev);
}

static enum forward_socket *socket_of(struct forwards *f, uint32_t id)
{
	const uint32_t i = id - f->first_id;

	return i < NATPUNCH_FORWARDS_MAX ? &f->listening[i]
					 : &f->flows[i - NATPUNCH_FORWARDS_MAX].socket;
}

size_t forwards_input(struct forwards *f, const struct event *ev, int speaker, unsigned *call,
		      uint8_t *out, nk_time now)
{
	const uint32_t i = ev->id - f->first_id;
	enum forward_socket *socket = socket_of(f, ev->id);

	if (ev->kind == EVENT_OPENED && *socket == FORWARD_ASKED)
		*socket = FORWARD_OPEN;
	else if (ev->kind == EVENT_OPEN_FAILED)
		*socket = FORWARD_CLOSED;
	if (ev->kind != EVENT_DATAGRAM)
		return 0;
	return i < NATPUNCH_FORWARDS_MAX
		       ? from_program(f, i, ev, speaker, call, out, now)
		       : from_server(&f->flows[i - NATPUNCH_FORWARDS_MAX], ev, call, out, now);
}

/* From the peer to a program here */

static void send_later(struct forwards *f, uint32_t id, const struct addr *to, struct rd payload)
{
	const size_t len = rd_left(&payload);
	struct forwarded *w;

	if (len > sizeof(w->bytes) || f->out_count == FORWARD_QUEUE)
		return;
	w = &f->out[(f->out_first + f->out_count++) % FORWARD_QUEUE];
	w->id = id;
	w->to = *to;
	w->len = len;
	memcpy(w->bytes, payload.p, len);
}

static void to_server(struct forwards *f, unsigned call, uint16_t port, uint16_t number,
		      struct rd payload, nk_time now)
{
	struct flow *w = find_flow(f, true, call, number);
	struct addr server = loopback(port);

	if (w == NULL) {
		w = new_flow(f, true, now);
		w->call = call;
		w->port = port;
		w->number = number;
	}
	w->used = nk_max(now, 1);
	server.port = w->port;
	send_later(f, f->first_id + NATPUNCH_FORWARDS_MAX + (uint32_t)(w - f->flows), &server,
		   payload);
}

static void to_program(struct forwards *f, unsigned call, uint16_t number, struct rd payload,
		       nk_time now)
{
	struct flow *w = find_flow(f, false, call, number);

	if (w == NULL)
		return;
	w->used = nk_max(now, 1);
	send_later(f, f->first_id + w->forward, &w->from, payload);
}

/* Return: the port, if that is news. */
static uint16_t is_unserved(struct forwards *f, unsigned call, uint16_t number)
{
	const struct flow *w = find_flow(f, false, call, number);

	if (w == NULL || f->unserved[w->forward])
		return 0;
	f->unserved[w->forward] = true;
	return w->port;
}

size_t forwards_take(struct forwards *f, unsigned call, const uint8_t *bytes, size_t len,
		     uint8_t reply[static FORWARD_HEADER], uint16_t *unserved, nk_time now)
{
	struct rd r = rd_make(bytes, len);
	const uint8_t direction = rd_u8(&r);
	const uint16_t port = rd_be16(&r);
	const uint16_t number = rd_be16(&r);

	*unserved = 0;
	if (r.bad)
		return 0;
	if (direction == TO_SERVED && !serves(f, port))
		return pack(reply, NOT_SERVED, port, number, &(struct event){.len = 0});
	if (direction == TO_SERVED)
		to_server(f, call, port, number, r, now);
	else if (direction == BACK)
		to_program(f, call, number, r, now);
	else if (direction == NOT_SERVED)
		*unserved = is_unserved(f, call, number);
	return 0;
}

void forwards_forget(struct forwards *f, unsigned call)
{
	for (unsigned i = 0; i < FORWARD_FLOWS; i++) {
		struct flow *w = &f->flows[i];

		if (w->used == 0 || w->call != call)
			continue;
		w->used = 0;
		if (w->socket != FORWARD_CLOSED)
			w->socket = FORWARD_DROPPED;
	}
}

/* What is to be done */

static bool turn_socket(enum forward_socket *socket, struct action *action)
{
	switch (*socket) {
	case FORWARD_WANTED:
		*socket = FORWARD_ASKED;
		action->kind = ACTION_OPEN;
		return true;
	case FORWARD_STALE:
		*socket = FORWARD_WANTED;
		action->kind = ACTION_CLOSE;
		return true;
	case FORWARD_DROPPED:
		*socket = FORWARD_CLOSED;
		action->kind = ACTION_CLOSE;
		return true;
	default:
		return false;
	}
}

static bool turn_sockets(struct forwards *f, struct action *action)
{
	for (uint32_t i = 0; i < FORWARD_IDS; i++) {
		if (!turn_socket(socket_of(f, f->first_id + i), action))
			continue;
		action->id = f->first_id + i;
		action->socket = SOCKET_UDP;
		action->peer = (struct addr){0};
		action->local =
			i < NATPUNCH_FORWARDS_MAX ? f->options->forwards[i].local : loopback(0);
		return true;
	}
	return false;
}

static bool send_next(struct forwards *f, struct action *action)
{
	while (f->out_count > 0) {
		const struct forwarded *w = &f->out[f->out_first];

		f->out_first = (f->out_first + 1) % FORWARD_QUEUE;
		f->out_count--;
		if (*socket_of(f, w->id) != FORWARD_OPEN)
			continue;
		action->kind = ACTION_SEND;
		action->id = w->id;
		action->local = (struct addr){0};
		action->to = w->to;
		action->ttl = 0;
		action->len = w->len;
		memcpy(action->data, w->bytes, w->len);
		return true;
	}
	return false;
}

bool forwards_output(struct forwards *f, struct action *action)
{
	return takes_part(f) && (turn_sockets(f, action) || send_next(f, action));
}
