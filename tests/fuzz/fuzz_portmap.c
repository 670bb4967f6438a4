/*
 * A port mapping and a gateway that says anything at any time: the run neither crashes nor turns for ever, does not flood,
 * and ends when it is released.
 *
 * The input is steps, each of a byte that says which, and what it needs.
 */
#include <string.h>

#include "base/bytes.h"
#include "core/portmap/portmap.h"
#include "must.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"

#define FIRST     10
#define STREAM    5
#define ANNOUNCED 6
#define LINE      (FIRST + PORTMAP_SOCKETS - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_WAIT, /* so many tenths of a second, squared */
	STEP_SCOUT,
	STEP_SEARCH,
	STEP_LINE,
	STEP_ANNOUNCE,
	STEP_WORKER,
	STEP_ANSWER, /* the last request as it would be answered, with these result and epoch, or lifetime */
	STEP_DOUBT,
	STEP_CLOSED,
	STEPS,
};

struct run {
	struct portmap *p;
	struct upnp_line line;
	struct rng rng;
	nk_time now;
	uint8_t asked[CORE_DATAGRAM_MAX];
	size_t asked_len;
	uint32_t asked_id;
	struct upnp_request request;
	unsigned sent;
};

static const struct addr gateway = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}};

static void tell(struct run *r, enum event_kind kind, uint32_t id, uint16_t port,
		 const uint8_t *data, size_t len)
{
	const struct event ev = {.kind = kind,
				 .id = id,
				 .from = addr_with_port(gateway, port),
				 .data = data,
				 .len = len};

	if (!upnp_line_input(&r->line, &ev))
		portmap_input(r->p, &ev, r->now);
}

static void act(struct run *r, const struct action *a)
{
	if (a->kind == ACTION_OPEN)
		tell(r, EVENT_OPENED, a->id, 0, NULL, 0);
	if (a->kind != ACTION_SEND)
		return;
	if (a->id == STREAM) {
		must(upnp_request_read(&r->request, a->data, a->len) == 0);
		return;
	}
	r->sent++;
	if (a->to.port == PCP_PORT) {
		memcpy(r->asked, a->data, a->len);
		r->asked_len = a->len;
		r->asked_id = a->id;
	}
}

static void turn(struct run *r)
{
	struct action a;

	for (unsigned turns = 0; portmap_output(r->p, &a, r->now); turns++) {
		must(turns < 100);
		act(r, &a);
	}
	for (unsigned turns = 0; upnp_line_output(&r->line, &a); turns++) {
		must(turns < 100);
		act(r, &a);
	}
}

static void pass(struct run *r, nk_time end)
{
	const unsigned before = r->sent;
	const nk_time began = r->now;

	turn(r);
	while (portmap_deadline(r->p) <= end) {
		must(portmap_deadline(r->p) > r->now);
		r->now = portmap_deadline(r->p);
		turn(r);
	}
	r->now = end;
	/* A scout sends 45 datagrams in its first second, and there is one each few seconds. */
	must(r->sent - before <= 100 + 40 * (unsigned)((end - began) / NK_S));
}

static void answer_gateway(struct run *r, uint8_t result, uint8_t second)
{
	if (r->asked_len < 2)
		return;
	r->asked[1] |= 0x80;
	if (r->asked[0] == PCP_VERSION && r->asked_len >= 24) {
		r->asked[3] = result;
		memset(r->asked + 8, 0, 16);
		r->asked[11] = second;
	} else if (r->asked[0] == NATPMP_VERSION && r->asked_len == 12) {
		memmove(r->asked + 8, r->asked + 4, 8);
		memset(r->asked + 2, 0, 6);
		r->asked[3] = result;
		r->asked[7] = second;
		r->asked_len = 16;
	}
	tell(r, EVENT_DATAGRAM, r->asked_id, PCP_PORT, r->asked, r->asked_len);
	r->asked_len = 0;
}

static void answer_worker(struct run *r, uint8_t result, uint8_t second)
{
	struct upnp_reply a = {
		.id = r->request.id,
		.op = r->request.op,
		.result = result < 16 ? result : (uint16_t)(600 + result),
		.connected = true,
		.igd = second % 2 == 0 ? 1 : 2,
		.external = gateway,
		.client = r->request.client,
		.lifetime_s = second * 100u,
	};
	uint8_t bytes[UPNP_MSG_MAX];

	a.external.port = second % 3 == 0 ? 0 : r->request.external_port;
	tell(r, EVENT_STREAM_DATA, STREAM, 0, bytes, upnp_reply_write(bytes, &a));
}

static void step(struct run *r, struct rd *in)
{
	static const uint32_t ids[STEPS] = {[STEP_SCOUT] = FIRST,
					    [STEP_SEARCH] = FIRST + 1,
					    [STEP_LINE] = LINE,
					    [STEP_ANNOUNCE] = ANNOUNCED,
					    [STEP_WORKER] = STREAM};
	const enum step what = rd_u8(in) % STEPS;
	const uint8_t first = rd_u8(in), second = rd_u8(in);
	struct rd bytes;

	switch (what) {
	case STEP_WAIT:
		pass(r, r->now + (nk_time)first * first * NK_S / 10);
		break;
	case STEP_ANSWER:
		if (r->request.id != 0 && first >= 128)
			answer_worker(r, first & 127, second);
		else
			answer_gateway(r, first, second);
		break;
	case STEP_DOUBT:
		portmap_doubt(r->p, r->now);
		break;
	case STEP_CLOSED:
		tell(r, EVENT_ICMP_ERROR, LINE, PCP_PORT, NULL, 0);
		break;
	default:
		bytes = rd_sub(in, second);
		if (!in->bad)
			tell(r, what == STEP_WORKER ? EVENT_STREAM_DATA : EVENT_DATAGRAM, ids[what],
			     first == 0 ? PCP_PORT : 1900, bytes.p, second);
	}
	turn(r);
}

static void check(const struct portmap_mapping *m)
{
	must(m->state != PORTMAP_HELD || m->external.port != 0);
	must(m->lease_s <= 86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd in = rd_make(data, size);
	const uint8_t flags = rd_u8(&in);
	struct run r = {.now = NK_S};
	const struct portmap_config config = {
		.gateway = gateway,
		.internal = addr_v4(192, 0, 2, 10, 8080),
		.ip_protocol = flags & 1 ? 17 : 6,
		.external_port = 9000,
		.strict = flags & 2,
		.detach = flags & 4,
		.protocols = flags & 8 ? PORTMAP_BIT(PORTMAP_UPNP) : PORTMAP_ALL,
		.nonce = {1},
		.first_socket = FIRST,
		.upnp = &r.line,
		.limit = NK_S,
		.announced = ANNOUNCED,
	};

	rng_seed_from_number(&r.rng, flags);
	upnp_line_init(&r.line, STREAM);
	r.p = portmap_new(&config, &r.rng, r.now);
	must(r.p != NULL);
	turn(&r);
	while (!in.bad && rd_left(&in) > 0) {
		step(&r, &in);
		check(portmap_result(r.p));
	}
	portmap_release(r.p, r.now);
	pass(&r, r.now + 6 * NK_S);
	must(portmap_status(r.p) == CORE_DONE);
	portmap_free(r.p);
	return 0;
}
