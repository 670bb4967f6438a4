/*
 * The broker's whole input, and its promise to be no weapon.
 *
 * The input is a list of steps: a raw datagram, a message put together from
 * choices (so that cookies and tokens, which no chance finds, are the ones the
 * broker gave), time that passes, or another event. After each step all output
 * is taken and held against what came in, counted in whole IP datagrams:
 *
 * - An IP that has not echoed a cookie gets at most one datagram for one it has
 *   just sent, no longer than that, or 3 times as long for a Binding request.
 * - Longer Binding answers, and copies, keep to their rates.
 * - Copies and replies to a trial's address that has not echoed a cookie itself
 *   are together no more than the TRIALs that came from there.
 * - Ticks go to an address that has echoed a cookie itself, within a lease of its IP's last HOLD, and
 *   keep to the rate of copies; what visits a port is no more than the REACHes that came from its IP.
 * - What one client has passed on to another goes to an address that has itself
 *   echoed a cookie; calls and relayed packets keep to their rates.
 * - Frames go to those who are registered: one answer to one that asks, and one turn after each
 *   packet.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "core/broker/broker.h"
#include "must.h"
#include "wire/probe_msg.h"
#include "wire/rendezvous_msg.h"
#include "wire/stun_classic.h"

#define CLIENTS       8
#define TOKENS        4
#define TICKETS       4
#define KEYS          2
#define LISTEN        4
#define COPIES_PER_S  8
#define BINDING_PER_S 4
#define CALLS_PER_S   4
#define RELAYS_PER_S  3
#define VISITS        20 /* at once, and one more after each */
#define VISIT_EACH    (10 * NK_S)
#define KNOCKS_MAX    256
#define OUTPUTS_MAX   4096 /* after one step: more would be an endless loop */

/* An allowance that grows with time, in tokens x microseconds. */
struct allowance {
	nk_time level, at;
};

struct client {
	struct addr addr;
	bool proven; /* has echoed its cookie */
	uint64_t cookie;
	uint64_t trial_in, trial_out;    /* bytes of TRIALs, of replies and copies */
	struct allowance copies, longer; /* of the IP and of the network: kept at the first of it */
	struct allowance rings, relays;  /* of the IP */
	uint64_t reach_in, reach_out;    /* bytes of REACHes, of what has visited: of the IP */
	nk_time visit_at;                /* when the IP has all its visits again */
	nk_time held;                    /* the IP's last HOLD */
	unsigned ip, net;                /* index of the first client of the same */
	struct keepalive_flow flow;      /* as its last registration began it */
	bool turn;                       /* something came since our last turn */
};

struct world {
	struct broker *broker;
	struct broker_config config;
	struct client clients[CLIENTS];
	uint64_t tokens[TOKENS];
	unsigned next_token;
	uint8_t tickets[TICKETS][RENDEZVOUS_TICKET];
	unsigned next_ticket;
	struct identity ids[KEYS];
	nk_time now;
	bool more;
	bool knocks[KNOCKS_MAX]; /* open */
};

/* The datagram that was just put in; @len 0 when none is to be answered. */
struct shown {
	unsigned client;
	size_t len;
	bool binding, classic, answered, frame;
};

static bool same_ip(const struct world *w, unsigned a, unsigned b)
{
	return w->clients[a].ip == w->clients[b].ip;
}

static void set_up_clients(struct world *w)
{
	static const char *const text[CLIENTS] = {
		"192.0.2.1:1000",     "192.0.2.1:1001",       "192.0.2.2:1000",
		"198.51.100.1:3478",  "[2001:db8::1]:1000",   "[2001:db8::1]:1001",
		"[2001:db8::2]:1000", "[2001:db8:ffff::1]:1",
	};

	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *c = &w->clients[i];
		struct addr net, other;

		must(addr_parse(&c->addr, text[i], 0) == 0);
		c->copies.level = COPIES_PER_S * NK_S;
		c->longer.level = BINDING_PER_S * NK_S;
		c->rings.level = CALLS_PER_S * NK_S;
		c->relays.level = RELAYS_PER_S * NK_S;
		net = addr_prefix(&c->addr, 24, 48);
		for (unsigned k = i + 1; k-- > 0;) {
			other = addr_prefix(&w->clients[k].addr, 24, 48);
			if (addr_same_ip(&w->clients[k].addr, &c->addr))
				c->ip = k;
			if (addr_eq(&other, &net))
				c->net = k;
		}
	}
}

static void set_up(struct world *w, bool any)
{
	static const uint8_t seed[32] = {1};
	static const char *const text[LISTEN] = {"203.0.113.1", "203.0.113.2", "2001:db8:1::1",
						 "2001:db8:1::2"};

	w->config = broker_default_config();
	w->config.sessions_max = 4;
	w->config.trials_max = 8;
	w->config.trials_per_session = 3;
	w->config.trials_per_ip = 4;
	w->config.copies_per_s = COPIES_PER_S;
	w->config.binding_per_s = BINDING_PER_S;
	w->config.registrations_max = 2;
	w->config.registrations_per_ip = 1;
	w->config.calls_per_s = CALLS_PER_S;
	w->config.relays_per_s = RELAYS_PER_S;
	w->config.drain = 60 * NK_S;
	if (!any) {
		w->config.listen_count = LISTEN;
		for (unsigned i = 0; i < LISTEN; i++)
			must(addr_parse(&w->config.listen[i], text[i], 0) == 0);
	}
	w->now = NK_S;
	set_up_clients(w);
	for (uint8_t i = 0; i < KEYS; i++)
		identity_from_seed(&w->ids[i], (const uint8_t[CRYPTO_KEY]){i});
	w->broker = broker_new(&w->config, seed);
	must(w->broker != NULL);
	broker_start(w->broker, w->now);
}

static bool take(struct allowance *a, nk_time now, unsigned per_s)
{
	a->level = nk_min(a->level + (now - a->at) * per_s, (nk_time)per_s * NK_S);
	a->at = now;
	a->level -= NK_S;
	return a->level >= 0;
}

/* Cookies, tokens and tickets for later messages. */
static void learn(struct world *w, struct client *c, const struct stun_msg *m)
{
	struct rendezvous_msg r;
	struct probe_msg p;

	must(probe_read(&p, m) == 0 && rendezvous_read(&r, m) == 0);
	if (r.ticket != NULL)
		memcpy(w->tickets[w->next_ticket++ % TICKETS], r.ticket, RENDEZVOUS_TICKET);
	if (p.has_cookie)
		c->cookie = p.cookie;
	if (p.has_token)
		w->tokens[w->next_token++ % TOKENS] = p.token;
	if (p.has_token && r.keepalive != NULL) {
		struct wr key = wr_make(c->flow.key, sizeof(c->flow.key));

		wr_be64(&key, p.token);
		wr_be64(&key, p.token);
		c->flow.first = true;
		c->flow.sent = c->flow.heard = r.time_us >> 20;
	}
}

static bool ip_is_proven(const struct world *w, unsigned client)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (w->clients[i].proven && same_ip(w, i, client))
			return true;
	return false;
}

static void check_unproven(struct shown *in, unsigned client, const struct world *w, size_t whole)
{
	must(in->len > 0 && !in->answered && same_ip(w, in->client, client));
	must(whole <= (in->binding ? 3 * in->len : in->len));
	in->answered = true;
}

static bool is_copy(const struct stun_msg *m)
{
	return m->method == PROBE_COPY && m->cls == STUN_INDICATION;
}

/* What came from somebody else: only to those who read what is sent to them. */
static void check_passed_on(struct world *w, const struct shown *in, const struct client *to,
			    const struct stun_msg *m)
{
	struct client *from = &w->clients[w->clients[in->client].ip];

	must(to->proven && in->len > 0);
	if (m->method == RENDEZVOUS_RELAY)
		must(take(&from->relays, w->now, RELAYS_PER_S));
	else if (m->method == RENDEZVOUS_CALL)
		must(take(&from->rings, w->now, CALLS_PER_S));
	else
		must(m->method == RENDEZVOUS_ANSWER);
}

static bool is_passed_on(const struct stun_msg *m)
{
	return m->cls == STUN_INDICATION && m->method >= RENDEZVOUS_REGISTER &&
	       m->method <= RENDEZVOUS_RELAY;
}

static unsigned client_of(const struct world *w, const struct addr *to)
{
	unsigned found = CLIENTS;

	for (unsigned i = CLIENTS; i-- > 0;) {
		if (addr_eq(&w->clients[i].addr, to))
			return i;
		if (addr_same_ip(&w->clients[i].addr, to)) /* RESPONSE-PORT */
			found = i;
	}
	must(found < CLIENTS);
	return found;
}

static struct client *ip_of(struct world *w, unsigned client)
{
	return &w->clients[w->clients[client].ip];
}

static void check_tick(struct world *w, unsigned client, const struct action *a)
{
	must(w->clients[client].proven && a->ttl != 0 && a->len == PROBE_TICK_LEN);
	must(w->now - ip_of(w, client)->held <= PROBE_LEASE_MAX_MS * NK_MS);
}

/* A visit takes place, or a part of it: so many bytes. */
static void check_visit(struct world *w, unsigned client, size_t bytes)
{
	struct client *c = ip_of(w, client);

	must(ip_is_proven(w, client));
	c->reach_out += bytes;
	must(c->reach_out <= c->reach_in);
}

/* Three SYNs, an ACK, a RST without options. */
static void check_knock(struct world *w, const struct action *a)
{
	const size_t ip = addr_family(&a->peer) == ADDR_V4 ? 20 : 40;
	const uint32_t i = a->id - broker_sockets(&w->config);
	const unsigned client = client_of(w, &a->peer);
	struct client *c = ip_of(w, client);

	must(i < KNOCKS_MAX && !w->knocks[i] && a->socket == SOCKET_TCP_KNOCK && a->peer.port != 0);
	must(addr_family(&a->local) == addr_family(&a->peer) && a->local.port == 0);
	w->knocks[i] = true;
	check_visit(w, client, 3 * (ip + 40) + ip + 32 + ip + 20);
	c->visit_at = nk_max(c->visit_at, w->now) + VISIT_EACH;
	must(c->visit_at <= w->now + VISITS * VISIT_EACH);
}

static void check_close(struct world *w, const struct action *a)
{
	const uint32_t i = a->id - broker_sockets(&w->config);

	must(i < KNOCKS_MAX && w->knocks[i]);
	w->knocks[i] = false;
}

static void check_trial_bytes(struct client *c, const struct stun_msg *m, size_t whole)
{
	const bool reply = m->method == PROBE_TRIAL && m->cls == STUN_SUCCESS;

	if (!reply && !is_copy(m))
		return;
	c->trial_out += whole;
	must(c->proven || c->trial_out <= c->trial_in);
}

/* Of three bytes; a frame that a client has sent may be understood by chance. */
static void check_frame(struct shown *in, struct client *to, const struct client *from,
			const struct action *a)
{
	const unsigned kind = a->data[0] >> 4 & 3;
	enum keepalive_kind read;
	uint64_t acked;

	must(to->proven && keepalive_is_frame(a->data, a->len));
	if (kind == KEEPALIVE_ANSWER) {
		must(in->frame && !in->answered && from == to);
		in->answered = true;
	} else {
		must(kind == KEEPALIVE_TURN && to->turn);
		to->turn = false;
	}
	keepalive_read(&to->flow, a->data, a->len, &read, &acked);
}

static void check_send(struct world *w, const struct action *a, struct shown *in)
{
	const size_t whole = addr_overhead(&a->to) + a->len;
	const unsigned i = client_of(w, &a->to);
	struct client *c = &w->clients[i];
	struct stun_msg m;

	must(a->id < 2 * w->config.listen_count && a->len <= sizeof(a->data));
	must(addr_family(&w->config.listen[a->id / 2]) == ADDR_NONE ||
	     addr_family(&w->config.listen[a->id / 2]) == addr_family(&a->to));
	if (a->len == KEEPALIVE_LEN) {
		check_frame(in, c, &w->clients[in->client], a);
		return;
	}
	if (!ip_is_proven(w, i))
		check_unproven(in, i, w, whole);
	if (in->binding && whole > in->len)
		must(take(&w->clients[c->net].longer, w->now, BINDING_PER_S));
	if (in->classic) {
		must(a->len >= 32 && memcmp(a->data, "\1\1", 2) == 0);
		return;
	}
	must(stun_read(&m, a->data, a->len) == 0);
	if (is_passed_on(&m))
		check_passed_on(w, in, c, &m);
	if (m.cls == STUN_INDICATION && m.method == PROBE_TICK)
		check_tick(w, i, a);
	if (m.cls == STUN_INDICATION && m.method == PROBE_VISIT)
		check_visit(w, i, whole);
	if (is_copy(&m) || (m.cls == STUN_INDICATION && m.method == PROBE_TICK))
		must(take(&w->clients[c->ip].copies, w->now, COPIES_PER_S));
	check_trial_bytes(c, &m, whole);
	learn(w, c, &m);
}

static void drain(struct world *w, struct shown *in)
{
	static struct action a;
	struct broker_event ev;

	for (unsigned n = 0; broker_output(w->broker, &a, w->now); n++) {
		must(n < OUTPUTS_MAX);
		if (a.kind == ACTION_SEND)
			check_send(w, &a, in);
		else if (a.kind == ACTION_CLOSE)
			check_close(w, &a);
		else if (a.socket == SOCKET_TCP_KNOCK)
			check_knock(w, &a);
	}
	must(broker_deadline(w->broker) > w->now || broker_stats(w->broker)->proofs_waiting > 0);
	must(broker_stats(w->broker)->sessions <= w->config.sessions_max);
	must(broker_stats(w->broker)->trials <= w->config.trials_max);
	must(broker_stats(w->broker)->registrations <= w->config.registrations_max);
	while (broker_next_event(w->broker, &ev))
		continue;
}

/* One of the sockets of a client's family, and the address that the client knows it by. */
static struct addr broker_addr(const struct world *w, unsigned client, unsigned where, uint32_t *id)
{
	const bool v6 = addr_family(&w->clients[client].addr) == ADDR_V6;
	const unsigned per_family = w->config.listen_count; /* sockets: twice the addresses / 2 */
	struct addr a;

	*id = where % per_family + (v6 ? per_family : 0);
	a = addr_with_port(w->config.listen[*id / 2],
			   *id % 2 != 0 ? w->config.alt_port : w->config.port);
	if (!addr_is_any(&a))
		return a;
	return v6 ? (struct addr){{0x20, 1, 0xd, 0xb8, [15] = 9}, a.port}
		  : addr_v4(203, 0, 113, 9, a.port);
}

/* One datagram from a client. */
static void put_in(struct world *w, unsigned client, unsigned where, const uint8_t *data,
		   size_t len)
{
	struct client *c = &w->clients[client];
	struct event ev = {.kind = EVENT_DATAGRAM, .from = c->addr, .more = w->more, .len = len};
	struct shown in = {.client = client, .len = addr_overhead(&c->addr) + len};
	uint8_t *block = malloc(len > 0 ? len : 1); /* of exactly that size */
	struct probe_msg p;
	struct stun_msg m;

	must(block != NULL);
	if (len > 0)
		memcpy(block, data, len);
	if (stun_read(&m, block, len) == 0) {
		in.binding = m.method == STUN_BINDING && m.cls == STUN_REQUEST;
		if (m.method == PROBE_TRIAL)
			c->trial_in += in.len;
		if (m.method == PROBE_REACH)
			ip_of(w, client)->reach_in += in.len;
		if (m.method == PROBE_HOLD)
			ip_of(w, client)->held = w->now;
		if (probe_read(&p, &m) == 0 && p.has_cookie && p.cookie == c->cookie &&
		    p.cookie != 0)
			c->proven = true;
	}
	in.classic = stun_read(&m, block, len) != 0 && stun_classic_asks(block, len) != NULL;
	in.binding |= in.classic;
	in.frame = keepalive_is_frame(data, len);
	c->turn = true;
	ev.local = broker_addr(w, client, where, &ev.id);
	ev.data = block;
	broker_input(w->broker, &ev, w->now);
	free(block);
	drain(w, &in);
}

static void put_list(struct wr *m, struct rd *r)
{
	const unsigned count = rd_u8(r) % (PROBE_TRIALS_MAX + 1);
	uint32_t trials[PROBE_TRIALS_MAX];

	for (unsigned i = 0; i < count; i++)
		trials[i] = i % 8;
	probe_put_trials(m, trials, count);
}

/* A message put together: method and class, id, then one bit for each attribute. */
static void put_together(struct world *w, unsigned client, unsigned where, struct rd *r)
{
	static const uint16_t methods[16] = {
		STUN_BINDING, PROBE_SESSION, PROBE_TRIAL, PROBE_STATUS, PROBE_ASK,  PROBE_COPY,
		PROBE_ECHO,   PROBE_TRIAL,   PROBE_HOLD,  PROBE_REACH,  PROBE_TICK, PROBE_VISIT,
		PROBE_HOLD,   PROBE_REACH,   PROBE_TRIAL, PROBE_SESSION};
	const uint8_t what = rd_u8(r);
	const uint8_t tid[STUN_TID] = {rd_u8(r)};
	const uint16_t attrs = rd_be16(r);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr m = wr_make(buf, sizeof(buf));

	stun_begin(&m, methods[(what & 7) | (what >> 4 & 8)], (enum stun_class)(what >> 3 & 3),
		   tid);
	if (attrs & 0x0001)
		probe_put_cookie(&m, w->clients[client].cookie);
	if (attrs & 0x0002)
		probe_put_token(&m, w->tokens[what >> 5 & (TOKENS - 1)]);
	if (attrs & 0x0004)
		probe_put_trial(&m, rd_u8(r) % 8);
	if (attrs & 0x0008)
		put_list(&m, r);
	if (attrs & 0x0010)
		probe_put_copies(&m, rd_u8(r) % 5, rd_be16(r), rd_be16(r));
	if (attrs & 0x0020)
		stun_put_change(&m, rd_u8(r));
	if (attrs & 0x0040)
		stun_put_response_port(&m, rd_be16(r));
	if (attrs & 0x0080)
		stun_put_u32(&m, rd_be16(r), 0);
	if (attrs & 0x0100)
		probe_put_cookie(&m, 0);
	if (attrs & 0x0200)
		stun_put_padding(&m, (uint16_t)(8 * rd_u8(r)));
	if (attrs & 0x0800)
		probe_put_hold(&m, &(struct probe_hold){rd_u8(r), rd_be16(r), rd_be16(r)});
	if (attrs & 0x1000)
		probe_put_visit(&m, &(struct probe_visit){rd_u8(r), rd_u8(r), rd_be16(r)});
	if (attrs & 0x0400)
		stun_put_fingerprint(&m);
	put_in(w, client, where, buf, stun_end(&m));
}

static void put_signature(struct world *w, unsigned client, unsigned where, struct wr *m,
			  const uint8_t *tid, const struct identity *id)
{
	uint8_t proof[RENDEZVOUS_PROOF_LEN], signature[CRYPTO_SIGNATURE];
	uint32_t socket;
	const struct addr here = broker_addr(w, client, where, &socket);

	rendezvous_proof(proof, w->clients[client].cookie, tid, id->sign_public, &here);
	identity_sign(signature, id, proof, sizeof(proof));
	rendezvous_put_signature(m, signature);
}

/* A message of the rendezvous: method, class, key and token, then one bit for each attribute. */
static void put_rendezvous(struct world *w, unsigned client, unsigned where, struct rd *r)
{
	static const uint8_t body[4 * UINT8_MAX];
	const uint8_t what = rd_u8(r);
	const uint8_t tid[STUN_TID] = {rd_u8(r)};
	const uint16_t attrs = rd_be16(r);
	const struct identity *id = &w->ids[what >> 4 & (KEYS - 1)];
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr m = wr_make(buf, sizeof(buf));

	stun_begin(&m, (uint16_t)(RENDEZVOUS_REGISTER + (what & 7) % 5),
		   (what & 8) != 0 ? STUN_INDICATION : STUN_REQUEST, tid);
	if (attrs & 0x0001)
		probe_put_cookie(&m, w->clients[client].cookie);
	if (attrs & 0x0002)
		probe_put_token(&m, w->tokens[what >> 5 & (TOKENS - 1)]);
	if (attrs & 0x0004)
		rendezvous_put_key(&m, id->sign_public);
	if (attrs & 0x0008)
		put_signature(w, client, where, &m, tid, id);
	if (attrs & 0x0010)
		rendezvous_put_from(&m, &w->clients[rd_u8(r) % CLIENTS].addr);
	if (attrs & 0x0020)
		rendezvous_put_ticket(&m, w->tickets[rd_u8(r) % TICKETS]);
	if (attrs & 0x0040)
		rendezvous_put_body(&m, body, rd_u8(r) * 4u % RENDEZVOUS_BODY_MAX);
	if (attrs & 0x0080)
		stun_put_u32(&m, RENDEZVOUS_ATTR_FLAGS, rd_u8(r));
	if (attrs & 0x0100)
		stun_put_u32(&m, rd_be16(r), 0);
	if (attrs & 0x0200)
		stun_put_padding(&m, rd_u8(r));
	if (attrs & 0x0400) {
		const size_t len = rd_u8(r) % (KEEPALIVE_OFFER_MAX + 1);

		if (rd_left(r) >= len)
			rendezvous_put_keepalive(&m, rd_bytes(r, len), len);
	}
	put_in(w, client, where, buf, stun_end(&m));
}

/* The client's next frame, perhaps not quite. */
static void put_frame(struct world *w, unsigned client, unsigned where, struct rd *r)
{
	const uint8_t what = rd_u8(r);
	uint8_t frame[KEEPALIVE_LEN];

	keepalive_write(&w->clients[client].flow, what % 3, frame);
	frame[2] ^= what >> 4;
	put_in(w, client, where, frame, sizeof(frame));
}

static void pass_time(struct world *w, uint16_t v)
{
	const nk_time until = w->now + ((nk_time)(v & 0xfff) << (v >> 12)) * 100;
	struct shown nothing = {.len = 0};

	while (broker_deadline(w->broker) <= until) {
		w->now = nk_max(w->now, broker_deadline(w->broker));
		drain(w, &nothing);
	}
	w->now = until;
	drain(w, &nothing);
}

static void other_event(struct world *w, uint8_t which, uint8_t id)
{
	static const enum event_kind kinds[4] = {EVENT_SEND_FAILED, EVENT_ICMP_ERROR,
						 EVENT_LINK_LOST, EVENT_RESUMED};
	const struct event ev = {.kind = kinds[which & 3], .id = id, .error = 111};
	struct shown nothing = {.len = 0};

	broker_input(w->broker, &ev, w->now);
	drain(w, &nothing);
}

/* What became of one of the knocks. */
static void answer_knock(struct world *w, uint8_t which, bool accepted)
{
	const struct event ev = {
		.kind = accepted ? EVENT_OPENED : EVENT_OPEN_FAILED,
		.id = broker_sockets(&w->config) + which,
		.error = which % 2 != 0 ? 111 : 110,
	};
	struct shown nothing = {.len = 0};

	w->knocks[which] = w->knocks[which] && accepted;
	broker_input(w->broker, &ev, w->now);
	drain(w, &nothing);
}

static void change(struct world *w, uint8_t what)
{
	const struct event stop = {.kind = EVENT_STOP};

	w->more = (what & 1) != 0;
	if ((what & 2) != 0)
		broker_input(w->broker, &stop, w->now);
}

static void step(struct world *w, struct rd *r)
{
	const uint8_t op = rd_u8(r);
	const unsigned client = op & 7, where = op >> 3 & 3;
	size_t len;

	switch (op >> 6) {
	case 0:
		len = rd_be16(r);
		len = len < rd_left(r) ? len : rd_left(r);
		put_in(w, client, where, rd_bytes(r, len), len);
		break;
	case 1:
		put_together(w, client, where, r);
		break;
	case 2:
		pass_time(w, rd_be16(r));
		break;
	default:
		if ((op & 0x20) != 0)
			put_rendezvous(w, client, where, r);
		else if ((op & 0x10) != 0)
			put_frame(w, client, where & 1, r);
		else if ((op & 0x0c) == 0x0c)
			answer_knock(w, rd_u8(r), (op & 1) != 0);
		else if ((op & 0x08) != 0)
			change(w, rd_u8(r));
		else
			other_event(w, op, rd_u8(r));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.broker = NULL};
	struct shown nothing = {.len = 0};
	struct rd r = rd_make(data, size);

	if (crypto_init() != 0)
		return -1;
	set_up(&w, rd_u8(&r) % 2 != 0);
	drain(&w, &nothing);
	while (rd_left(&r) > 0 && !r.bad)
		step(&w, &r);
	broker_free(w.broker);
	return 0;
}
