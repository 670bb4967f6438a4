/* The path is kept, and it is noticed when it does not carry any more. */
#include "core/session/session_state.h"

/* By the relay, whose tickets grow old: something comes in time, whatever the NATs bear. */
static const struct keepalive_terms by_relay = {.algorithm = KEEPALIVE_FIXED, .interval_s = 15};

/* So long after something of ours left, a peer that is heard should have said that it arrived. */
#define ANSWERS_WITHIN (15 * NK_S)

#define UDP_IPV4       28 /* bytes of headers */
#define UDP_IPV6       48

static const struct keepalive_terms *terms_of(const struct session *s)
{
	return s->path.way.socket == SESSION_VIA_RELAY ? &by_relay : &s->terms.agreed;
}

static void start(struct session *s, nk_time now)
{
	const struct keepalive_config config = {
		.terms = *terms_of(s),
		.first = s->caller,
		.gap = KEEPALIVE_GAP,
		.tries = KEEPALIVE_TRIES,
		.rng = s->rng,
	};

	keepalive_start(&s->keepalive, &config, now);
	s->keepalive.rtt = s->out.rtt.smooth;
}

void session_begin_path(struct session *s, nk_time now)
{
	uint64_t token;

	rng_bytes(s->rng, &token, sizeof(token));
	pings_start(&s->pings, token);
	outgoing_restart(&s->out, now);
	s->extra = s->answer_due = false;
	s->unanswered = NK_NEVER;
	start(s, now);
	keepalive_doubt(&s->keepalive, now);
}

void session_keep_by_terms(struct session *s, nk_time now)
{
	if (s->keepalive.doubted)
		s->keepalive.terms = *terms_of(s); /* after the doubt */
	else if (s->path.known)
		start(s, now);
}

void session_hurry(struct session *s, nk_time now)
{
	if (!s->keepalive.doubted)
		keepalive_doubt(&s->keepalive, now);
	else if (now - pings_last(&s->pings) >= KEEPALIVE_GAP / PINGS_REMEMBERED)
		s->extra = true;
}

void session_left(struct session *s, bool asks, nk_time now)
{
	keepalive_sent(&s->keepalive, asks, now);
	s->unanswered = nk_min(s->unanswered, now);
}

/* Pings by the relay answer nothing, and there is no NAT on the way that lets through one direction. */
void session_heard(struct session *s, nk_time now)
{
	const bool relayed = s->path.way.socket == SESSION_VIA_RELAY;

	keepalive_heard(&s->keepalive, KEEPALIVE_HEARD_TRAFFIC, now);
	if (!relayed && !s->keepalive.doubted && s->unanswered != NK_NEVER &&
	    now - s->unanswered >= ANSWERS_WITHIN)
		keepalive_doubt(&s->keepalive, now);
}

void session_proved(struct session *s, nk_time now)
{
	const bool was_lost = keepalive_lost(&s->keepalive);

	s->unanswered = NK_NEVER;
	s->keepalive.rtt = s->out.rtt.smooth;
	keepalive_heard(&s->keepalive, KEEPALIVE_HEARD_ANSWER, now);
	if (!was_lost)
		return;
	s->tell_lost = false;
	s->tell_changed = true;
}

bool session_take_keepalive(struct session *s, const struct way *from, const struct event *ev,
			    nk_time now)
{
	struct keepalive_flow *flow = &s->keys.frames;
	enum keepalive_kind kind;
	uint64_t acked;

	if (!s->path.known || !way_eq(from, &s->path.way) || from->socket == SESSION_VIA_RELAY)
		return false;
	if (!keepalive_read(flow, ev->data, ev->len, &kind, &acked)) {
		s->stats.rejected++;
		return false;
	}
	s->stats.packets_in++;
	s->stats.bytes_in += ev->len;
	session_count_keepalive(s, &s->stats.keepalives_in, ev->len);
	keepalive_heard(&s->keepalive, keepalive_news(flow, kind, acked), now);
	if (acked == flow->sent)
		s->unanswered = NK_NEVER;
	s->answer_due |= kind == KEEPALIVE_ASK;
	return true;
}

enum keepalive_need session_keepalive_need(struct session *s, nk_time now)
{
	struct keepalive *k = &s->keepalive;
	const nk_time silence = now - k->heard;
	const bool was_doubted = k->doubted, was_lost = k->lost;
	const enum keepalive_need need = keepalive_next(k, now);

	if (need != KEEPALIVE_REST && need != KEEPALIVE_SEND_OPENER)
		s->unanswered = nk_min(s->unanswered, now);
	if (k->doubted && !was_doubted)
		s->stats.silence = silence;
	s->tell_doubted |= need == KEEPALIVE_SEND_HELLO && k->hellos == 2; /* one was in vain */
	if (k->lost && !was_lost) {
		s->stats.paths_lost++;
		s->tell_lost = true;
		s->closed |= s->closing;
	}
	return need;
}

void session_count_keepalive(struct session *s, uint64_t *count, size_t len)
{
	(*count)++;
	s->stats.keepalive_bytes +=
		len + (addr_family(&s->path.way.peer) == ADDR_V6 ? UDP_IPV6 : UDP_IPV4);
}
