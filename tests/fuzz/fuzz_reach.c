/*
 * A look at a port before a hostile broker, and whoever else sends to it: that it ends, in time and with
 * its sockets closed, says no more than it may, and believes nothing but what it has seen.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "core/portmap/reach.h"
#include "must.h"
#include "wire/ip.h"
#include "wire/probe_msg.h"

#define FIRST     10
#define SEEN      99
#define LONGEST   (60 * NK_S)
#define SENDS_MAX 200

/**
 * struct look - One of them
 * @open:	Bits of its sockets; @told: of those of which it knows
 * @asked, @visit: Ids of the last request, and of those that were long enough to begin a visit
 * @accepted, @knocked, @visited: What has been said, and what came
 */
struct look {
	struct rng rng;
	struct reach *reach;
	struct addr broker;
	nk_time now;
	bool tcp;
	unsigned open, told, sends;
	uint16_t method;
	uint8_t asked[STUN_TID], visit[STUN_TID];
	bool accepted, knocked, visited;
};

static void begin(struct look *l, uint8_t what)
{
	struct reach_config config = {
		.internal = addr_v4(192, 168, 1, 2, 4000),
		.external = addr_v4(203, 0, 113, 1, 8080),
		.ip_protocol = (what & 1) != 0 ? IP_TCP : IP_UDP,
		.first_socket = FIRST,
		.seen = (what & 3) == 2 ? SEEN : 0,
	};

	l->tcp = (what & 1) != 0;
	l->broker = config.broker = addr_v4(192, 0, 2, 1, 3478);
	if ((what & 4) != 0)
		config.external = (struct addr){.port = 8080};
	rng_seed_from_number(&l->rng, 1);
	l->reach = reach_new(&config, &l->rng, 0);
	must(l->reach != NULL);
}

static void check_send(struct look *l, const struct action *a)
{
	struct stun_msg m;

	must(a->id == FIRST && (l->open & 1) != 0 && addr_eq(&a->to, &l->broker));
	must(a->len <= PROBE_REACH_LEN && stun_read(&m, a->data, a->len) == 0);
	must(m.cls == STUN_REQUEST && ++l->sends <= SENDS_MAX);
	l->method = m.method;
	memcpy(l->asked, m.tid, STUN_TID);
	if (m.method == PROBE_REACH && a->len == PROBE_REACH_LEN)
		memcpy(l->visit, m.tid, STUN_TID);
}

static void drain(struct look *l)
{
	struct action a;

	while (reach_output(l->reach, &a, l->now)) {
		const unsigned bit = 1u << (a.id - FIRST);

		must(a.id >= FIRST && a.id < FIRST + REACH_SOCKETS);
		if (a.kind == ACTION_SEND)
			check_send(l, &a);
		else
			must(((l->open & bit) != 0) == (a.kind == ACTION_CLOSE));
		if (a.kind != ACTION_SEND)
			l->open ^= bit;
		if (a.kind == ACTION_OPEN)
			l->told &= ~bit;
	}
	must(reach_status(l->reach) != CORE_BUSY || reach_deadline(l->reach) > l->now);
}

static void tell(struct look *l, const struct event *ev)
{
	if (ev->kind == EVENT_OPEN_FAILED)
		l->open &= ~(1u << (ev->id - FIRST));
	reach_input(l->reach, ev, l->now);
	drain(l);
}

static void datagram(struct look *l, uint32_t id, bool broker, const uint8_t *data, size_t len)
{
	tell(l, &(struct event){
			.kind = EVENT_DATAGRAM,
			.id = id,
			.from = broker ? l->broker : addr_v4(192, 0, 2, 2, 3479),
			.data = data,
			.len = len,
		});
}

/* What the broker answers: error or success, then one bit for each attribute. */
static void answer(struct look *l, struct rd *r)
{
	const uint8_t what = rd_u8(r), reach = rd_u8(r);
	uint8_t buf[256];
	struct wr w = wr_make(buf, sizeof(buf));

	stun_begin(&w, l->method, (what & 1) != 0 ? STUN_SUCCESS : STUN_ERROR, l->asked);
	if ((what & 1) == 0)
		stun_put_error(&w, (uint16_t)(455 + reach % 16), "");
	if ((what & 2) != 0)
		probe_put_cookie(&w, reach);
	if ((what & 4) != 0)
		probe_put_token(&w, reach);
	if ((what & 8) != 0)
		probe_put_abilities(&w, reach);
	if ((what & 16) != 0)
		probe_put_visit(&w, &(struct probe_visit){.protocol = IP_TCP, .reach = reach});
	if ((what & 32) != 0)
		stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS,
				  &(struct addr){.ip = {[15] = reach}, .port = 9});
	l->accepted |= (what & 17) == 17 && reach == PROBE_REACH_ACCEPTED;
	datagram(l, FIRST, (what & 128) == 0, buf, stun_end(&w));
}

static void visit(struct look *l, uint32_t id)
{
	uint8_t buf[STUN_HEADER];
	struct wr w = wr_make(buf, sizeof(buf));

	stun_begin(&w, PROBE_VISIT, STUN_INDICATION, l->visit);
	l->visited = true;
	datagram(l, id, false, buf, stun_end(&w));
}

/* Of a socket that is open, as a run would tell it: first whether it is. */
static void socket_event(struct look *l, uint8_t what)
{
	static const enum event_kind kinds[4] = {EVENT_OPENED, EVENT_OPEN_FAILED, EVENT_KNOCK,
						 EVENT_ICMP_ERROR};
	const unsigned i = what & 1, bit = 1u << i;
	const struct event ev = {.kind = kinds[what >> 1 & 3], .id = FIRST + i, .error = 98};
	const bool first = ev.kind == EVENT_OPENED || ev.kind == EVENT_OPEN_FAILED;

	if ((l->open & bit) == 0 || first != ((l->told & bit) == 0) ||
	    (ev.kind == EVENT_KNOCK && (i == 0 || !l->tcp)))
		return;
	l->told |= bit;
	l->knocked |= ev.kind == EVENT_KNOCK;
	tell(l, &ev);
}

static void pass_time(struct look *l, nk_time until)
{
	while (reach_status(l->reach) == CORE_BUSY && reach_deadline(l->reach) <= until) {
		l->now = nk_max(l->now, reach_deadline(l->reach));
		drain(l);
	}
	l->now = nk_max(l->now, until);
}

static void step(struct look *l, struct rd *r)
{
	const uint8_t op = rd_u8(r);
	size_t len;

	switch (op & 7) {
	case 0:
		len = rd_u8(r);
		len = len < rd_left(r) ? len : rd_left(r);
		datagram(l, (op & 16) != 0 ? SEEN : FIRST + (op >> 3 & 1), (op & 32) != 0,
			 rd_bytes(r, len), len);
		break;
	case 1:
	case 2:
	case 3:
		answer(l, r);
		break;
	case 4:
		visit(l, (op & 16) != 0 ? SEEN : FIRST + 1);
		break;
	case 5:
		pass_time(l, l->now + rd_be16(r) * NK_MS);
		break;
	default:
		socket_event(l, rd_u8(r));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	struct look l = {.now = 0};
	const struct reach_result *result;

	if (crypto_init() != 0)
		return -1;
	begin(&l, rd_u8(&r));
	drain(&l);
	while (rd_left(&r) > 0 && !r.bad && l.now < LONGEST)
		step(&l, &r);
	if ((l.open & 1) != 0)
		socket_event(&l, 0); /* the control flow at least is opened */
	pass_time(&l, l.now + LONGEST);
	result = reach_result(l.reach);
	must(result->verdict != REACH_SEEN ||
	     (l.tcp ? l.accepted && l.knocked : l.visited && result->tries > 0));
	must(result->verdict != REACH_ACCEPTED || (l.tcp && l.accepted));
	if (reach_status(l.reach) != CORE_BUSY)
		must(l.open == 0);
	reach_free(l.reach);
	return 0;
}
