/*
 * natmap's run, and a network that is its enemy.
 *
 * The input is a list of steps: a raw datagram, an answer put together, an ICMP error of anyone, time that passes, a
 * socket that cannot be opened, the wish to end. After each step all output is taken. Whatever comes, packets go to
 * where they can be answered, nothing is due in the past, the quick part ends in time, and the result holds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "core/natmap/natmap.h"
#include "must.h"
#include "wire/probe_msg.h"

#define SOCKETS     1024
#define OUTPUTS_MAX 4096 /* after one step */
#define LIMIT       (1900 * NK_MS)

/* struct flow - A socket, and what was last asked from it */
struct flow {
	bool open;
	uint32_t id;
	struct addr to;
	uint16_t method;
	uint8_t tid[STUN_TID];
};

struct world {
	struct natmap_options options;
	struct natmap *map;
	struct flow flows[SOCKETS];
	unsigned count;
	bool fails;
	nk_time now;
};

static void set_up(struct world *w, uint8_t how)
{
	static const uint8_t seed[32] = {1};

	w->options = (struct natmap_options){
		.servers = {addr_v4(192, 0, 2, 1, 3478), addr_v4(192, 0, 2, 2, 3478)},
		.server_count = how % 3,
		.ways = {{.gateway = addr_v4(192, 168, 1, 1, 0),
			  .local = addr_v4(192, 168, 1, 2, 0),
			  .interface = "eth0"}},
		.way_count = (how & 0x10) != 0,
		.enumerate = (how & 0x20) != 0,
		.max = 60 * NK_S,
		.mappings = 64,
		.pace = 5 * NK_MS,
		.protocols = PORTMAP_ALL,
		.limit = LIMIT,
	};
	w->map = natmap_new(&w->options, false, seed);
	must(w->map != NULL);
	natmap_start(w->map, 0);
}

static struct flow *find(struct world *w, uint32_t id)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->flows[i].id == id)
			return &w->flows[i];
	must(w->count < SOCKETS);
	w->flows[w->count] = (struct flow){.id = id};
	return &w->flows[w->count++];
}

static void open_socket(struct world *w, const struct action *a)
{
	struct flow *f = find(w, a->id);
	const struct event ev = {
		.kind = w->fails ? EVENT_OPEN_FAILED : EVENT_OPENED,
		.id = a->id,
		.error = w->fails,
		.local = addr_v4(192, 168, 1, 2, (uint16_t)(40000 + (f - w->flows))),
	};

	must(!f->open && a->socket == SOCKET_UDP);
	f->open = !w->fails;
	natmap_input(w->map, &ev, w->now);
}

/* OTHER-ADDRESS is the server's word: it may be any. */
static void note_send(struct world *w, const struct action *a)
{
	struct flow *f = find(w, a->id);
	struct stun_msg m;

	must(f->open && a->len > 0 && a->len <= CORE_DATAGRAM_MAX && a->to.port != 0);
	f->to = a->to;
	if (stun_read(&m, a->data, a->len) != 0)
		return;
	f->method = m.method;
	memcpy(f->tid, m.tid, STUN_TID);
}

static void check_result(struct world *w)
{
	const struct natmap_result *r = natmap_result(w->map);

	must(r->p >= 0 && r->p <= 1 && (unsigned)r->verdict < NATMAP_VERDICTS);
	must(r->evidence_count <= NATMAP_EVIDENCE_MAX && r->public_count <= PROBE_PUBLIC_MAX);
	must(r->path.count < NATMAP_HOPS_MAX && r->carrier_hop <= r->path.count);
	must(r->quick_done || w->now < LIMIT);
	for (unsigned i = 0; i < r->evidence_count; i++)
		must(memchr(r->evidence[i].text, '\0', NATMAP_EVIDENCE) != NULL);
}

static void drain(struct world *w)
{
	static struct action a;
	unsigned n = 0;

	while (natmap_output(w->map, &a, w->now)) {
		must(n++ < OUTPUTS_MAX);
		if (a.kind == ACTION_OPEN)
			open_socket(w, &a);
		else if (a.kind == ACTION_CLOSE)
			find(w, a.id)->open = false;
		else
			note_send(w, &a);
	}
	must(natmap_status(w->map) != CORE_BUSY || natmap_deadline(w->map) > w->now);
}

static struct flow *choose(struct world *w, struct rd *r)
{
	const uint16_t which = rd_be16(r);

	return w->count > 0 ? &w->flows[which % w->count] : NULL;
}

static void put_in(struct world *w, const struct flow *f, const uint8_t *data, size_t len)
{
	uint8_t *block = malloc(len > 0 ? len : 1); /* of exactly that size */
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = f->id,
		.from = f->to,
		.ttl = (uint8_t)(len % 65),
		.data = block,
		.len = len,
	};

	must(block != NULL);
	if (len > 0)
		memcpy(block, data, len);
	if (f->open)
		natmap_input(w->map, &ev, w->now);
	free(block);
}

/* Any class; answers bear the id of what was asked last. */
static void put_together(struct world *w, const struct flow *f, struct rd *r)
{
	const uint8_t what = rd_u8(r), attrs = rd_u8(r);
	const struct addr mapped = addr_v4(203, 0, 113, rd_u8(r), rd_be16(r));
	const struct addr other = addr_v4(192, 0, 2, rd_u8(r), 3479);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr m = wr_make(buf, sizeof(buf));

	stun_begin(&m, f->method, (enum stun_class)(what & 3), f->tid);
	if (attrs & 1)
		stun_put_xor_addr(&m, STUN_XOR_MAPPED_ADDRESS, &mapped);
	if (attrs & 2)
		stun_put_addr(&m, STUN_OTHER_ADDRESS, &other);
	if (attrs & 4)
		stun_put_bytes(&m, STUN_SOFTWARE, "\xff natkit %n", 11);
	if (attrs & 8)
		stun_put_error(&m, PROBE_ERR_COOKIE, "");
	if (attrs & 16)
		probe_put_cookie(&m, what);
	if (attrs & 32)
		probe_put_token(&m, what);
	if (attrs & 64)
		probe_put_abilities(&m, PROBE_ABLE_HOLD);
	if (attrs & 128)
		probe_put_time(&m, what);
	put_in(w, f, buf, stun_end(&m));
}

static void put_error(struct world *w, const struct flow *f, struct rd *r)
{
	const struct event ev = {
		.kind = EVENT_ICMP_ERROR,
		.id = f->id,
		.error = 113,
		.from = f->to,
		.reporter = addr_v4(rd_u8(r), rd_u8(r), 0, 1, 0),
		.icmp_type = rd_u8(r) & 0x0f,
	};

	if (f->open)
		natmap_input(w->map, &ev, w->now);
}

static void pass_time(struct world *w, uint16_t v)
{
	const nk_time until = w->now + ((nk_time)(v & 0xfff) << (v >> 12)) * 10;

	for (unsigned i = 0;
	     i < 512 && natmap_status(w->map) == CORE_BUSY && natmap_deadline(w->map) <= until;
	     i++) {
		w->now = nk_max(w->now, natmap_deadline(w->map));
		drain(w);
	}
	if (natmap_status(w->map) != CORE_BUSY || natmap_deadline(w->map) > until)
		w->now = nk_max(w->now, until);
}

static void step(struct world *w, struct rd *r)
{
	const uint8_t op = rd_u8(r);
	const struct flow *f = choose(w, r);
	size_t len;

	w->fails = (op & 0x80) != 0;
	if ((op & 7) == 7 && op > 0xf0) {
		natmap_input(w->map, &(struct event){.kind = EVENT_STOP}, w->now);
	} else if ((op & 3) == 0 && f != NULL) {
		len = rd_u8(r);
		len = len < rd_left(r) ? len : rd_left(r);
		put_in(w, f, rd_bytes(r, len), len);
	} else if ((op & 3) == 1 && f != NULL) {
		put_together(w, f, r);
	} else if ((op & 3) == 2 && f != NULL) {
		put_error(w, f, r);
	} else {
		pass_time(w, rd_be16(r));
	}
	drain(w);
	check_result(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct rd r = rd_make(data, size);

	must(crypto_init() == 0);
	w = (struct world){.now = 0};
	set_up(&w, rd_u8(&r));
	drain(&w);
	while (rd_left(&r) > 0 && !r.bad && natmap_status(w.map) == CORE_BUSY)
		step(&w, &r);
	natmap_free(w.map);
	return 0;
}
