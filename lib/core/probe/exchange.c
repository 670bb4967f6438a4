#include "core/probe/exchange.h"

#include <string.h>

#include "base/err.h"

/* Before there is a round-trip time; RFC 8489 section 6.2.1 would start at 500 ms, but a person
 * waits, and a long path only costs a few packets more. */
#define FIRST_WAIT (100 * NK_MS)
#define LEAST_WAIT (25 * NK_MS)

void exchanges_init(struct exchanges *x, struct rng *rng)
{
	*x = (struct exchanges){.rng = rng};
}

struct exchange *exchange_add(struct exchanges *x, uint32_t socket, const struct addr *to,
			      unsigned tries, nk_time now)
{
	struct exchange *e;

	if (x->count == EXCHANGES_MAX)
		return NULL;
	e = &x->table[x->count++];
	*e = (struct exchange){
		.socket = socket,
		.heard_on = socket,
		.to = *to,
		.from = *to,
		.tries = tries,
		.flow = -1,
		.sent = NK_NEVER,
		.first_sent = NK_NEVER,
		.due = now,
	};
	rng_bytes(x->rng, e->tid, sizeof(e->tid));
	return e;
}

nk_time exchanges_wait(const struct exchanges *x)
{
	if (x->rtt == 0)
		return FIRST_WAIT;
	return nk_max(LEAST_WAIT, 2 * x->rtt + 10 * NK_MS);
}

void exchanges_learn(struct exchanges *x, nk_time sample, bool certain)
{
	if (x->rtt == 0 || (certain && x->rtt_guessed)) {
		x->rtt = nk_max(1, sample);
		x->rtt_guessed = !certain;
		return;
	}
	if (!certain)
		return;
	x->rtt_var = (3 * x->rtt_var + nk_max(x->rtt - sample, sample - x->rtt)) / 4;
	x->rtt = nk_max(1, (7 * x->rtt + sample) / 8);
}

nk_time exchanges_backoff(const struct exchanges *x, unsigned repeats)
{
	const unsigned shift = repeats < 2 ? 0 : repeats > 5 ? 4 : repeats - 2;

	return exchanges_wait(x) << shift;
}

static void keep_software(struct exchanges *x, const struct stun_msg *m)
{
	size_t n = m->software_len;

	if (m->software == NULL)
		return;
	if (n >= sizeof(x->software))
		n = sizeof(x->software) - 1;
	for (size_t i = 0; i < n; i++) {
		const uint8_t c = m->software[i];

		x->software[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	x->software[n] = '\0';
}

static void fault(struct exchanges *x, enum exchange_fault kind, const struct addr *source)
{
	x->faults[kind]++;
	x->fault_source[kind] = *source;
}

static bool sent_to(const struct exchanges *x, const struct addr *source)
{
	for (unsigned i = 0; i < x->count; i++)
		if (x->table[i].repeats > 0 && addr_same_ip(&x->table[i].to, source))
			return true;
	return false;
}

static struct exchange *find(struct exchanges *x, const struct stun_msg *m)
{
	for (unsigned i = 0; i < x->count; i++)
		if (x->table[i].repeats > 0 && stun_answers(m, STUN_BINDING, x->table[i].tid))
			return &x->table[i];
	return NULL;
}

/* Port 0 in @from stands for any port but the one asked. */
static bool comes_from(const struct exchange *e, const struct addr *source)
{
	if (e->from.port != 0)
		return addr_eq(source, &e->from);
	return addr_same_ip(source, &e->from) && source->port != e->to.port;
}

struct exchange *exchanges_input(struct exchanges *x, const struct event *ev, nk_time now)
{
	struct stun_msg m;
	struct exchange *e;
	const int err = stun_read(&m, ev->data, ev->len);

	if (err != 0) {
		if (sent_to(x, &ev->from))
			fault(x, EXCHANGE_GARBAGE, &ev->from);
		return NULL;
	}
	if (m.method != STUN_BINDING)
		return NULL;
	e = find(x, &m);
	if (e == NULL) {
		fault(x, EXCHANGE_WRONG_TID, &ev->from);
		return NULL;
	}
	e->source = ev->from;
	if (!comes_from(e, &ev->from)) {
		/* From the address asked, though another was to answer: the owner's to judge. */
		if (addr_eq(&ev->from, &e->to) && e->state != EXCHANGE_ANSWERED) {
			e->error = m.cls == STUN_ERROR ? m.error : 0;
			return e;
		}
		fault(x, EXCHANGE_WRONG_SOURCE, &ev->from);
		return NULL;
	}
	if (ev->id != e->heard_on || e->state == EXCHANGE_ANSWERED)
		return e;
	if (m.cls == STUN_SUCCESS && addr_family(&m.xor_mapped) == ADDR_NONE) {
		fault(x, EXCHANGE_GARBAGE, &ev->from);
		return NULL;
	}
	/* Karn: an answer to a repeated request says only what the round trip is at most. */
	exchanges_learn(x, now - e->first_sent, e->repeats == 1);
	keep_software(x, &m);
	x->answered++;
	e->state = EXCHANGE_ANSWERED;
	e->answered_at = now;
	e->xor_mapped = m.xor_mapped;
	e->mapped = m.mapped;
	e->other = m.other_address;
	e->error = m.cls == STUN_ERROR ? (m.error != 0 ? m.error : 500) : 0;
	e->answer_padding = m.has_padding ? m.padding : 0;
	return e;
}

static bool encode(const struct exchange *e, struct action *action)
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, e->tid);
	if (e->change != 0)
		stun_put_change(&w, e->change);
	if (e->response_port != 0)
		stun_put_response_port(&w, e->response_port);
	if (e->padding != 0)
		stun_put_padding(&w, e->padding);
	action->len = stun_end(&w);
	action->kind = ACTION_SEND;
	action->id = e->socket;
	action->to = e->to;
	action->local = (struct addr){.port = 0};
	action->ttl = e->ttl;
	return action->len > 0;
}

/* When @e is due: as said at the start, then the wait, which doubles. A round trip learnt meanwhile shortens it. */
static nk_time due(const struct exchanges *x, const struct exchange *e)
{
	if (e->state != EXCHANGE_WAITING)
		return NK_NEVER;
	if (e->repeats == 0)
		return e->due;
	return e->sent + exchanges_backoff(x, e->repeats);
}

bool exchanges_output(struct exchanges *x, struct action *action, nk_time now)
{
	while (x->settled < x->count && x->table[x->settled].state != EXCHANGE_WAITING)
		x->settled++;
	for (unsigned i = x->settled; i < x->count; i++) {
		struct exchange *e = &x->table[i];

		if (due(x, e) > now)
			continue;
		if (e->repeats >= e->tries) {
			e->state = EXCHANGE_FAILED;
			continue;
		}
		if (e->repeats++ == 0)
			e->first_sent = now;
		e->sent = now;
		x->sent++;
		if (encode(e, action))
			return true;
	}
	return false;
}

nk_time exchanges_deadline(const struct exchanges *x)
{
	nk_time at = NK_NEVER;

	for (unsigned i = x->settled; i < x->count; i++)
		at = nk_min(at, due(x, &x->table[i]));
	return at;
}
