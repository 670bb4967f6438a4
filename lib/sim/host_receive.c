/* What a kernel does with a packet: to a socket, answered, or both. Errors are those of Linux. */
#include <errno.h>
#include <string.h>

#include "sim/host_state.h"
#include "sim/packet_icmp.h"
#include "wire/icmp_echo.h"

static struct event datagram(const struct bind *s, const struct packet *p)
{
	return (struct event){
		.kind = EVENT_DATAGRAM,
		.id = s->id,
		.from = p->from,
		.local = p->to,
		.ttl = p->ttl,
		.data = p->data,
		.len = p->len,
	};
}

bool host_tell(struct host *h, const struct event *ev, nk_time now)
{
	if (h->ops == NULL || host_status(h) != CORE_BUSY)
		return false;
	host_input(h, ev, now);
	return true;
}

static void refuse(struct host *h, const struct packet *p, nk_time now)
{
	struct packet e = {.ttl = PACKET_TTL};

	if (!packet_may_be_answered(p) || !pace_allows(&h->errors, now))
		return;
	packet_make_error(&e, p, &p->to, PACKET_NO_PORT, 0);
	host_send(h, &e, NULL, 0);
}

static bool receive_udp(struct host *h, const struct packet *p, nk_time now)
{
	const struct bind *s = binds_for(&h->binds, SOCKET_UDP, &p->to);
	struct event ev;

	if (s == NULL) {
		refuse(h, p, now);
		return false;
	}
	ev = datagram(s, p);
	return host_tell(h, &ev, now);
}

static void answer_ping(struct host *h, const struct packet *p)
{
	const struct packet reply = {
		.kind = PACKET_QUERY,
		.from = p->to,
		.to = p->from,
		.ttl = PACKET_TTL,
		.reply = true,
		.seq = p->seq,
		.size = p->size,
	};

	host_send(h, &reply, p->data, p->len);
}

static bool receive_query(struct host *h, const struct packet *p, nk_time now)
{
	const struct addr whole = addr_with_port(p->to, 0);
	const struct bind *s = p->reply ? binds_for(&h->binds, SOCKET_ICMP, &p->to)
					: binds_for(&h->binds, SOCKET_ICMP_RAW, &whole);
	const struct icmp_echo echo = {.request = !p->reply,
				       .id = p->to.port,
				       .sequence = (uint16_t)p->seq,
				       .len = p->len};
	uint8_t message[ICMP_ECHO_HEADER + CORE_DATAGRAM_MAX];
	struct event ev;

	if (!p->reply)
		answer_ping(h, p);
	if (s == NULL || p->len > CORE_DATAGRAM_MAX - ICMP_ECHO_HEADER)
		return false;
	if (p->len > 0)
		memcpy(message + ICMP_ECHO_HEADER, p->data, p->len);
	ev = datagram(s, p);
	ev.from.port = ev.local.port = 0;
	ev.data = message;
	ev.len = icmp_echo_finish(message, addr_family(&p->to), &echo);
	return host_tell(h, &ev, now);
}

/* As Linux maps it (icmp_err_convert, icmpv6_err_convert); 0: not told. Sockets leave it to the
 * system to fragment (IP_PMTUDISC_DONT), so of IPv4 they do not hear that a packet was too big. */
static int errno_of(const struct packet *p)
{
	const bool v4 = addr_family(&p->to) == ADDR_V4;

	switch (p->error) {
	case PACKET_TTL_EXCEEDED:
	case PACKET_NO_HOST:
		return EHOSTUNREACH;
	case PACKET_NO_PORT:
		return ECONNREFUSED;
	case PACKET_PROHIBITED:
		return v4 ? EHOSTUNREACH : EACCES;
	case PACKET_TOO_BIG:
		return v4 ? 0 : EMSGSIZE;
	case PACKET_ERROR_OTHER:
	default:
		return EPROTO;
	}
}

static bool receive_error(struct host *h, const struct packet *p, nk_time now)
{
	const struct packet_quote *q = &p->quote;
	const bool ping = q->kind == PACKET_QUERY && !q->reply;
	const struct bind *s =
		q->kind == PACKET_UDP || ping
			? binds_for(&h->binds, ping ? SOCKET_ICMP : SOCKET_UDP, &q->from)
			: NULL;
	const struct icmp_code icmp = icmp_code_of(addr_family(&p->to), p->error);
	struct event ev = {
		.kind = EVENT_ICMP_ERROR,
		.error = errno_of(p),
		.from = q->to,
		.reporter = p->from,
		.icmp_type = icmp.type,
		.icmp_code = icmp.code,
	};

	if (q->kind == PACKET_TCP && ev.error != 0)
		return host_tcp_error(h, q, ev.error, now);
	if (s == NULL || ev.error == 0)
		return false;
	ev.id = s->id;
	if (ping)
		ev.from.port = 0;
	return host_tell(h, &ev, now);
}

bool host_receive(struct host *h, const struct packet *p, nk_time now)
{
	switch (p->kind) {
	case PACKET_UDP:
		return receive_udp(h, p, now);
	case PACKET_TCP:
		return host_tcp_receive(h, p, now);
	case PACKET_QUERY:
		return receive_query(h, p, now);
	case PACKET_ERROR:
		return receive_error(h, p, now);
	default:
		return false;
	}
}
