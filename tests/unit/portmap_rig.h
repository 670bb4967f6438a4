/*
 * A gateway for one port mapping, in virtual time: a puppet with PCP, NAT-PMP and UPnP, which does as it should unless it
 * is told otherwise.
 */
#ifndef TESTS_UNIT_PORTMAP_RIG_H
#define TESTS_UNIT_PORTMAP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "core/portmap/portmap.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"
#include "wire/ssdp.h"

#define RIG_FIRST     100 /* socket */
#define RIG_STREAM    50
#define RIG_ANNOUNCED 60
#define RIG_EVENTS    64
#define RIG_TABLE     8
#define RIG_DELAY     (2 * NK_MS) /* from a request to its answer */
#define RIG_LOCATION  "http://192.0.2.1:5555/desc.xml"

enum rig_protocol { RIG_PCP, RIG_NAT_PMP, RIG_SSDP, RIG_IGD, RIG_PROTOCOLS };

/* What a mapping by a protocol is asked for with. */
static const enum rig_protocol rig_asked[] = {
	[PORTMAP_PCP] = RIG_PCP,
	[PORTMAP_NAT_PMP] = RIG_NAT_PMP,
	[PORTMAP_UPNP] = RIG_IGD,
};

/**
 * struct rig_entry - A mapping in the gateway's table
 * @by:		RIG_PCP (which NAT-PMP shares), or RIG_IGD
 * @ends:	NK_NEVER: never
 * @pinhole:	Of IPv6
 */
struct rig_entry {
	bool used;
	uint8_t protocol;
	struct addr client;
	uint16_t external;
	uint16_t pinhole;
	nk_time ends;
};

struct rig_event {
	nk_time at;
	struct event ev;
	uint8_t data[CORE_DATAGRAM_MAX];
};

/**
 * struct rig - The puppet
 * @speaks:	By protocol: it answers; @drop_requests, @drop_answers: so many of them are lost first
 * @no_sockets:	No UDP socket can be opened
 * @taken:	A port that another client has, 0: none
 * @pcp_result, @natpmp_result: It refuses so to map; @igd_result: what ADD answers
 * @pcp_remove_result: It refuses so to remove
 * @give_port, @give_lease, @lie_internal: In place of what is right
 * @prefers_failure: PREFER_FAILURE is honoured
 * @only_permanent: Error 725 for leases; @igd: version
 * @booted:	Its epoch began
 * @answers_from: If set, in place of its own address
 * @requests:	Of mappings, by protocol, with when the last was; @gap: least time between two of them
 */
struct rig {
	struct portmap_config config;
	struct portmap *p;
	struct upnp_line line;
	struct rng rng;
	nk_time now;
	bool speaks[RIG_PROTOCOLS];
	unsigned drop_requests[RIG_PROTOCOLS], drop_answers[RIG_PROTOCOLS];
	bool closed; /* its port 5351 */
	bool no_sockets;
	uint16_t taken;
	uint8_t pcp_result, pcp_remove_result;
	uint16_t natpmp_result, igd_result;
	uint16_t give_port;
	uint32_t give_lease;
	bool gives_lease, gives_port;
	bool prefers_failure, only_permanent, connected, pinholes, mute_worker, broken_worker;
	unsigned igd;
	struct addr external;
	nk_time booted;
	struct addr answers_from;
	const char *location;
	struct rig_entry table[RIG_TABLE];
	uint16_t next_pinhole;
	unsigned requests[RIG_PROTOCOLS];
	nk_time last_request[RIG_PROTOCOLS], gap;
	struct pcp_msg last_pcp;
	struct upnp_request last_igd;
	struct rig_event events[RIG_EVENTS];
	unsigned count, opened, closed_sockets, sent;
};

static inline void rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	rng_seed_from_number(&r->rng, 7);
	r->now = 1000 * NK_S;
	r->booted = 0;
	for (unsigned i = 0; i < RIG_PROTOCOLS; i++)
		r->speaks[i] = true;
	r->prefers_failure = r->connected = true;
	r->igd = 1;
	r->gap = NK_NEVER;
	r->external = addr_v4(198, 51, 100, 7, 0);
	r->location = RIG_LOCATION;
	upnp_line_init(&r->line, RIG_STREAM);
	r->config = (struct portmap_config){
		.gateway = addr_v4(192, 0, 2, 1, 0),
		.internal = addr_v4(192, 0, 2, 10, 8080),
		.ip_protocol = 6,
		.lifetime_s = 3600,
		.protocols = PORTMAP_ALL,
		.nonce = {1, 2, 3},
		.first_socket = RIG_FIRST,
		.upnp = &r->line,
		.limit = NK_S,
		.announced = RIG_ANNOUNCED,
	};
}

static inline void rig_start(struct rig *r)
{
	r->p = portmap_new(&r->config, &r->rng, r->now);
	assert_non_null(r->p);
}

static inline void rig_only(struct rig *r, enum rig_protocol a, enum rig_protocol b)
{
	for (unsigned i = 0; i < RIG_PROTOCOLS; i++)
		r->speaks[i] = i == (unsigned)a || i == (unsigned)b;
}

static inline void rig_tell(struct rig *r, nk_time after, const struct event *ev, const void *data,
			    size_t len)
{
	struct rig_event *e = &r->events[r->count++];

	assert_in_range(r->count, 1, RIG_EVENTS);
	e->at = r->now + after;
	e->ev = *ev;
	e->ev.len = len;
	if (len > 0)
		memcpy(e->data, data, len);
}

static inline void rig_datagram(struct rig *r, uint32_t id, uint16_t port, const void *data,
				size_t len)
{
	struct event ev = {.kind = EVENT_DATAGRAM, .id = id};

	ev.from = addr_with_port(r->config.gateway, port);
	if (addr_family(&r->answers_from) != ADDR_NONE)
		ev.from = addr_with_port(r->answers_from, port);
	rig_tell(r, RIG_DELAY, &ev, data, len);
}

/* Whether one more is lost. */
static inline bool rig_loses(unsigned *left)
{
	if (*left == 0)
		return false;
	--*left;
	return true;
}

static inline struct rig_entry *rig_find(struct rig *r, uint8_t protocol, uint16_t internal)
{
	for (unsigned i = 0; i < RIG_TABLE; i++) {
		struct rig_entry *e = &r->table[i];

		if (e->used && e->ends <= r->now)
			e->used = false;
		if (e->used && e->protocol == protocol && e->client.port == internal)
			return e;
	}
	return NULL;
}

static inline unsigned rig_mappings(struct rig *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RIG_TABLE; i++)
		n += r->table[i].used && r->table[i].ends > r->now;
	return n;
}

static inline struct rig_entry *rig_put(struct rig *r, uint8_t protocol, const struct addr *client,
					uint16_t external, uint32_t lease)
{
	struct rig_entry *e = rig_find(r, protocol, client->port);

	for (unsigned i = 0; e == NULL && i < RIG_TABLE; i++)
		if (!r->table[i].used)
			e = &r->table[i];
	assert_non_null(e);
	*e = (struct rig_entry){
		.used = true,
		.protocol = protocol,
		.client = *client,
		.external = external,
		.ends = lease == 0 ? NK_NEVER : r->now + lease * NK_S,
	};
	return e;
}

/* A reboot: all is forgotten, and time begins anew. */
static inline void rig_reboot(struct rig *r)
{
	memset(r->table, 0, sizeof(r->table));
	r->booted = r->now;
}

static inline uint32_t rig_epoch(const struct rig *r)
{
	return (uint32_t)((r->now - r->booted) / NK_S);
}

static inline void rig_count(struct rig *r, enum rig_protocol p)
{
	if (r->requests[p]++ > 0 && r->now - r->last_request[p] < r->gap)
		r->gap = r->now - r->last_request[p];
	r->last_request[p] = r->now;
}

/* The port that a mapping gets. */
static inline uint16_t rig_port(const struct rig *r, uint16_t wanted)
{
	if (r->gives_port)
		return r->give_port;
	return wanted == r->taken ? (uint16_t)(wanted + 1) : wanted;
}

static inline void rig_pcp_map(struct rig *r, struct pcp_msg *m)
{
	struct addr client = addr_with_port(r->config.internal, m->internal_port);
	struct rig_entry *e = rig_find(r, m->protocol, m->internal_port);
	const uint16_t port = e != NULL ? e->external : rig_port(r, m->external.port);

	rig_count(r, RIG_PCP);
	r->last_pcp = *m;
	m->result = m->lifetime_s == 0 ? r->pcp_remove_result : r->pcp_result;
	if (m->prefer_failure && r->prefers_failure && port != m->external.port)
		m->result = PCP_CANNOT_PROVIDE_EXTERNAL;
	if (m->result != PCP_SUCCESS)
		return;
	m->external = addr_with_port(r->external, port);
	if (m->lifetime_s == 0) {
		if (e != NULL)
			e->used = false;
		return;
	}
	if (r->gives_lease)
		m->lifetime_s = r->give_lease;
	rig_put(r, m->protocol, &client, port, m->lifetime_s == 0 ? 1 : m->lifetime_s);
}

static inline void rig_pcp(struct rig *r, const struct action *a)
{
	uint8_t out[PCP_MAX];
	struct pcp_msg m;

	assert_int_equal(pcp_read(&m, a->data, a->len), 0);
	assert_false(m.response);
	if (m.opcode == PCP_MAP) {
		assert_true(addr_same_ip(&m.client, &r->config.internal));
		if (!r->speaks[RIG_PCP] || rig_loses(&r->drop_requests[RIG_PCP]))
			return;
		rig_pcp_map(r, &m);
		if (rig_loses(&r->drop_answers[RIG_PCP]))
			return;
	}
	m.response = true;
	m.epoch_s = rig_epoch(r);
	if (r->speaks[RIG_PCP])
		rig_datagram(r, a->id, PCP_PORT, out, pcp_write(out, &m));
	else if (r->speaks[RIG_NAT_PMP])
		rig_datagram(r, a->id, PCP_PORT, "\0\x80\0\1\0\0\0\1", 8);
}

static inline void rig_natpmp_map(struct rig *r, struct natpmp_msg *m)
{
	const uint8_t protocol = m->opcode == NATPMP_MAP_TCP ? 6 : 17;
	struct addr client = addr_with_port(r->config.internal, m->internal_port);
	struct rig_entry *e = rig_find(r, protocol, m->internal_port);

	rig_count(r, RIG_NAT_PMP);
	m->result = m->lifetime_s == 0 ? NATPMP_SUCCESS : r->natpmp_result;
	if (m->result != NATPMP_SUCCESS)
		return;
	if (m->lifetime_s == 0) {
		if (e != NULL)
			e->used = false;
		return;
	}
	m->external.port = e != NULL ? e->external : rig_port(r, m->external.port);
	if (r->gives_lease)
		m->lifetime_s = r->give_lease;
	rig_put(r, protocol, &client, m->external.port, m->lifetime_s == 0 ? 1 : m->lifetime_s);
}

static inline void rig_natpmp(struct rig *r, const struct action *a)
{
	uint8_t out[NATPMP_MAX];
	struct natpmp_msg m;

	assert_int_equal(natpmp_read(&m, a->data, a->len), 0);
	assert_false(m.response);
	if (!r->speaks[RIG_NAT_PMP])
		return;
	if (m.opcode == NATPMP_ADDRESS) {
		m.external = r->external;
	} else {
		if (rig_loses(&r->drop_requests[RIG_NAT_PMP]))
			return;
		rig_natpmp_map(r, &m);
		if (rig_loses(&r->drop_answers[RIG_NAT_PMP]))
			return;
	}
	m.response = true;
	m.epoch_s = rig_epoch(r);
	rig_datagram(r, a->id, PCP_PORT, out, natpmp_write(out, &m));
}

static inline void rig_ssdp(struct rig *r, const struct action *a)
{
	char text[512];
	const int len = snprintf(text, sizeof(text),
				 "HTTP/1.1 200 OK\r\n"
				 "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
				 "LOCATION: %s\r\n\r\n",
				 r->location);

	if (r->speaks[RIG_SSDP])
		rig_datagram(r, a->id, SSDP_PORT, text, (size_t)len);
}

static inline struct rig_entry *rig_at_port(struct rig *r, uint16_t external)
{
	for (unsigned i = 0; i < RIG_TABLE; i++)
		if (r->table[i].used && r->table[i].ends > r->now &&
		    r->table[i].external == external)
			return &r->table[i];
	return NULL;
}

/* As the worker does it: another client's entries are not touched, and what is there then is told. */
static inline void rig_igd_add(struct rig *r, const struct upnp_request *q, struct upnp_reply *a)
{
	uint16_t port = q->external_port;
	struct rig_entry *e;

	rig_count(r, RIG_IGD);
	if (q->op == UPNP_ADD_ANY && port == r->taken)
		port++;
	e = rig_at_port(r, port);
	if (r->igd_result != 0)
		a->result = r->igd_result;
	else if (q->op == UPNP_ADD_ANY && r->igd < 2)
		a->result = 401;
	else if (r->only_permanent && q->lifetime_s != 0)
		a->result = 725;
	else if (port == r->taken || (e != NULL && !addr_eq(&e->client, &q->client)))
		a->result = 718;
	else
		rig_put(r, q->protocol, &q->client, port,
			r->gives_lease ? r->give_lease : q->lifetime_s);
	a->external.port = r->gives_port ? r->give_port : port;
	a->lifetime_s = r->gives_lease ? r->give_lease : q->lifetime_s;
}

static inline void rig_igd_get(struct rig *r, const struct upnp_request *q, struct upnp_reply *a)
{
	struct rig_entry *e = rig_at_port(r, q->external_port);

	a->result = e == NULL ? 714 : 0;
	if (e == NULL)
		return;
	a->client = e->client;
	a->lifetime_s = e->ends == NK_NEVER ? 0 : (uint32_t)((e->ends - r->now) / NK_S);
}

static inline void rig_igd_delete(struct rig *r, const struct upnp_request *q, struct upnp_reply *a)
{
	struct rig_entry *e = rig_at_port(r, q->external_port);

	rig_count(r, RIG_IGD);
	if (e == NULL || !addr_eq(&e->client, &q->client))
		a->result = e == NULL ? 714 : 718;
	else
		e->used = false;
}

static inline struct rig_entry *rig_pinhole(struct rig *r, uint16_t id)
{
	for (unsigned i = 0; i < RIG_TABLE; i++)
		if (r->table[i].used && r->table[i].pinhole == id)
			return &r->table[i];
	return NULL;
}

static inline void rig_igd_pinhole(struct rig *r, const struct upnp_request *q,
				   struct upnp_reply *a)
{
	struct rig_entry *e = rig_pinhole(r, q->pinhole);

	rig_count(r, RIG_IGD);
	if (q->op == UPNP_PINHOLE_ADD) {
		e = rig_put(r, q->protocol, &q->client, q->client.port, q->lifetime_s);
		e->pinhole = a->pinhole = ++r->next_pinhole;
	} else if (e == NULL) {
		a->result = 704;
	} else if (q->op == UPNP_PINHOLE_DELETE) {
		e->used = false;
	} else {
		e->ends = r->now + q->lifetime_s * NK_S;
	}
}

static inline void rig_igd(struct rig *r, const struct action *act)
{
	uint8_t out[UPNP_MSG_MAX];
	struct upnp_request q;
	struct upnp_reply a;

	assert_int_equal(upnp_request_read(&q, act->data, act->len), 0);
	r->last_igd = q;
	a = (struct upnp_reply){.id = q.id, .op = q.op};
	rig_tell(r, 0, &(struct event){.kind = EVENT_STREAM_ROOM, .id = act->id}, NULL, 0);
	if (r->broken_worker) {
		rig_tell(r, RIG_DELAY, &(struct event){.kind = EVENT_STREAM_END, .id = act->id},
			 NULL, 0);
		return;
	}
	if (strcmp(q.location, r->location) != 0) {
		a.result = UPNP_RESULT_SILENT;
	} else if (q.op == UPNP_DESCRIBE) {
		a.connected = r->connected;
		a.igd = (uint8_t)r->igd;
		a.external = r->external;
		a.pinholes = r->pinholes;
	} else if (q.op == UPNP_ADD || q.op == UPNP_ADD_ANY) {
		rig_igd_add(r, &q, &a);
	} else if (q.op == UPNP_GET) {
		rig_igd_get(r, &q, &a);
	} else if (q.op == UPNP_DELETE) {
		rig_igd_delete(r, &q, &a);
	} else {
		rig_igd_pinhole(r, &q, &a);
	}
	if (r->mute_worker && q.op != UPNP_DESCRIBE)
		return;
	rig_tell(r, RIG_DELAY, &(struct event){.kind = EVENT_STREAM_DATA, .id = act->id}, out,
		 upnp_reply_write(out, &a));
}

static inline void rig_send(struct rig *r, const struct action *a)
{
	r->sent++;
	if (a->id == RIG_STREAM)
		rig_igd(r, a);
	else if (a->to.port == SSDP_PORT)
		rig_ssdp(r, a);
	else if (r->closed)
		rig_tell(r, RIG_DELAY,
			 &(struct event){.kind = EVENT_ICMP_ERROR, .id = a->id, .from = a->to},
			 NULL, 0);
	else if (a->data[0] == NATPMP_VERSION)
		rig_natpmp(r, a);
	else
		rig_pcp(r, a);
}

static inline void rig_do(struct rig *r, const struct action *a)
{
	const bool fails = r->no_sockets && a->socket == SOCKET_UDP;
	const struct event opened = {.kind = fails ? EVENT_OPEN_FAILED : EVENT_OPENED, .id = a->id};

	if (a->kind == ACTION_OPEN) {
		r->opened += !fails;
		if (a->socket == SOCKET_UDP)
			assert_true(addr_same_ip(&a->local, &r->config.internal));
		rig_tell(r, 0, &opened, NULL, 0);
	} else if (a->kind == ACTION_CLOSE) {
		r->closed_sockets++;
	} else if (a->kind == ACTION_SEND) {
		rig_send(r, a);
	}
}

/* Once it has nothing more to do it is not asked again before something happens. */
static inline void rig_turn(struct rig *r)
{
	struct action a;
	unsigned turns = 0;

	while (portmap_output(r->p, &a, r->now)) {
		assert_in_range(turns++, 0, 1000); /* it does come to an end */
		rig_do(r, &a);
	}
	while (upnp_line_output(&r->line, &a))
		rig_do(r, &a);
}

static inline void rig_hand(struct rig *r, unsigned i)
{
	struct rig_event e = r->events[i];

	r->events[i] = r->events[--r->count];
	e.ev.data = e.data;
	if (!upnp_line_input(&r->line, &e.ev))
		portmap_input(r->p, &e.ev, r->now);
}

static inline unsigned rig_first(const struct rig *r)
{
	unsigned first = 0;

	for (unsigned i = 1; i < r->count; i++)
		if (r->events[i].at < r->events[first].at)
			first = i;
	return first;
}

/* Until @end, or until its status says that it is over. */
static inline void rig_run(struct rig *r, nk_time end)
{
	unsigned turns = 0;

	for (;;) {
		nk_time next;

		rig_turn(r);
		if (portmap_status(r->p) != CORE_BUSY)
			return;
		next = portmap_deadline(r->p);
		if (r->count > 0)
			next = nk_min(next, r->events[rig_first(r)].at);
		if (next > end) {
			r->now = end;
			return;
		}
		assert_in_range(turns++, 0, 100000); /* time goes on */
		r->now = nk_max(r->now, next);
		if (r->count > 0 && r->events[rig_first(r)].at <= r->now)
			rig_hand(r, rig_first(r));
	}
}

static inline void rig_pass(struct rig *r, nk_time time)
{
	rig_run(r, r->now + time);
}

/* All is as it was before: nothing is left on the gateway, and every socket is closed. */
static inline void rig_release(struct rig *r)
{
	portmap_release(r->p, r->now);
	rig_pass(r, 20 * NK_S);
	assert_int_equal(portmap_status(r->p), CORE_DONE);
}

static inline void rig_end(struct rig *r)
{
	/* The stream is the owner's. */
	assert_int_equal(r->opened - (r->line.open || r->line.opening), r->closed_sockets);
	portmap_free(r->p);
}

static inline const struct portmap_mapping *rig_result(const struct rig *r)
{
	return portmap_result(r->p);
}

/* The gateway has it, and so have we. */
static inline void rig_check_held(struct rig *r, enum portmap_protocol by, uint16_t port)
{
	const struct portmap_mapping *m = rig_result(r);

	assert_int_equal(m->state, PORTMAP_HELD);
	assert_int_equal(m->protocol, by);
	assert_int_equal(m->external.port, port);
	assert_true(addr_same_ip(&m->external, &r->external));
	assert_int_equal(rig_mappings(r), 1);
}

/* It was never there, or is no longer. */
static inline void rig_check_failed(struct rig *r, enum portmap_why why)
{
	assert_int_equal(portmap_status(r->p), CORE_DONE);
	assert_int_equal(rig_result(r)->state, PORTMAP_FAILED);
	assert_int_equal(rig_result(r)->why, why);
	assert_int_equal(rig_mappings(r), 0);
	rig_end(r);
}

static inline void rig_end_clean(struct rig *r)
{
	rig_release(r);
	assert_int_equal(rig_mappings(r), 0);
	assert_false(rig_result(r)->left_behind);
	assert_int_equal(rig_result(r)->state, PORTMAP_GONE);
	rig_end(r);
}

#endif
