#include "core/rendezvous/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/rendezvous/asking.h"

#define REFUSED_WAIT (5 * NK_S)
#define RETRY_MIN    (100 * NK_MS)

/* After an acknowledgement: time for CALL and ANSWER, of whose ways we know nothing. */
#define PAUSE_MIN (300 * NK_MS)
#define PAUSE_MAX (5 * NK_S)

/**
 * struct ring - What is known, and what is to be sent
 * @asking:	The RING that is due next
 * @cookie:	0: none
 * @pause:	From the last acknowledgement to the next RING
 * @ticket:	For relays, if @may_relay
 * @answers, @relayed, @relays: Not yet taken, not yet taken, not yet sent
 */
struct ring {
	struct broker_link link;
	uint8_t callee[CRYPTO_KEY];
	enum ring_state state;
	struct asking asking;
	uint64_t cookie;
	struct addr mapped;
	nk_time pause;
	uint8_t offer[RENDEZVOUS_BODY_MAX];
	size_t offer_len;
	bool may_relay, settled;
	uint8_t ticket[RENDEZVOUS_TICKET];
	struct rungs answers, relayed, relays;
};

struct ring *ring_new(const struct ring_config *config, struct rng *rng, nk_time now)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->link = (struct broker_link){
		.socket = config->socket, .broker = config->broker, .rng = rng};
	memcpy(r->callee, config->callee, sizeof(r->callee));
	asking_wait(&r->asking, now);
	return r;
}

void ring_free(struct ring *r)
{
	free(r);
}

/* Met: the next RING is for the offer, which may not be there yet. */
static void met(struct ring *r, const struct stun_msg *msg, const struct rendezvous_msg *m,
		nk_time now)
{
	r->cookie = m->cookie;
	r->mapped = msg->xor_mapped;
	if (r->state == RING_MEETING)
		r->state = RING_READY;
	if (r->offer_len == 0)
		asking_wait(&r->asking, NK_NEVER);
	else
		asking_again(&r->asking, now);
}

static void acknowledged(struct ring *r, const struct stun_msg *msg, nk_time now)
{
	r->mapped = msg->xor_mapped;
	if (r->state == RING_RINGING)
		r->state = RING_ACKNOWLEDGED;
	r->pause = r->pause == 0 ? nk_max(PAUSE_MIN, 3 * broker_clock_rtt(&r->link.clock))
				 : nk_min(r->pause * 3 / 2, PAUSE_MAX);
	asking_wait(&r->asking, now + r->pause);
}

static void response(struct ring *r, const struct stun_msg *msg, const struct rendezvous_msg *m,
		     nk_time now)
{
	const nk_time retry = m->retry_ms > 0 ? (nk_time)m->retry_ms * NK_MS : REFUSED_WAIT;

	if (r->settled || !asking_is_answered(&r->asking, &r->link, RENDEZVOUS_RING, msg, m, now))
		return;
	if (!m->has_time)
		asking_wait(&r->asking, now + nk_max(RETRY_MIN, nk_min(retry, REFUSED_WAIT)));
	else if (msg->cls == STUN_SUCCESS)
		acknowledged(r, msg, now);
	else if (msg->error == PROBE_ERR_COOKIE)
		met(r, msg, m, now);
}

/* The ticket that came last is the freshest. */
static void keep_ticket(struct ring *r, const struct rendezvous_msg *m)
{
	if (m->ticket == NULL)
		return;
	memcpy(r->ticket, m->ticket, sizeof(r->ticket));
	r->may_relay = true;
}

static void answered(struct ring *r, const struct rendezvous_msg *m)
{
	if (m->body == NULL ||
	    rungs_put(&r->answers, &m->from, r->ticket, m->body, m->body_len) != 0)
		return;
	if ((m->flags & RENDEZVOUS_RELAY_OK) != 0)
		keep_ticket(r, m);
	r->state = RING_ANSWERED;
}

static void relayed(struct ring *r, const struct rendezvous_msg *m)
{
	keep_ticket(r, m);
	if (m->body != NULL)
		rungs_put(&r->relayed, &m->from, r->ticket, m->body, m->body_len);
}

/* What a listener's side is told on the same socket is not taken. */
bool ring_input(struct ring *r, const struct event *ev, nk_time now)
{
	struct rendezvous_msg m;
	struct stun_msg msg;

	if (!broker_link_read(&r->link, ev, &msg, &m))
		return false;
	if (msg.method == RENDEZVOUS_RING)
		response(r, &msg, &m, now);
	else if (msg.method == RENDEZVOUS_ANSWER && msg.cls == STUN_INDICATION)
		answered(r, &m);
	else if (msg.method == RENDEZVOUS_RELAY && addr_family(&m.from) == ADDR_NONE)
		relayed(r, &m);
	else
		return false;
	return true;
}

static void send_ring(struct ring *r, struct action *action, nk_time now)
{
	struct wr w = broker_link_begin(&r->link, action, RENDEZVOUS_RING, STUN_REQUEST,
					asking_send(&r->asking, &r->link, now));

	if (r->cookie != 0 && r->offer_len > 0) {
		probe_put_cookie(&w, r->cookie);
		rendezvous_put_key(&w, r->callee);
		rendezvous_put_body(&w, r->offer, r->offer_len);
	} else {
		stun_pad_to(&w, RENDEZVOUS_ASK_LEN);
	}
	broker_link_end(action, &w);
}

static void send_relay(struct ring *r, const struct rung *x, struct action *action)
{
	uint8_t tid[STUN_TID];
	struct wr w;

	rng_bytes(r->link.rng, tid, sizeof(tid));
	w = broker_link_begin(&r->link, action, RENDEZVOUS_RELAY, STUN_INDICATION, tid);
	rendezvous_put_key(&w, r->callee);
	rendezvous_put_ticket(&w, r->ticket);
	rendezvous_put_body(&w, x->offer, x->len);
	broker_link_end(action, &w);
}

bool ring_output(struct ring *r, struct action *action, nk_time now)
{
	struct rung x;

	if (rungs_take(&r->relays, &x))
		send_relay(r, &x, action);
	else if (r->asking.due <= now)
		send_ring(r, action, now);
	else
		return false;
	return true;
}

nk_time ring_deadline(const struct ring *r)
{
	return r->relays.count > 0 ? 0 : r->asking.due;
}

enum ring_state ring_state(const struct ring *r)
{
	return r->state;
}

struct addr ring_mapped(const struct ring *r)
{
	return r->mapped;
}

const struct broker_clock *ring_clock(const struct ring *r)
{
	return &r->link.clock;
}

int ring_offer(struct ring *r, const uint8_t *offer, size_t len, nk_time now)
{
	if (len == 0 || len > sizeof(r->offer))
		return NK_ERR_NO_ROOM;
	memcpy(r->offer, offer, len);
	r->offer_len = len;
	r->state = RING_RINGING;
	r->settled = false;
	r->pause = 0;
	asking_wait(&r->asking, now);
	return 0;
}

bool ring_next_answer(struct ring *r, struct rung *out)
{
	return rungs_take(&r->answers, out);
}

bool ring_next_relayed(struct ring *r, uint8_t packet[static RENDEZVOUS_BODY_MAX], size_t *len)
{
	struct rung x;

	if (!rungs_take(&r->relayed, &x))
		return false;
	memcpy(packet, x.offer, x.len);
	*len = x.len;
	return true;
}

void ring_settled(struct ring *r)
{
	r->settled = true;
	asking_wait(&r->asking, NK_NEVER);
}

bool ring_may_relay(const struct ring *r)
{
	return r->may_relay;
}

int ring_relay(struct ring *r, const uint8_t *packet, size_t len)
{
	if (!r->may_relay)
		return NK_ERR_PERMISSION;
	return rungs_put(&r->relays, &r->link.broker, r->ticket, packet, len);
}
