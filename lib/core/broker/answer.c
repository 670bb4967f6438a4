/* The one gate through which answers leave, and the log. */
#include <string.h>

#include "core/broker/state.h"

/* Whether an answer of @len bytes may go to an address that may not be the sender's. */
static bool may_answer(struct broker *b, const struct request *q, enum answer_limit limit,
		       size_t len)
{
	const size_t headers = addr_overhead(&q->from);

	if (limit == ANSWER_PROVEN || len <= q->len)
		return true;
	if (limit != ANSWER_BINDING || headers + len > BINDING_FACTOR * (headers + q->len))
		return false;
	if (limits_take(&b->limits, LIMIT_BINDING, &q->from, 1, b->config.binding_per_s, q->now))
		return true;
	log_rate(b, &q->from, q->now);
	return false;
}

static struct action *next_room(struct broker *b)
{
	struct action *a = b->first;

	if (a != NULL) {
		b->first = NULL;
		return a;
	}
	if (b->out_count == OUTBOX_SIZE) {
		b->stats.refused_full++;
		return NULL;
	}
	if (b->out_count == 0)
		b->out_head = 0; /* the same few places again: they are in the cache */
	return &b->outbox[(b->out_head + b->out_count++) % OUTBOX_SIZE];
}

struct action *answer_room(struct broker *b, const struct endpoint *from, const struct addr *to)
{
	struct action *a = next_room(b);

	if (a == NULL)
		return NULL;
	a->kind = ACTION_SEND;
	a->id = from->id;
	a->local = from->local;
	a->to = *to;
	a->ttl = 0;
	return a;
}

static void outbox_put(struct broker *b, const struct endpoint *from, const struct addr *to,
		       const struct wr *w)
{
	struct action *a = answer_room(b, from, to);

	if (a == NULL)
		return;
	a->len = w->len;
	memcpy(a->data, w->buf, w->len);
}

bool answer_send_from(struct broker *b, const struct request *q, enum answer_limit limit,
		      struct wr *w, const struct endpoint *from, uint16_t to_port)
{
	const struct addr to = addr_with_port(q->from, to_port);
	const size_t len = stun_end(w);

	if (len == 0 || !may_answer(b, q, limit, len))
		return false;
	outbox_put(b, from, &to, w);
	return true;
}

void answer_pass_on(struct broker *b, const struct endpoint *from, const struct addr *to,
		    struct wr *w)
{
	if (stun_end(w) > 0)
		outbox_put(b, from, to, w);
}

bool answer_send(struct broker *b, const struct request *q, enum answer_limit limit, struct wr *w)
{
	return answer_send_from(b, q, limit, w, &q->at, q->from.port);
}

void answer_fingerprint(const struct request *q, struct wr *w)
{
	if (q->msg->has_fingerprint)
		stun_put_fingerprint(w);
}

void answer_error(struct broker *b, const struct request *q, enum answer_limit limit, uint16_t code,
		  const char *reason)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_ERROR, buf);

	stun_put_error(&w, code, reason);
	answer_fingerprint(q, &w);
	if (answer_send(b, q, limit, &w))
		return;
	w = answer_begin(q, STUN_ERROR, buf);
	stun_put_error(&w, code, "");
	answer_send(b, q, ANSWER_NO_LONGER, &w);
}

void answer_unknown(struct broker *b, const struct request *q, enum answer_limit limit,
		    const uint16_t *types, unsigned count)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_ERROR, buf);

	stun_put_error(&w, 420, "");
	stun_put_unknown(&w, types, count);
	answer_fingerprint(q, &w);
	answer_send(b, q, limit, &w);
}

void log_event(struct broker *b, enum broker_event_kind kind, const struct addr *addr, int error)
{
	if (b->log_count == LOG_SIZE)
		return;
	b->log[(b->log_head + b->log_count++) % LOG_SIZE] =
		(struct broker_event){.kind = kind, .addr = *addr, .error = error};
}

void log_full(struct broker *b, nk_time now)
{
	static const struct addr nobody;

	b->stats.refused_full++;
	if (now - b->full_logged < LOG_INTERVAL)
		return;
	b->full_logged = now;
	log_event(b, BROKER_TABLE_FULL, &nobody, 0);
}

void log_rate(struct broker *b, const struct addr *who, nk_time now)
{
	b->stats.refused_rate++;
	if (now - b->rate_logged < LOG_INTERVAL)
		return;
	b->rate_logged = now;
	log_event(b, BROKER_RATE_LIMITED, who, 0);
}

void log_proof(struct broker *b, const struct addr *who, nk_time now)
{
	b->stats.refused_proof++;
	if (now - b->proof_logged < LOG_INTERVAL)
		return;
	b->proof_logged = now;
	log_event(b, BROKER_BAD_PROOF, who, 0);
}

bool broker_next_event(struct broker *b, struct broker_event *out)
{
	if (b->log_count == 0)
		return false;
	*out = b->log[b->log_head];
	b->log_head = (b->log_head + 1) % LOG_SIZE;
	b->log_count--;
	return true;
}
