/*
 * A listener's and a caller's side of the rendezvous, and a broker that is their enemy.
 *
 * The input is a list of steps: a raw datagram, a message put together from choices
 * (so that it answers what was asked), time that passes, something that the owner
 * does. After each step all output is taken. Whatever the broker says, they send to
 * it alone, are never due in the past, and do not flood it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/rendezvous/registration.h"
#include "core/rendezvous/ring.h"
#include "must.h"

#define SOCKET      3
#define OUTPUTS_MAX 64 /* after one step */

/* Sends that are allowed: what the broker may cause each step, and one each 50 ms. */
#define EACH_STEP 6
#define AND_AFTER (50 * NK_MS)

struct world {
	struct registration *registration;
	struct ring *ring;
	struct identity identity;
	struct rng rng;
	struct addr broker;
	uint8_t tid[2][STUN_TID]; /* of the last requests */
	struct rung rung;
	unsigned sent, allowed;
	nk_time now;
};

static void set_up(struct world *w)
{
	static const uint8_t seed[CRYPTO_KEY] = {1};
	struct registration_config listener = {.socket = SOCKET, .identity = &w->identity};
	struct ring_config caller = {.socket = SOCKET};

	must(addr_parse(&w->broker, "192.0.2.1:3478", 0) == 0);
	identity_from_seed(&w->identity, seed);
	rng_seed(&w->rng, seed);
	listener.broker = caller.broker = w->broker;
	w->registration = registration_new(&listener, &w->rng, 0);
	w->ring = ring_new(&caller, &w->rng, 0);
	must(w->registration != NULL && w->ring != NULL);
}

static void check_send(struct world *w, const struct action *a, unsigned side)
{
	struct rendezvous_msg r;
	struct stun_msg m;

	must(a->kind == ACTION_SEND && a->id == SOCKET && addr_eq(&a->to, &w->broker));
	must(a->len <= 1200);
	must(stun_read(&m, a->data, a->len) == 0 && rendezvous_read(&r, &m) == 0);
	w->sent++;
	if (m.cls == STUN_REQUEST)
		memcpy(w->tid[side], m.tid, STUN_TID);
}

static void drain(struct world *w)
{
	static struct action a;
	unsigned n = 0;

	while (registration_output(w->registration, &a, w->now)) {
		must(n++ < OUTPUTS_MAX);
		check_send(w, &a, 0);
	}
	while (ring_output(w->ring, &a, w->now)) {
		must(n++ < OUTPUTS_MAX);
		check_send(w, &a, 1);
	}
	must(registration_deadline(w->registration) > w->now);
	must(ring_deadline(w->ring) > w->now);
	must(w->sent <= w->allowed + (unsigned)(w->now / AND_AFTER) + EACH_STEP);
}

static void put_in(struct world *w, const uint8_t *data, size_t len)
{
	uint8_t *block = malloc(len > 0 ? len : 1); /* of exactly that size */
	struct event ev = {
		.kind = EVENT_DATAGRAM, .id = SOCKET, .from = w->broker, .data = block, .len = len};

	must(block != NULL);
	if (len > 0)
		memcpy(block, data, len);
	if (!registration_input(w->registration, &ev, w->now))
		ring_input(w->ring, &ev, w->now);
	free(block);
}

/* A message put together: method, class, whose request it answers; then a bit for each attribute. */
static void put_together(struct world *w, struct rd *r)
{
	static const uint8_t bytes[CRYPTO_SIGNATURE];
	const uint8_t what = rd_u8(r);
	const uint16_t attrs = rd_be16(r);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr m = wr_make(buf, sizeof(buf));

	stun_begin(&m, (uint16_t)(RENDEZVOUS_REGISTER + (what & 7)),
		   (enum stun_class)(what >> 3 & 3), w->tid[what >> 5 & 1]);
	if (attrs & 0x0001)
		probe_put_cookie(&m, rd_u8(r));
	if (attrs & 0x0002)
		probe_put_token(&m, rd_u8(r));
	if (attrs & 0x0004)
		probe_put_time(&m, rd_be64(r));
	if (attrs & 0x0008)
		stun_put_error(&m, (uint16_t)(460 + rd_u8(r) % 6), "");
	if (attrs & 0x0010)
		stun_put_xor_addr(&m, STUN_XOR_MAPPED_ADDRESS, &w->broker);
	if (attrs & 0x0020)
		rendezvous_put_from(&m, &w->broker);
	if (attrs & 0x0040)
		rendezvous_put_ticket(&m, bytes);
	if (attrs & 0x0080)
		rendezvous_put_body(&m, bytes, rd_u8(r) % sizeof(bytes));
	if (attrs & 0x0100)
		stun_put_u32(&m, RENDEZVOUS_ATTR_LIFETIME, rd_be32(r));
	if (attrs & 0x0200)
		stun_put_u32(&m, RENDEZVOUS_ATTR_FLAGS, rd_u8(r));
	if (attrs & 0x0400)
		stun_put_u32(&m, RENDEZVOUS_ATTR_RETRY, rd_be32(r));
	put_in(w, buf, stun_end(&m));
}

static void pass_time(struct world *w, uint16_t v)
{
	const nk_time until = w->now + ((nk_time)(v & 0xfff) << (v >> 12)) * 100;

	for (;;) {
		const nk_time due =
			nk_min(registration_deadline(w->registration), ring_deadline(w->ring));

		if (due > until)
			break;
		w->now = nk_max(w->now, due);
		drain(w);
	}
	w->now = until;
}

/* What the owners do: each makes a packet or two of its own. */
static void act(struct world *w, uint8_t which)
{
	static const uint8_t bytes[20] = {1};
	uint8_t taken[RENDEZVOUS_BODY_MAX];
	size_t len;

	w->allowed += 4;
	switch (which % 8) {
	case 0:
		ring_offer(w->ring, bytes, sizeof(bytes), w->now);
		break;
	case 1:
		ring_settled(w->ring);
		break;
	case 2:
		ring_relay(w->ring, bytes, sizeof(bytes));
		break;
	case 3:
		registration_next_ring(w->registration, &w->rung);
		break;
	case 4:
		registration_answer(w->registration, &w->rung, bytes, sizeof(bytes), true, w->now);
		break;
	case 5:
		registration_relay(w->registration, &w->rung, bytes, sizeof(bytes));
		break;
	case 6:
		registration_refresh(w->registration, w->now);
		break;
	default:
		while (ring_next_answer(w->ring, &w->rung))
			must(w->rung.len > 0 && w->rung.len <= sizeof(w->rung.offer));
		while (ring_next_relayed(w->ring, taken, &len))
			must(len > 0 && len <= sizeof(taken));
	}
}

static void step(struct world *w, struct rd *r)
{
	const uint8_t op = rd_u8(r);
	size_t len;

	switch (op & 3) {
	case 0:
		len = rd_be16(r);
		len = len < rd_left(r) ? len : rd_left(r);
		put_in(w, rd_bytes(r, len), len);
		break;
	case 1:
		put_together(w, r);
		w->allowed++; /* a success begins a new round of tries */
		break;
	case 2:
		pass_time(w, rd_be16(r));
		break;
	default:
		act(w, op >> 2);
	}
	drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	static struct world w;

	if (crypto_init() != 0)
		return -1;
	w = (struct world){.now = 0};
	set_up(&w);
	drain(&w);
	while (rd_left(&r) > 0 && !r.bad)
		step(&w, &r);
	registration_free(w.registration);
	ring_free(w.ring);
	return 0;
}
