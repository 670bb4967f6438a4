/*
 * The TCP of hosts, as much as doors and knocks need: who connects is answered and reset, nothing
 * is sent twice, and all other connections are refused.
 */
#include <errno.h>

#include "sim/host_state.h"
#include "wire/ip.h"

#define FIRST_SEQ 1000 /* nobody here guesses */

static void send_segment(struct host *h, const struct addr *from, const struct addr *to,
			 uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct packet p = {
		.kind = PACKET_TCP,
		.from = *from,
		.to = *to,
		.ttl = PACKET_TTL,
		.flags = flags,
		.seq = seq,
		.ack = ack,
		.size = packet_ip_header(&(struct packet){.to = *to}) + IP_TCP_HEADER,
	};

	host_send(h, &p, NULL, 0);
}

void host_tcp_knock(struct host *h, struct bind *s, const struct addr *peer)
{
	s->peer = *peer;
	send_segment(h, &s->local, peer, PACKET_SYN, FIRST_SEQ, 0);
}

void host_tcp_close(struct host *h, const struct bind *s)
{
	if (s->accepted)
		send_segment(h, &s->local, &s->peer, PACKET_RST, FIRST_SEQ + 1, 0);
}

static bool knock_failed(struct host *h, const struct bind *s, int error, nk_time now)
{
	const struct event ev = {.kind = EVENT_OPEN_FAILED, .id = s->id, .error = error};

	binds_close(&h->binds, s->id);
	return host_tell(h, &ev, now);
}

/* What comes back to one who has knocked. */
static bool answered(struct host *h, struct bind *s, const struct packet *p, nk_time now)
{
	const struct event ev = {.kind = EVENT_OPENED, .id = s->id, .local = s->local};

	if (s->accepted || p->ack != FIRST_SEQ + 1)
		return false;
	if ((p->flags & PACKET_RST) != 0)
		return knock_failed(h, s, ECONNREFUSED, now);
	if ((p->flags & PACKET_SYN) == 0)
		return false;
	s->accepted = true;
	send_segment(h, &s->local, &s->peer, PACKET_ACK, FIRST_SEQ + 1, p->seq + 1);
	return host_tell(h, &ev, now);
}

static bool at_door(struct host *h, const struct bind *door, const struct packet *p, nk_time now)
{
	const struct event ev = {
		.kind = EVENT_KNOCK, .id = door->id, .from = p->from, .local = p->to};

	if ((p->flags & PACKET_RST) != 0)
		return false;
	if ((p->flags & PACKET_SYN) != 0) {
		send_segment(h, &p->to, &p->from, PACKET_SYN | PACKET_ACK, FIRST_SEQ, p->seq + 1);
		return false;
	}
	if (p->ack != FIRST_SEQ + 1)
		return false;
	send_segment(h, &p->to, &p->from, PACKET_RST, p->ack, 0);
	return host_tell(h, &ev, now);
}

bool host_tcp_receive(struct host *h, const struct packet *p, nk_time now)
{
	struct bind *knock = binds_for(&h->binds, SOCKET_TCP_KNOCK, &p->to);
	const struct bind *door = binds_for(&h->binds, SOCKET_TCP_DOOR, &p->to);
	struct packet reset = {.ttl = PACKET_TTL};

	if (knock != NULL && addr_eq(&knock->peer, &p->from))
		return answered(h, knock, p, now);
	if (door != NULL)
		return at_door(h, door, p, now);
	if ((p->flags & PACKET_RST) == 0) {
		packet_make_reset(&reset, p);
		host_send(h, &reset, NULL, 0);
	}
	return false;
}

bool host_tcp_error(struct host *h, const struct packet_quote *q, int error, nk_time now)
{
	const struct bind *s = binds_for(&h->binds, SOCKET_TCP_KNOCK, &q->from);

	if (s == NULL || s->accepted || !addr_eq(&s->peer, &q->to))
		return false;
	return knock_failed(h, s, error, now);
}
