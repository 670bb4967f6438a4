/*
 * Asks: copies to trials, when the control flow wants them.
 *
 * Whether a trial is served is decided when the ASK comes, and told in its
 * answer. A copy that then cannot be sent after all (the trial has moved, the
 * cap is reached) costs the round its ECHO: whoever waits for both must not
 * take our silence for the NAT's.
 */
#include <string.h>

#include "core/broker/state.h"
#include "wire/icmp_echo.h"

#define SPACING_MIN_MS 20
#define SPACING_MAX_MS 1000
#define DELAY_MAX_MS   4000000

/* STUN gives a request up after 39.5 s (RFC 8489 section 6.2.1): until then it may come again. */
#define REMEMBER (40 * NK_S)

static uint32_t copy_cost(const struct trial *t)
{
	return (uint32_t)(addr_overhead(&t->from) + PROBE_COPY_LEN);
}

static void answer_ask(struct broker *b, const struct request *q, const struct ask *a)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	probe_put_states(&w, a->states, a->count);
	probe_put_time(&w, (uint64_t)a->asked);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

/* Whether @t gets @copies; if so they are booked. */
static bool book(struct broker *b, struct trial *t, unsigned copies, nk_time now)
{
	const uint32_t cost = copies * copy_cost(t);

	if ((t->flags & PROBE_OTHER_ADDRESS) != 0)
		return false;
	if (!t->proven && t->credit < t->promised + cost) {
		b->stats.refused_unpaid++;
		t->flags |= PROBE_REFUSED;
		return false;
	}
	if (!limits_take(&b->limits, LIMIT_ASKED, &t->from, copies, b->config.copies_per_s, now)) {
		log_rate(b, &t->from, now);
		t->flags |= PROBE_REFUSED;
		return false;
	}
	t->flags &= (uint16_t)~PROBE_REFUSED;
	t->promised += cost;
	return true;
}

static void decide(struct broker *b, struct ask *a, const struct probe_msg *m,
		   const struct session *s)
{
	const nk_time last = a->asked + m->delay_ms * NK_MS + a->copies * a->spacing;

	a->count = m->trial_count;
	for (unsigned i = 0; i < m->trial_count; i++) {
		struct trial *t = store_trial(&b->store, s, m->trials[i]);

		if (t != NULL && book(b, t, a->copies, a->asked)) {
			a->served |= 1u << i;
			t->keep_until = nk_max(t->keep_until, last + b->config.keep);
		}
		a->states[i] = probe_trial_state_of(t, m->trials[i]);
		if (t == NULL)
			a->states[i].flags = PROBE_UNKNOWN_TRIAL;
	}
}

static bool ask_is_valid(const struct probe_msg *m)
{
	return m->has_copies && m->copies >= 1 && m->copies <= PROBE_COPIES_MAX &&
	       m->spacing_ms >= SPACING_MIN_MS && m->spacing_ms <= SPACING_MAX_MS &&
	       m->delay_ms <= DELAY_MAX_MS;
}

void probe_ask_input(struct broker *b, const struct request *q, const struct probe_msg *m,
		     struct session *s)
{
	struct ask *a = store_ask(&b->store, s, q->msg->tid);

	if (a != NULL) {
		answer_ask(b, q, a);
		return;
	}
	if (!ask_is_valid(m)) {
		answer_error(b, q, ANSWER_NO_LONGER, 400, "Bad Request");
		return;
	}
	a = store_add_ask(&b->store, s, q->msg->tid, q->now);
	if (a == NULL) {
		log_full(b, q->now);
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_FULL, "Full");
		return;
	}
	a->control = q->from;
	a->at = q->at;
	a->copies = m->copies;
	a->spacing = m->spacing_ms * NK_MS;
	decide(b, a, m, s);
	if (a->served == 0)
		a->round = a->copies;
	else
		s->keep_until =
			nk_max(s->keep_until, q->now + m->delay_ms * NK_MS + b->config.keep);
	store_set_due(&b->store, a, q->now + (a->served != 0 ? m->delay_ms * NK_MS : REMEMBER));
	answer_ask(b, q, a);
}

/* Takes one copy's price off @t. */
static bool spend(struct broker *b, struct trial *t, nk_time now)
{
	const uint32_t cost = copy_cost(t);

	t->promised -= t->promised < cost ? t->promised : cost;
	if ((t->flags & PROBE_OTHER_ADDRESS) != 0)
		return false;
	if (!t->proven && t->credit < cost) {
		b->stats.refused_unpaid++;
		t->flags |= PROBE_REFUSED;
		return false;
	}
	if (!limits_take(&b->limits, LIMIT_SENT, &t->from, 1, b->config.copies_per_s, now)) {
		log_rate(b, &t->from, now);
		t->flags |= PROBE_REFUSED;
		return false;
	}
	t->credit -= t->credit < cost ? t->credit : cost;
	return true;
}

static void make_copy(const struct broker *b, struct action *action, const struct ask *a,
		      const struct trial *t, nk_time now)
{
	const bool icmp = is_icmp(b, t->at.id);
	const size_t header = icmp ? ICMP_ECHO_HEADER : 0;
	struct wr w = wr_make(action->data + header, sizeof(action->data) - header);

	stun_begin(&w, PROBE_COPY, STUN_INDICATION, a->tid);
	probe_put_trial(&w, t->number);
	probe_put_round(&w, a->round);
	probe_put_time(&w, (uint64_t)now);
	action->len = header + stun_end(&w);
	send_from(action, &t->at, &t->from);
	if (icmp)
		icmp_trial_copy(action, t);
}

static void make_echo(struct action *action, const struct ask *a, nk_time now)
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, PROBE_ECHO, STUN_INDICATION, a->tid);
	probe_put_round(&w, a->round);
	probe_put_time(&w, (uint64_t)now);
	action->len = stun_end(&w);
	send_from(action, &a->at, &a->control);
}

/* The next copy of the round, or false at its end. */
static bool next_copy(struct broker *b, struct ask *a, struct action *action, nk_time now)
{
	const struct session *s = &b->store.sessions[a->session];

	while (a->cursor < a->count) {
		const unsigned i = a->cursor++;
		struct trial *t;

		if ((a->served & 1u << i) == 0)
			continue;
		t = store_trial(&b->store, s, a->states[i].trial);
		if (t == NULL || !spend(b, t, now)) {
			a->withheld = true;
			continue;
		}
		b->stats.copies_sent++;
		make_copy(b, action, a, t, now);
		return true;
	}
	return false;
}

bool probe_ask_output(struct broker *b, struct ask *a, struct action *action, nk_time now)
{
	bool echo;

	if (a->round == a->copies) {
		store_end_ask(&b->store, a);
		return false;
	}
	if (next_copy(b, a, action, now))
		return true;

	echo = !a->withheld;
	if (echo)
		make_echo(action, a, now);
	a->cursor = 0;
	a->withheld = false;
	a->round++;
	store_set_due(&b->store, a,
		      a->round < a->copies ? now + a->spacing : nk_max(now, a->asked + REMEMBER));
	return echo;
}
