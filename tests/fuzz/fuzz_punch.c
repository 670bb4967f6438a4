/*
 * A punch that is told anything: raw datagrams, checks and answers that are signed as they should be
 * with whatever attributes, openings of sockets, time that passes. It never says more than it may, to
 * whom it may not, nor wants to be called at once for ever.
 */
#include <stdlib.h>
#include <string.h>

#include "core/punch/punch.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST   10
#define ACTIONS 2000 /* more than it can have to say at once */

/* What the peer's secrets are; the punch's are these the other way round. */
static const struct ice_secret ours = {"ours", "password of our own side"};
static const struct ice_secret theirs = {"theirs", "password of the other side"};

/* The last check that the punch has sent, and packets to those who have not answered. */
struct told {
	uint8_t tid[STUN_TID];
	unsigned to_victim;
};

static struct addr peer(uint8_t which)
{
	return which < 200 ? addr_v4(198, 51, 100, 1, (uint16_t)(1000 + which))
			   : addr_v4(192, 0, 2, 1, which);
}

static struct punch *begin(uint8_t flags, struct rng *rng)
{
	struct punch_config c = {
		.ours = ours,
		.theirs = theirs,
		.controlling = (flags & 1) != 0,
		.local = {{{CANDIDATE_HOST, addr_v4(10, 0, 0, 1, 1)}}, 1},
		.remote = {{{CANDIDATE_SERVER_REFLEXIVE, peer(0)},
			    {CANDIDATE_HOST, addr_v4(10, 0, 0, 2, 2)}},
			   2},
		.first_socket = FIRST,
		.have_v4 = true,
		.fire = 100 * NK_MS,
		.opener_ttl = 2,
		.first_pause = 50 * NK_MS,
		.pause_factor = 1.5,
		.jitter = 0.1,
		.pause_max = 20 * NK_S,
		.give_up = 30 * NK_S,
		.tactics = TACTICS_ALL,
		.hard = (flags & 2) != 0,
		.hard_ip = peer(0),
		.one_ip = (flags & 4) != 0,
		.ice = (flags & 8) != 0,
	};

	c.remote_hint.mapping = flags >> 4 & 3;
	c.local_hint.mapping = flags >> 6 & 3;
	c.remote_hint.ports = c.local_hint.ports = HINT_PORTS_RANDOM;
	return punch_new(&c, rng, 0);
}

static void drain(struct punch *p, struct told *told, nk_time now)
{
	struct action a;
	unsigned count = 0;

	while (punch_output(p, &a, now)) {
		must(++count < ACTIONS);
		must(a.id >= FIRST && a.id < FIRST + PUNCH_SOCKETS_MAX);
		if (a.kind != ACTION_SEND)
			continue;
		must(a.len >= STUN_HEADER && a.len <= sizeof(a.data) && a.to.port != 0);
		if (a.data[0] == 0 && a.data[1] == 1)
			memcpy(told->tid, a.data + 8, STUN_TID);
		told->to_victim += a.to.ip[12] == 192;
	}
	must(punch_deadline(p) > now);
	must(told->to_victim <= PUNCH_UNPROVEN_MAX * PUNCH_ADDRS_MAX);
}

/* A message of ours or one of its answers, with @len bytes of attributes between. */
static size_t sign(uint8_t out[static CORE_DATAGRAM_MAX], const struct told *told, bool ask,
		   const uint8_t *attributes, size_t len)
{
	const struct ice_secret *signer = ask ? &ours : &theirs;
	struct wr w = wr_make(out, CORE_DATAGRAM_MAX);

	stun_begin(&w, STUN_BINDING, ask ? STUN_REQUEST : STUN_SUCCESS, told->tid);
	if (ask)
		stun_put_bytes(&w, STUN_USERNAME, "ours:theirs", 11);
	wr_bytes(&w, attributes, len & ~(size_t)3);
	stun_put_integrity(&w, signer->password, strlen(signer->password));
	stun_put_fingerprint(&w);
	return stun_end(&w);
}

static void do_step(struct punch *p, struct told *told, struct rd *r, nk_time *now)
{
	uint8_t message[CORE_DATAGRAM_MAX];
	const uint8_t what = rd_u8(r), where = rd_u8(r), len = rd_u8(r);
	struct rd rest = rd_sub(r, len < rd_left(r) ? len : rd_left(r));
	struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = FIRST + (what >> 4),
		.from = peer(where),
		.data = rest.p,
		.len = rd_left(&rest),
	};
	const struct punch_result *result = punch_result(p);
	const bool was = result->connected;

	if (what % 4 == 0)
		*now += len * 10 * NK_MS;
	else if (what % 4 == 1)
		ev.kind = (what & 4) != 0 ? EVENT_OPENED : EVENT_OPEN_FAILED;
	if (what % 4 >= 2) {
		ev.len = sign(message, told, what % 4 == 2, rest.p, rd_left(&rest));
		ev.data = message;
	}
	punch_input(p, &ev, *now);
	must(was || !result->connected || what % 4 >= 2);
	drain(p, told, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	struct told told = {.to_victim = 0};
	struct rng rng;
	struct punch *p;
	nk_time now = 0;

	must(crypto_init() == 0);
	rng_seed_from_number(&rng, 1);
	p = begin(rd_u8(&r), &rng);
	must(p != NULL);
	drain(p, &told, now);
	while (rd_left(&r) > 0)
		do_step(p, &told, &r, &now);
	punch_free(p);
	return 0;
}
