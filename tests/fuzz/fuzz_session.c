/*
 * A session whose peer has the right keys and no manners, and strangers who have not.
 *
 * The input is a list of steps: frames that the peer seals, whatever they are; bytes of a
 * stranger; time; and what the owner may do. Whatever comes: packets keep to their lengths, an
 * address that is not the path gets at most three times what came from it, and there is an end
 * to what a step sends.
 */
#include <string.h>

#include "core/session/keys.h"
#include "core/session/session.h"
#include "must.h"

#define OUTPUTS_MAX 1000 /* after one step */
#define ADDRESSES   4    /* the first one is the path, until it moves */

enum step {
	STEP_FRAMES,
	STEP_RAW,
	STEP_TIME,
	STEP_MESSAGE,
	STEP_DATAGRAM,
	STEP_TAKE,
	STEP_PATH,
	STEP_RENEW,
	STEP_CLOSE,
	STEP_KEEPALIVE,
	STEP_OFFER,
	STEPS,
};

struct world {
	struct session *session;
	struct rng rng;
	struct keys peer;
	nk_time now;
	struct addr path;
	size_t in[ADDRESSES], out[ADDRESSES];
	uint8_t call;
};

static struct addr address(unsigned i)
{
	return addr_v4(192, 0, 2, (uint8_t)i, 1000);
}

static struct noise_keys call_keys(uint8_t call)
{
	struct noise_keys k;

	memset(&k, call, sizeof(k));
	k.caller_to_callee[0] ^= 1;
	return k;
}

static void set_path(struct world *w, unsigned i)
{
	w->path = address(i);
	session_set_path(w->session, 1, &w->path, w->now);
}

static struct session_keepalive keepalive_by(uint8_t algorithm)
{
	return (struct session_keepalive){
		.terms = {.algorithm = algorithm % KEEPALIVE_ALGORITHMS, .interval_s = 15},
		.ours = keepalive_default_offer(),
		.opener_ttl = 2,
	};
}

static void begin(struct world *w, bool caller, uint8_t algorithm)
{
	const struct session_config config = {
		.keys = call_keys(0),
		.caller = caller,
		.keepalive = keepalive_by(algorithm),
	};

	*w = (struct world){.now = NK_S};
	rng_seed_from_number(&w->rng, 1);
	w->session = session_new(&config, &w->rng, w->now);
	must(w->session != NULL);
	keys_start(&w->peer, &config.keys, !caller, 0, 0, w->now);
	set_path(w, 0);
}

static void hear(struct world *w, unsigned from, const uint8_t *bytes, size_t len, bool authentic)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM, .id = 1, .from = address(from), .data = bytes, .len = len};

	if (session_input(w->session, &ev, w->now))
		w->in[from] += len;
	else
		must(!authentic);
}

static void news(struct world *w, bool take)
{
	struct session_news n;

	for (unsigned i = 0; session_next(w->session, &n); i++) {
		must(i < OUTPUTS_MAX);
		if (n.kind == SESSION_PATH_CHANGED)
			w->path = n.peer;
		if (n.kind != SESSION_MESSAGE)
			continue;
		must(n.len <= SESSION_MESSAGE_MAX);
		if (!take)
			return;
		session_took(w->session);
	}
}

static void output(struct world *w)
{
	static struct action action;
	unsigned n = 0;

	while (session_output(w->session, &action, w->now)) {
		const unsigned to = action.to.ip[15];

		must(n++ < OUTPUTS_MAX && to < ADDRESSES);
		must(action.len > PACKET_OVERHEAD ? action.len <= CORE_DATAGRAM_MAX
						  : action.len == KEEPALIVE_LEN || action.ttl == 2);
		if (addr_eq(&action.to, &w->path))
			continue;
		w->out[to] += action.len;
		must(w->out[to] <= 3 * w->in[to]);
	}
	must(session_deadline(w->session) > w->now);
}

static void frames(struct world *w, unsigned from, const uint8_t *data, size_t n)
{
	static uint8_t packet[512];

	memcpy(packet + PACKET_HEADER, data, n);
	hear(w, from, packet, keys_seal(&w->peer, packet, n, w->now), true);
}

static void renew(struct world *w, bool caller)
{
	const struct noise_keys keys = call_keys(++w->call);

	const struct session_keepalive keepalive = keepalive_by(w->call);

	session_renew(w->session, &keys, w->call, w->call, &keepalive, w->now);
	keys_start(&w->peer, &keys, !caller, w->call, w->call, w->now);
}

/* A frame of the peer's, from where it may be or not. */
static void keepalive(struct world *w, unsigned from, unsigned kind)
{
	uint8_t frame[KEEPALIVE_LEN];

	keepalive_write(&w->peer.frames, (enum keepalive_kind)kind, frame);
	hear(w, from, frame, sizeof(frame), false);
}

static void offer(struct world *w, const uint8_t *data, size_t n)
{
	struct keepalive_offer o;

	if (keepalive_offer_read(&o, data, n) == 0)
		session_offer(w->session, &o, w->now);
}

static void do_step(struct world *w, bool caller, enum step step, unsigned i, struct rd arg)
{
	const size_t n = rd_left(&arg);

	switch (step) {
	case STEP_FRAMES:
		frames(w, i % ADDRESSES, arg.p, n);
		break;
	case STEP_RAW:
		hear(w, i % ADDRESSES, arg.p, n, false);
		break;
	case STEP_TIME:
		w->now += (nk_time)i * i * i * NK_MS;
		break;
	case STEP_MESSAGE:
		must(session_send_message(w->session, arg.p, n) == 0 ||
		     !session_has_room(w->session));
		break;
	case STEP_DATAGRAM:
		session_send_datagram(w->session, arg.p, n);
		break;
	case STEP_TAKE:
		news(w, true);
		break;
	case STEP_PATH:
		set_path(w, i % ADDRESSES);
		break;
	case STEP_RENEW:
		renew(w, caller);
		break;
	case STEP_CLOSE:
		session_close(w->session);
		break;
	case STEP_KEEPALIVE:
		keepalive(w, i % ADDRESSES, i / ADDRESSES % 3);
		break;
	case STEP_OFFER:
		offer(w, arg.p, n);
		break;
	case STEPS:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct rd r = rd_make(data, size);
	const uint8_t first = rd_u8(&r);
	const bool caller = first & 1;

	if (crypto_init() != 0)
		return -1;
	begin(&w, caller, first >> 1);
	while (rd_left(&r) > 0) {
		const uint8_t step = rd_u8(&r), i = rd_u8(&r), len = rd_u8(&r);
		const struct rd arg = rd_sub(&r, len < rd_left(&r) ? len : rd_left(&r));

		if (r.bad)
			break;
		do_step(&w, caller, step % STEPS, i, arg);
		news(&w, false);
		output(&w);
	}
	session_free(w.session);
	return 0;
}
