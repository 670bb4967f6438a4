#include "sim/plain_server.h"

#include <string.h>

#include "wire/stun.h"

#define SOFTWARE "Plain STUN server"

/* coturn pads each answer to a padded request to about one MTU. */
#define PADDING 1500

void plain_server_start(struct plain_server *s, const struct addr *primary,
			const struct addr *alternate, unsigned faults, uint64_t seed)
{
	*s = (struct plain_server){.faults = faults};
	s->addrs[0] = *primary;
	if (alternate != NULL)
		s->addrs[1] = *alternate;
	s->ports[0] = STUN_PORT;
	s->ports[1] = STUN_PORT + 1;
	rng_seed_from_number(&s->rng, seed);
}

static bool has_alternate(const struct plain_server *s)
{
	return addr_family(&s->addrs[1]) != ADDR_NONE;
}

static struct addr endpoint(const struct plain_server *s, uint32_t socket)
{
	return addr_with_port(s->addrs[socket / 2], s->ports[socket % 2]);
}

/* RFC 5780 section 6.1, table 1. */
static uint32_t answering_socket(const struct plain_server *s, uint32_t asked, uint8_t change)
{
	uint32_t socket = asked;

	if ((s->faults & PLAIN_CHANGE_IGNORED) != 0)
		return asked;
	if ((change & STUN_CHANGE_PORT) != 0)
		socket ^= 1;
	if ((change & STUN_CHANGE_IP) != 0)
		socket = (s->faults & PLAIN_OTHER_FIXED) != 0 ? (socket | 2) : (socket ^ 2);
	return socket;
}

static struct addr other_address(const struct plain_server *s, uint32_t asked)
{
	if ((s->faults & PLAIN_OTHER_IS_SELF) != 0)
		return endpoint(s, asked);
	return endpoint(s, (s->faults & PLAIN_OTHER_FIXED) != 0 ? 3 : asked ^ 3);
}

static void put(struct plain_server *s, uint32_t socket, const struct addr *to, const void *data,
		size_t len)
{
	if (s->waiting == PLAIN_OUTBOX)
		return;

	struct action *a = &s->outbox[s->waiting++];

	a->kind = ACTION_SEND;
	a->id = socket;
	a->local = (struct addr){.port = 0};
	a->to = *to;
	a->ttl = 0;
	a->len = len;
	memcpy(a->data, data, len);
}

/* An answer, and what the faults make of it. */
static void answer(struct plain_server *s, uint32_t socket, const struct addr *to, const void *data,
		   size_t len)
{
	const unsigned wrong = PLAIN_WRONG_SOURCE | PLAIN_WRONG_TID | PLAIN_GARBAGE;
	uint8_t bent[CORE_DATAGRAM_MAX];
	uint32_t from = socket;

	if ((s->faults & wrong) == 0) {
		put(s, socket, to, data, len);
		return;
	}
	memcpy(bent, data, len);
	if ((s->faults & PLAIN_WRONG_TID) != 0)
		bent[8 + rng_below(&s->rng, STUN_TID)] ^= 0x10;
	if ((s->faults & PLAIN_GARBAGE) != 0)
		rng_bytes(&s->rng, bent, len);
	if ((s->faults & PLAIN_WRONG_SOURCE) != 0)
		from ^= has_alternate(s) ? 3 : 1;
	put(s, from, to, bent, len);
	if ((s->faults & PLAIN_TRUTH_TOO) != 0)
		put(s, socket, to, data, len);
}

static void refuse(struct plain_server *s, const struct event *ev, const struct stun_msg *m,
		   uint16_t code, uint16_t unknown)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = wr_make(buf, sizeof(buf));

	stun_begin(&w, m->method, STUN_ERROR, m->tid);
	stun_put_error(&w, code, code == 420 ? "Unknown attribute" : "Bad request");
	if (unknown != 0)
		stun_put_unknown(&w, &unknown, 1);
	answer(s, ev->id, &ev->from, buf, stun_end(&w));
}

static void succeed(struct plain_server *s, const struct event *ev, const struct stun_msg *m)
{
	const uint32_t socket = answering_socket(s, ev->id, m->change);
	const struct addr origin = endpoint(s, socket);
	const struct addr other = other_address(s, ev->id);
	struct addr to = ev->from;
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = wr_make(buf, sizeof(buf));

	stun_begin(&w, m->method, STUN_SUCCESS, m->tid);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &ev->from);
	stun_put_addr(&w, STUN_MAPPED_ADDRESS, &ev->from);
	stun_put_addr(&w, STUN_RESPONSE_ORIGIN, &origin);
	if (has_alternate(s))
		stun_put_addr(&w, STUN_OTHER_ADDRESS, &other);
	stun_put_bytes(&w, STUN_SOFTWARE, SOFTWARE, sizeof(SOFTWARE) - 1);
	if (m->has_padding)
		stun_put_padding(&w, PADDING);
	if (m->response_port != 0 && (s->faults & PLAIN_RESPONSE_PORT_IGNORED) == 0)
		to.port = m->response_port;
	answer(s, socket, &to, buf, stun_end(&w));
}

static void binding(struct plain_server *s, const struct event *ev, const struct stun_msg *m)
{
	s->asked++;
	if ((s->faults & PLAIN_SILENT) != 0)
		return;
	if (m->unknown_count > 0)
		refuse(s, ev, m, 420, m->unknown[0]);
	else if (m->change != 0 && (!has_alternate(s) || (s->faults & PLAIN_CHANGE_REFUSED) != 0))
		refuse(s, ev, m, 420, STUN_CHANGE_REQUEST);
	else if (m->response_port != 0 && (s->faults & PLAIN_RESPONSE_PORT_REFUSED) != 0)
		refuse(s, ev, m, 420, STUN_RESPONSE_PORT);
	else if (m->response_port != 0 && m->has_padding)
		refuse(s, ev, m, 400, 0);
	else
		succeed(s, ev, m);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct plain_server *s = core;
	struct stun_msg m;

	(void)now;
	if (ev->kind != EVENT_DATAGRAM || stun_read(&m, ev->data, ev->len) != 0 ||
	    m.cls != STUN_REQUEST)
		return;
	if (m.method == STUN_BINDING)
		binding(s, ev, &m);
	else if ((s->faults & PLAIN_UNKNOWN_METHOD_400) != 0)
		refuse(s, ev, &m, 400, 0);
}

/* Which of the sockets are there; WRONG_SOURCE needs a second one to answer from. */
static bool serves(const struct plain_server *s, uint32_t socket)
{
	if (!has_alternate(s))
		return socket == 0 || (socket == 1 && (s->faults & PLAIN_WRONG_SOURCE) != 0);
	return socket < 2 || (s->faults & PLAIN_OTHER_SILENT) == 0;
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct plain_server *s = core;

	(void)now;
	while (s->opened < PLAIN_SOCKETS) {
		const uint32_t socket = s->opened++;

		if (!serves(s, socket))
			continue;
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = socket,
			.socket = SOCKET_UDP,
			.local = endpoint(s, socket),
		};
		return true;
	}
	if (s->waiting == 0)
		return false;
	*action = s->outbox[0];
	s->outbox[0] = s->outbox[--s->waiting];
	return true;
}

static nk_time deadline(const void *core)
{
	(void)core;
	return NK_NEVER;
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

const struct core_ops plain_server_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
