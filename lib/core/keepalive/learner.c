#include "core/keepalive/learner.h"

#include <math.h>
#include <stdlib.h>

#include "core/keepalive/learner_silences.h"
#include "core/keepalive/learner_spare.h"

#define SPARES        (LEARNER_SOCKETS - 1)
#define SESSION_TRIES 8

#define MARGIN        0.11 /* of what was survived: NATs drift */
#define MARGIN_LEAST  1.5  /* seconds: an answer is missing, and a hello, and another leaves */
#define MARGIN_MOST   6.5
#define MARGIN_SHARE  0.25 /* of what was survived, at most: more often would cost too much */
#define HELLO         1.2  /* beyond an outage as long as was seen */
#define OUTAGE_HALVES (24 * 3600 * NK_S)
#define UNTRIED       0.9  /* of a silence that was not survived, where none was */
#define SHORT         20.0 /* seconds: below this a NAT needs more than RFC 8085 wants */
#define SURE          0.95 /* of what is told of the timeout */

/* When to try again what was found, in silences as long as was survived. */
#define SOON         3.0
#define DOUBTS       8     /* times so soon at first, in case that lifetimes differ, */
#define DOUBTS_LATER 1     /* and once after each change */
#define CALM         150.0 /* then: it costs little beside the keepalives */
#define CALM_MOST    (16 * 3600.0)
#define FORGET       3000 /* rounds without a death, after which lifetimes may be alike again */

#define BEGIN        1.1 /* of the interval in use, where nothing is known */
#define ANOTHER      0.8
#define BEYOND       1.25 /* a death nothing is waited for */
#define MUCH         1.1  /* longer: another lifetime */
#define OF_LATE      30.0 /* silences: no timer changes so much so soon */
#define RETRY        (60 * NK_S)
#define RETRY_MOST   (3600 * NK_S)

enum phase {
	RESTING,
	STARTING, /* the control flow is opened, and its session */
	RUNNING,
};

/**
 * struct learner - State
 * @opening, @open, @doomed: Sockets that are so, or to be closed. Bits; the control flow is 0
 * @mapped:	The control flow's address as the server sees it
 * @round:	When the next begins
 * @doubts:	Rounds to come soon once something is found; @doubting: this is one
 * @settled:	Once, on this network; @is_short: the floor would be too much for the NAT
 * @lived, @died: The longest silence of late that a spare survived, and the least that one did not;
 *		0: none. @lived_at, @died_at: the last
 * @quiet:	Rounds since one was not
 * @failures:	Of rounds, one after another
 * @verdicts:	In this round
 * @outage:	Longest of late, as of @outage_at
 */
struct learner {
	struct learner_config config;
	struct rng *rng;
	struct silences silences;
	struct exchanges exchanges;
	struct asker asker;
	enum phase phase;
	struct spare spares[SPARES];
	unsigned spare_count, opening, open, doomed;
	struct addr mapped;
	bool control_wanted;
	nk_time round;
	bool doubting, settled, is_short;
	unsigned doubts;
	double lived, died;
	nk_time lived_at, died_at;
	unsigned quiet;
	unsigned failures, verdicts;
	uint32_t last_number;
	nk_time outage, outage_at;
	nk_time interval;
	unsigned trials, losses;
};

static bool has_server(const struct learner *l)
{
	return addr_family(&l->config.server) != ADDR_NONE;
}

static double outage_s(const struct learner *l, nk_time now)
{
	return nk_seconds(l->outage) *
	       exp2(-nk_seconds(now - l->outage_at) / nk_seconds(OUTAGE_HALVES));
}

/* The longest silence that is trusted. */
static double trusted(const struct learner *l)
{
	const double survived = silences_trusted(&l->silences, l->config.risk);

	return survived > 0 ? survived : UNTRIED * silences_died(&l->silences);
}

/* A NAT that was found to be short is so until it is known to be longer. */
static bool may_be_below_floor(struct learner *l, double trust)
{
	if (trust >= SHORT)
		l->is_short = false;
	else if (silences_died(&l->silences) > 0)
		l->is_short = true;
	return l->config.below_floor && l->is_short;
}

static void choose_interval(struct learner *l, nk_time now)
{
	const double trust = trusted(l);
	const double hello = fmin(MARGIN_MOST, fmax(MARGIN_LEAST, outage_s(l, now) + HELLO));
	const double margin = fmin(MARGIN_SHARE * trust, fmax(MARGIN * trust, hello));
	const nk_time fits = nk_from_seconds(trust - margin);

	l->interval = nk_min(fits, l->config.longest);
	if (!may_be_below_floor(l, trust))
		l->interval = nk_max(l->interval, l->config.floor);
}

static void add(struct learner *l, double gap, bool alive, nk_time now)
{
	silences_add(&l->silences, gap, alive);
	choose_interval(l, now);
}

static void begin_anew(struct learner *l, nk_time now)
{
	silences_start(&l->silences, nk_seconds(l->config.longest));
	l->failures = 0;
	l->doubting = l->settled = l->is_short = false;
	l->doubts = DOUBTS;
	l->died = l->lived = 0;
	l->quiet = 0;
	l->round = now;
	choose_interval(l, now);
}

struct learner *learner_new(const struct learner_config *config, struct rng *rng, nk_time now)
{
	struct learner *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->config = *config;
	l->rng = rng;
	l->outage_at = now;
	exchanges_init(&l->exchanges, rng);
	begin_anew(l, now);
	if (config->lower > 0)
		add(l, config->lower, true, now);
	if (config->upper > config->lower)
		add(l, config->upper, false, now);
	return l;
}

void learner_free(struct learner *l)
{
	free(l);
}

/* All sockets are closed; what was silent is of no use any more. */
static void end_round(struct learner *l)
{
	l->phase = RESTING;
	l->doomed = l->open | l->opening;
	l->spare_count = 0;
	l->control_wanted = false;
}

static void put_off(struct learner *l, nk_time now)
{
	const unsigned doublings = l->failures < 6 ? l->failures : 6;

	l->failures++;
	l->round = now + nk_min(RETRY << doublings, RETRY_MOST);
	end_round(l);
}

static void doubt(struct learner *l)
{
	if (l->doubts < DOUBTS_LATER)
		l->doubts = DOUBTS_LATER;
}

static unsigned next_gaps(const struct learner *l, double gaps[static SILENCES_GAPS])
{
	return silences_next(&l->silences, BEGIN * nk_seconds(l->interval), gaps);
}

static void plan_round(struct learner *l, nk_time now)
{
	const double survived = silences_survived(&l->silences);
	double gaps[SILENCES_GAPS];

	end_round(l);
	l->failures = 0;
	l->round = now;
	if (l->silences.weakest > 0 && ++l->quiet > FORGET)
		begin_anew(l, now);
	if (next_gaps(l, gaps) > 0) {
		if (l->settled)
			doubt(l);
		return;
	}
	l->settled = true;
	l->doubting = l->doubts > 0;
	l->round += nk_from_seconds(fmin(CALM_MOST, (l->doubting ? SOON : CALM) * survived));
	if (l->doubting)
		l->doubts--;
}

static void begin_round(struct learner *l)
{
	l->phase = STARTING;
	l->control_wanted = true;
	l->verdicts = 0;
}

static void begin_spares(struct learner *l)
{
	double gaps[SILENCES_GAPS];

	l->spare_count = next_gaps(l, gaps);
	if (l->spare_count == 0)
		l->spare_count = silences_again(&l->silences, l->doubting, gaps);
	else if (l->settled && silences_died(&l->silences) == 0)
		l->spare_count = silences_grown(&l->silences, gaps);
	for (unsigned i = 0; i < l->spare_count; i++)
		l->spares[i] = (struct spare){
			.phase = SPARE_UNOPENED,
			.id = l->config.first_id + 1 + i,
			.number = ++l->last_number,
			.gap = gaps[i],
		};
	l->phase = RUNNING;
}

static struct spare *spare_of(struct learner *l, uint32_t number)
{
	for (unsigned i = 0; i < l->spare_count; i++)
		if (l->spares[i].number == number)
			return &l->spares[i];
	return NULL;
}

/* What is to be silent for much longer is not waited for. */
static void give_up_beyond(struct learner *l, double gap)
{
	for (unsigned i = 0; i < l->spare_count; i++)
		if (l->spares[i].gap > BEYOND * gap)
			l->spares[i].phase = SPARE_OVER;
}

static bool of_late(nk_time at, double gap, nk_time now)
{
	return nk_seconds(now - at) < OF_LATE * gap;
}

/* One died of late that was silent for much less: no timer changes so much so soon. */
static void lived(struct learner *l, double gap, nk_time now)
{
	if (l->died > 0 && gap > MUCH * l->died && of_late(l->died_at, gap, now))
		silences_differ(&l->silences, l->died);
	if (!of_late(l->lived_at, gap, now) || gap > l->lived)
		l->lived = gap;
	l->lived_at = now;
	add(l, gap, true, now);
}

static void died(struct learner *l, double gap, nk_time now)
{
	if (l->lived > MUCH * gap && of_late(l->lived_at, gap, now))
		silences_differ(&l->silences, gap);
	if (l->died == 0 || !of_late(l->died_at, gap, now) || gap < l->died)
		l->died = gap;
	l->died_at = now;
	l->quiet = 0;
	if (l->silences.weakest > 0)
		doubt(l);
	add(l, gap, false, now);
	give_up_beyond(l, gap);
}

static void judge(struct learner *l, const struct ask_verdict *v, nk_time now)
{
	struct spare *s = spare_of(l, v->trial);

	if (s == NULL || s->phase != SPARE_ASKED)
		return;
	s->phase = SPARE_OVER;
	if (v->verdict == VERDICT_VOID)
		return;
	l->verdicts++;
	l->trials++;
	if (v->verdict == VERDICT_ALIVE) {
		lived(l, s->gap, now);
	} else if (s->gap > SILENCES_SANE) {
		died(l, nk_seconds(v->at - s->used), now);
	} else {
		begin_anew(l, now);
		put_off(l, now);
	}
}

static void ask(struct learner *l, struct spare *s, nk_time now)
{
	const struct ask_target target = {
		.trial = s->number, .socket = s->id, .port = s->mapped.port};

	s->phase = SPARE_OVER;
	/* RESPONSE-PORT reaches only the IP that asks; the probe service finds out by itself. */
	if (!l->config.probe_service && !addr_same_ip(&s->mapped, &l->mapped))
		return;
	if (asker_ask(&l->asker, &target, 1, ASK_COPIES, now))
		s->phase = SPARE_ASKED;
}

static bool all_over(const struct learner *l)
{
	for (unsigned i = 0; i < l->spare_count; i++)
		if (l->spares[i].phase != SPARE_OVER)
			return false;
	return true;
}

static void run(struct learner *l, nk_time now)
{
	struct ask_verdict v;

	for (unsigned i = 0; i < l->spare_count; i++) {
		struct spare *s = &l->spares[i];

		if (spare_unanswered(s, now))
			s->phase = SPARE_OVER;
		else if (s->phase == SPARE_SILENT && spare_deadline(s) <= now)
			ask(l, s, now);
	}
	while (l->phase == RUNNING && asker_take(&l->asker, &v, now))
		judge(l, &v, now);
	if (l->phase != RUNNING || !all_over(l))
		return;
	if (l->verdicts > 0)
		plan_round(l, now);
	else
		put_off(l, now);
}

/* Whether the server can serve; not for sure, with RESPONSE-PORT. */
static bool is_refused(const struct learner *l)
{
	return l->asker.mode == ASKER_NONE || l->asker.silent_since != NK_NEVER;
}

static bool is_served(const struct learner *l)
{
	return l->asker.mode == ASKER_SERVICE ||
	       (l->asker.mode == ASKER_RESPONSE_PORT && addr_family(&l->mapped) != ADDR_NONE);
}

static void step(struct learner *l, nk_time now)
{
	const bool closed = (l->open | l->opening) == 0;

	if (l->phase == RESTING && has_server(l) && l->round <= now && closed)
		begin_round(l);
	if (l->phase == STARTING && (l->open & 1) != 0) {
		if (is_refused(l))
			put_off(l, now);
		else if (is_served(l))
			begin_spares(l);
	}
	if (l->phase == RUNNING)
		run(l, now);
}

void learner_serve(struct learner *l, const struct addr *server, bool probe_service, nk_time now)
{
	if (addr_eq(server, &l->config.server) && probe_service == l->config.probe_service)
		return;
	l->config.server = *server;
	l->config.probe_service = probe_service;
	end_round(l);
	l->failures = 0;
	l->round = now;
}

static void control_opened(struct learner *l)
{
	l->mapped = (struct addr){.port = 0};
	asker_start(&l->asker, l->config.first_id, &l->config.server, &l->exchanges);
	if (l->config.probe_service) {
		asker_open_session(&l->asker, SESSION_TRIES);
	} else {
		asker_use_response_port(&l->asker);
		asker_check(&l->asker);
	}
}

static void control_datagram(struct learner *l, const struct event *ev, nk_time now)
{
	struct stun_msg m;

	if (!asker_input_control(&l->asker, ev, now))
		return;
	if (stun_read(&m, ev->data, ev->len) == 0 && addr_family(&m.xor_mapped) != ADDR_NONE)
		l->mapped = m.xor_mapped;
}

static void control_event(struct learner *l, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_OPENED)
		control_opened(l);
	else if (ev->kind == EVENT_OPEN_FAILED && l->phase == STARTING)
		put_off(l, now);
	else if (ev->kind == EVENT_DATAGRAM)
		control_datagram(l, ev, now);
}

static void spare_event(struct learner *l, unsigned i, const struct event *ev, nk_time now)
{
	struct spare *s = &l->spares[i];

	if (i >= l->spare_count)
		return;
	if (ev->kind != EVENT_DATAGRAM || !asker_input_trial(&l->asker, s->number, ev, now))
		spare_input(s, &l->asker, ev, now);
}

bool learner_input(struct learner *l, const struct event *ev, nk_time now)
{
	const uint32_t i = ev->id - l->config.first_id;

	if (ev->kind == EVENT_RESUMED && l->phase != RESTING)
		put_off(l, now);
	if (ev->kind == EVENT_RESUMED || ev->id < l->config.first_id || i >= LEARNER_SOCKETS)
		return false;
	if (ev->kind == EVENT_OPENED || ev->kind == EVENT_OPEN_FAILED)
		l->opening &= ~(1u << i);
	if (ev->kind == EVENT_OPENED)
		l->open |= 1u << i;
	if (ev->kind == EVENT_OPEN_FAILED)
		l->doomed &= ~(1u << i);
	if (i == 0)
		control_event(l, ev, now);
	else
		spare_event(l, i - 1, ev, now);
	return true;
}

static bool close_one(struct learner *l, struct action *action)
{
	for (unsigned i = 0; i < LEARNER_SOCKETS; i++) {
		const unsigned bit = 1u << i;

		if ((l->doomed & l->open & bit) == 0)
			continue;
		l->doomed &= ~bit;
		l->open &= ~bit;
		*action = (struct action){.kind = ACTION_CLOSE, .id = l->config.first_id + i};
		return true;
	}
	return false;
}

static void open_socket(struct learner *l, unsigned i, struct action *action)
{
	l->opening |= 1u << i;
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = l->config.first_id + i,
		.socket = SOCKET_UDP,
		.local = addr_any(addr_family(&l->config.server), 0),
		.peer = l->config.server,
	};
}

static bool open_one(struct learner *l, struct action *action)
{
	if (l->control_wanted) {
		l->control_wanted = false;
		open_socket(l, 0, action);
		return true;
	}
	for (unsigned i = 0; i < l->spare_count; i++) {
		if (l->spares[i].phase != SPARE_UNOPENED)
			continue;
		l->spares[i].phase = SPARE_OPENING;
		open_socket(l, i + 1, action);
		return true;
	}
	return false;
}

static bool talk(struct learner *l, struct action *action, nk_time now)
{
	if (l->phase == RESTING || (l->open & 1) == 0)
		return false;
	if (asker_output(&l->asker, action, now))
		return true;
	for (unsigned i = 0; i < l->spare_count; i++)
		if (spare_output(&l->spares[i], &l->asker, action, now))
			return true;
	return false;
}

static bool turn(struct learner *l, struct action *action, nk_time now)
{
	step(l, now);
	return close_one(l, action) || open_one(l, action) || talk(l, action, now);
}

bool learner_output(struct learner *l, struct action *action, nk_time now)
{
	/* Twice: what is given up while there is nothing to send changes what is next. */
	for (unsigned i = 0; i < 2; i++)
		if (turn(l, action, now))
			return true;
	return false;
}

nk_time learner_deadline(const struct learner *l)
{
	nk_time at;

	if (l->phase == RESTING)
		return has_server(l) && (l->open | l->opening) == 0 ? l->round : NK_NEVER;
	if ((l->open & 1) == 0)
		return NK_NEVER;
	at = asker_deadline(&l->asker);
	for (unsigned i = 0; i < l->spare_count; i++)
		at = nk_min(at, spare_deadline(&l->spares[i]));
	return at;
}

void learner_held(struct learner *l, nk_time idle, nk_time now)
{
	if (nk_seconds(idle) > silences_survived(&l->silences))
		add(l, nk_seconds(idle), true, now);
}

void learner_lost(struct learner *l, nk_time idle, nk_time now)
{
	const double gap = nk_seconds(idle);

	l->losses++;
	if (gap < SILENCES_SANE)
		return;
	/* So much weaker than the weakest none was that sweeps end: it is another NAT, or began anew. */
	if (gap < ANOTHER * l->silences.weakest)
		begin_anew(l, now);
	doubt(l);
	add(l, gap, false, now);
	if (l->phase == RESTING)
		plan_round(l, now);
}

void learner_outage(struct learner *l, nk_time length, nk_time now)
{
	if (nk_seconds(length) < outage_s(l, now))
		return;
	l->outage = length;
	l->outage_at = now;
	choose_interval(l, now);
}

void learner_moved(struct learner *l, nk_time now)
{
	end_round(l);
	l->outage = 0;
	begin_anew(l, now);
}

nk_time learner_interval(const struct learner *l)
{
	return l->interval;
}

struct learner_state learner_state(const struct learner *l)
{
	struct timeout_estimate e;

	timeout_belief_estimate(&l->silences.belief, SURE, &e);
	return (struct learner_state){
		.interval = l->interval,
		.lower = silences_trusted(&l->silences, 1 - SURE),
		.value = e.open ? 0 : e.value,
		.upper = e.open ? 0 : e.hi,
		.trials = l->trials,
		.losses = l->losses,
		.below_floor = l->interval < l->config.floor,
	};
}
