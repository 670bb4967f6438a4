#include "fleet_hold.h"

#include <string.h>
#include <time.h>

#include "core/keepalive/keepalive.h"
#include "fleet_clock.h"

#define HELLO_TAG 'H'
#define WAIT_MS   500u  /* an answer is missing after it */
#define GAP_MS    1000u /* between two hellos */
#define MOST_MS   16000u
#define BURST     64  /* sent before it is looked whether something came */
#define WINDOW    192 /* frames that are not answered; as many as a socket's usual queue takes */
#define QUIET     (20 * NK_MS) /* nothing came for so long: what is under way does not come any more */
#define REST_NS   200000L
#define DRAIN     NK_S

/**
 * struct hold - A run
 * @ms:		Since @start; members' times are these
 * @open:	Frames sent that are not answered
 */
struct hold {
	const struct fleet_plan *plan;
	struct fleet_members *members;
	struct fleet_join *join;
	struct fleet_ring *ring;
	struct fleet_counts n;
	struct rng rng;
	nk_time start, now, came;
	uint32_t ms;
	unsigned open;
};

/* What is asked once in an interval is drawn, so that its mean is that; turns are not. */
static uint32_t pause_ms(struct hold *h)
{
	const double drawn = (0.8 + 0.2 * rng_unit(&h->rng)) / 0.9;

	return (uint32_t)((double)(h->plan->interval / NK_MS) * (h->plan->turns ? 1 : drawn));
}

static void hello(struct hold *h, uint32_t host)
{
	struct fleet_member *m = &h->members->all[host];
	uint8_t buf[256], key[CRYPTO_KEY], tid[STUN_TID] = {HELLO_TAG};
	struct wr w = wr_make(buf, sizeof(buf));

	if (host < h->members->rolled)
		fleet_key(key, host);
	else
		memcpy(key, fleet_join_key(h->join, host), sizeof(key));
	stun_begin(&w, RENDEZVOUS_REGISTER, STUN_REQUEST, tid);
	probe_put_token(&w, m->token);
	rendezvous_put_key(&w, key);
	rendezvous_put_keepalive(&w, h->join->offer, h->join->offer_len);
	fleet_tun_send(h->join->tun, host, buf, stun_end(&w));
	h->n.hellos++;
	h->n.lost += ++m->hellos == KEEPALIVE_TRIES + 1;
}

/* The gap after a hello: constant at first, then doubled. */
static uint32_t gap_ms(const struct fleet_member *m)
{
	uint32_t gap = GAP_MS;

	for (unsigned i = KEEPALIVE_TRIES; i < m->hellos && gap < MOST_MS; i++)
		gap *= 2;
	return gap;
}

static void act(struct hold *h, uint32_t host)
{
	struct fleet_member *m = &h->members->all[host];
	const uint32_t late = h->ms - m->due_ms;
	uint8_t frame[KEEPALIVE_LEN];

	h->n.late_ms = late > h->n.late_ms ? late : h->n.late_ms;
	if (m->waits) {
		h->open -= m->hellos == 0 && h->open > 0;
		hello(h, host);
		m->due_ms = h->ms + gap_ms(m);
	} else {
		fleet_member_write(m, h->plan->turns ? KEEPALIVE_TURN : KEEPALIVE_ASK, frame);
		fleet_tun_send(h->join->tun, host, frame, sizeof(frame));
		h->n.sent++;
		h->open += !h->plan->turns;
		m->waits = true;
		m->due_ms = h->ms + WAIT_MS + (h->plan->turns ? pause_ms(h) : 0);
	}
	m->asked_ms = h->ms;
	fleet_members_put(h->members, host);
}

/* It goes on from here; @since: when its next pause began. */
static void rest(struct hold *h, struct fleet_member *m, uint32_t since)
{
	m->waits = false;
	m->hellos = 0;
	m->due_ms = since + pause_ms(h);
}

static void frame_came(struct hold *h, const struct fleet_datagram *d)
{
	struct fleet_member *m = &h->members->all[d->host];
	const uint32_t took = h->ms - m->asked_ms;
	enum keepalive_kind kind;

	if (!m->held || !fleet_member_read(m, d->data, d->len, &kind)) {
		h->n.wrong++;
	} else if (h->plan->turns) {
		h->n.answered++;
		rest(h, m, h->ms);
	} else {
		h->n.answered++;
		h->open -= h->open > 0;
		h->n.slowest_ms = took > h->n.slowest_ms ? took : h->n.slowest_ms;
		rest(h, m, m->asked_ms);
	}
}

static void hello_answered(struct hold *h, uint32_t host, const struct stun_msg *msg,
			   const struct rendezvous_msg *rv)
{
	struct fleet_member *m = &h->members->all[host];

	if (msg->cls == STUN_SUCCESS) {
		h->n.refreshed++;
		if (rv->has_token && rv->has_time) /* it was registered anew */
			m->sent = m->heard = keepalive_counter_at(rv->time_us);
		rest(h, m, h->ms);
	} else if (msg->error == PROBE_ERR_SESSION) {
		h->n.forgotten++;
	}
}

static void message_came(struct hold *h, const struct fleet_datagram *d)
{
	struct rendezvous_msg rv;
	struct stun_msg msg;
	uint32_t host;

	if (stun_read(&msg, d->data, d->len) != 0 || rendezvous_read(&rv, &msg) != 0) {
		h->n.wrong++;
	} else if (msg.tid[0] == HELLO_TAG) {
		hello_answered(h, d->host, &msg, &rv);
	} else if (msg.tid[0] == FLEET_JOIN_TAG) {
		host = fleet_join_input(h->join, &msg, &rv, h->now);
		if (host != FLEET_NONE) {
			rest(h, &h->members->all[host], h->ms);
			fleet_members_put(h->members, host);
		}
	} else if (msg.tid[0] == FLEET_RING_TAG && h->ring != NULL) {
		fleet_ring_input(h->ring, d->host, &msg, &rv, h->now);
	}
}

static bool take_all(struct hold *h)
{
	struct fleet_datagram d;
	bool any = false;

	for (; fleet_tun_receive(h->join->tun, &d); any = true) {
		if (keepalive_is_frame(d.data, d.len) && d.host < h->members->count)
			frame_came(h, &d);
		else
			message_came(h, &d);
	}
	if (any)
		h->came = h->now;
	else if (h->now > h->came + QUIET)
		h->open = 0;
	return any;
}

static bool send_some(struct hold *h)
{
	uint32_t host;
	unsigned i;

	for (i = 0; i < BURST && h->open < WINDOW; i++) {
		host = fleet_members_due(h->members, h->ms);
		if (host == FLEET_NONE)
			break;
		act(h, host);
	}
	return i > 0;
}

static void join_and_ring(struct hold *h)
{
	const nk_time since = h->now - h->start;

	if (since >= h->plan->join_from && h->plan->join_per_s > 0)
		fleet_join_work(
			h->join,
			(uint32_t)(nk_seconds(since - h->plan->join_from) * h->plan->join_per_s),
			h->now);
	if (h->ring != NULL && since >= h->plan->ring_at)
		fleet_ring_work(h->ring, h->now);
}

static void begin(struct hold *h)
{
	rng_seed_from_number(&h->rng, 1);
	for (uint32_t host = 0; host < h->members->rolled; host++) {
		struct fleet_member *m = &h->members->all[host];

		m->due_ms = (uint32_t)(rng_unit(&h->rng) * (double)(h->plan->interval / NK_MS));
		m->held = true;
		fleet_members_put(h->members, host);
	}
	h->start = h->came = fleet_now();
}

struct fleet_counts fleet_hold(const struct fleet_plan *plan, struct fleet_members *members,
			       struct fleet_join *join, struct fleet_ring *ring)
{
	const struct timespec pause = {.tv_nsec = REST_NS};
	struct hold h = {.plan = plan, .members = members, .join = join, .ring = ring};
	bool busy;

	begin(&h);
	do {
		h.now = fleet_now();
		h.ms = (uint32_t)((h.now - h.start) / NK_MS);
		busy = take_all(&h);
		if (h.now < h.start + plan->length) { /* after that, only what comes still */
			busy |= send_some(&h);
			join_and_ring(&h);
		}
		if (!busy)
			nanosleep(&pause, NULL);
	} while (h.now < h.start + plan->length + DRAIN);
	return h.n;
}
