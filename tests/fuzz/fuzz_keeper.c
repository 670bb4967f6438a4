/*
 * natkeepalive's run, and a network that is its enemy.
 *
 * The input is a list of steps: a raw datagram from a target's address, an answer or a
 * question put together, time that passes, a network that is another one, a socket that cannot be
 * opened. After each step all output is taken. Whatever comes, packets go to targets alone, nobody is
 * up who has not answered, nothing is due in the past, and nobody is flooded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "core/keeper/keeper.h"
#include "must.h"
#include "wire/stun.h"

#define TARGETS     2
#define SOCKETS     256
#define OUTPUTS_MAX 1024 /* after one step */

/* Sends that are allowed: what a step may cause, and some each second, spare mappings among them. */
#define EACH_STEP  24
#define EACH_TENTH 2

struct world {
	struct keeper_options options;
	struct keeper *keeper;
	struct rng rng;
	uint8_t tid[TARGETS][STUN_TID]; /* of the last requests */
	uint32_t socket[TARGETS];       /* that they left from */
	bool asked[TARGETS], answered[TARGETS], open[SOCKETS], fails;
	unsigned sent, allowed;
	nk_time now;
};

static void set_up(struct world *w, uint8_t how)
{
	static const uint8_t seed[32] = {1};

	rng_seed(&w->rng, seed);
	w->options.algorithm = (enum keepalive_algorithm)(how % KEEPALIVE_ALGORITHMS);
	w->options.target_count = TARGETS;
	w->options.targets[0].kind = (how & 0x10) != 0 ? KEEPER_BROKER : KEEPER_STUN;
	w->options.targets[0].addr = addr_v4(192, 0, 2, 1, 3478);
	w->options.targets[1].kind = KEEPER_PEER;
	w->options.targets[1].addr = addr_v4(192, 0, 2, 2, 6000);
	if ((how & 0x20) != 0)
		w->options.targets[0].local_port = w->options.targets[1].local_port = 5000;
	w->keeper = keeper_new(&w->options, &w->rng, 0);
	must(w->keeper != NULL);
}

static void input(struct world *w, const struct event *ev)
{
	keeper_input(w->keeper, ev, w->now);
}

static void open_socket(struct world *w, const struct action *a)
{
	struct event ev = {.kind = w->fails ? EVENT_OPEN_FAILED : EVENT_OPENED, .id = a->id};

	must(!w->open[a->id]);
	w->open[a->id] = !w->fails;
	ev.local = addr_v4(10, 0, 0, 2, a->local.port != 0 ? a->local.port : 40000);
	input(w, &ev);
}

static void check_send(struct world *w, const struct action *a)
{
	struct stun_msg m;
	unsigned i = 0;

	must(w->open[a->id] && a->len > 0 && a->len <= 1200);
	while (i < TARGETS && !addr_same_ip(&a->to, &w->options.targets[i].addr))
		i++;
	must(i < TARGETS);
	w->sent++;
	if (stun_read(&m, a->data, a->len) != 0 || m.cls != STUN_REQUEST)
		return;
	memcpy(w->tid[i], m.tid, STUN_TID);
	w->socket[i] = a->id;
	w->asked[i] = true;
}

static void drain(struct world *w)
{
	static struct action a;
	struct keeper_result result;
	struct keeper_event e;
	unsigned n = 0;

	while (keeper_output(w->keeper, &a, w->now)) {
		must(n++ < OUTPUTS_MAX && a.id < SOCKETS);
		if (a.kind == ACTION_OPEN)
			open_socket(w, &a);
		else if (a.kind == ACTION_CLOSE)
			w->open[a.id] = false;
		else
			check_send(w, &a);
	}
	must(keeper_deadline(w->keeper) > w->now);
	must(w->sent <= w->allowed + (unsigned)(w->now / (NK_S / 10)) * EACH_TENTH);
	keeper_result(w->keeper, &result, w->now);
	for (unsigned i = 0; i < TARGETS; i++)
		must(w->answered[i] || result.targets[i].state != KEEPER_UP);
	while (keeper_next_event(w->keeper, &e))
		must(e.target <= KEEPER_TARGETS_MAX);
}

static void put_in(struct world *w, unsigned i, const uint8_t *data, size_t len)
{
	uint8_t *block = malloc(len > 0 ? len : 1); /* of exactly that size */
	struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = w->socket[i],
		.from = w->options.targets[i].addr,
		.data = block,
		.len = len,
	};

	must(block != NULL);
	if (len > 0)
		memcpy(block, data, len);
	input(w, &ev);
	free(block);
}

/* Any method and class; answers bear the id of what was asked last. */
static void put_together(struct world *w, struct rd *r)
{
	const uint8_t what = rd_u8(r), attrs = rd_u8(r);
	const unsigned i = what & 1;
	const enum stun_class cls = (enum stun_class)(what >> 1 & 3);
	const struct addr mapped = addr_v4(203, 0, 113, rd_u8(r), rd_be16(r));
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr m = wr_make(buf, sizeof(buf));

	stun_begin(&m, (what & 0x80) != 0 ? 0xE8 : STUN_BINDING, cls, w->tid[i]);
	if (attrs & 1)
		stun_put_xor_addr(&m, STUN_XOR_MAPPED_ADDRESS, &mapped);
	if (attrs & 2)
		stun_put_addr(&m, STUN_MAPPED_ADDRESS, &mapped);
	if (attrs & 4)
		stun_put_bytes(&m, STUN_SOFTWARE, "natkit 0", 8);
	if (attrs & 8)
		stun_put_error(&m, (uint16_t)(400 + rd_u8(r) % 99), "");
	if (attrs & 16)
		stun_put_fingerprint(&m);
	w->answered[i] |= w->asked[i] && (cls == STUN_SUCCESS || cls == STUN_ERROR);
	put_in(w, i, buf, stun_end(&m));
}

static void pass_time(struct world *w, uint16_t v)
{
	const nk_time until = w->now + ((nk_time)(v & 0xfff) << (v >> 12)) * 100;

	for (unsigned i = 0; i < 256 && keeper_deadline(w->keeper) <= until; i++) {
		w->now = nk_max(w->now, keeper_deadline(w->keeper));
		drain(w);
	}
	w->now = until;
}

static void happen(struct world *w, uint8_t what)
{
	static const enum event_kind kinds[] = {EVENT_RESUMED, EVENT_NETWORK, EVENT_LINK_LOST};
	const struct addr to = addr_with_port(w->options.targets[what & 1].addr, 3479);

	w->fails = (what & 0x80) != 0;
	if (what % 4 < 3)
		input(w, &(struct event){.kind = kinds[what % 4]});
	else
		keeper_retarget(w->keeper, what & 1, &to, w->now);
}

static void step(struct world *w, struct rd *r)
{
	const uint8_t op = rd_u8(r);
	size_t len;

	w->allowed += EACH_STEP;
	switch (op & 3) {
	case 0:
		len = rd_be16(r);
		len = len < rd_left(r) ? len : rd_left(r);
		put_in(w, op >> 7, rd_bytes(r, len), len);
		break;
	case 1:
		put_together(w, r);
		break;
	case 2:
		pass_time(w, rd_be16(r));
		break;
	default:
		happen(w, rd_u8(r));
	}
	drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.now = 0};
	struct rd r = rd_make(data, size);

	must(crypto_init() == 0);
	set_up(&w, rd_u8(&r));
	w.allowed = EACH_STEP;
	drain(&w);
	while (rd_left(&r) > 0 && !r.bad)
		step(&w, &r);
	keeper_free(w.keeper);
	return 0;
}
