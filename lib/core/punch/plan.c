#include "core/punch/plan.h"

#include <math.h>

#define MINE    0          /* the socket of our IPv4 candidate */
#define SPARE   2          /* the first of those that are opened for the hard tactics */
#define PATIENT (1 * NK_S) /* for plain, where a class is not known */

/* P(plain gets through) between NATs that seem to map each destination anew at random: one
 * of them may filter nothing, or a hint may be wrong. */
#define PLAIN_AGAINST_ODDS 0.1

/* What a NAT means for the other side. */
enum kind {
	KIND_KNOWN, /* its address is known: an endpoint-independent mapping, or a fresh socket's */
	KIND_ONCE,  /* a fresh socket's is known towards its first destination alone */
	KIND_ONE,   /* one mapping towards us, counted from the last */
	KIND_COUNTED, /* a mapping towards each of our ports, counted from the last */
	KIND_RANDOM,
	KIND_UNKNOWN, /* taken as known at first, and as random in later rounds */
};

static enum kind kind_of(const struct nat_hint *h, bool has_fresh)
{
	const bool by_port = h->mapping == HINT_MAPPING_APD;

	if (h->mapping == HINT_MAPPING_EI)
		return KIND_KNOWN;
	if (h->mapping == HINT_MAPPING_UNKNOWN)
		return KIND_UNKNOWN;
	if (has_fresh)
		return by_port ? KIND_ONCE : KIND_KNOWN;
	if (h->ports == HINT_PORTS_SEQUENTIAL && h->step != 0 && h->last_port != 0)
		return by_port ? KIND_COUNTED : KIND_ONE;
	return KIND_RANDOM;
}

/* The last server-reflexive address is that of the fresh socket, if there is one. @count: of such
 * addresses. */
static struct addr peers_end(const struct plan_config *c, unsigned *count)
{
	struct addr end = {.port = 0};

	*count = 0;
	for (unsigned i = 0; i < c->remote.count; i++) {
		const struct candidate *r = &c->remote.list[i];

		if (r->kind != CANDIDATE_SERVER_REFLEXIVE || addr_family(&r->addr) != ADDR_V4)
			continue;
		end = r->addr;
		++*count;
	}
	return end;
}

static bool has_fresh(const struct plan_config *c)
{
	unsigned count;

	peers_end(c, &count);
	return c->theirs.ports == HINT_PORTS_KEPT && count > 1;
}

/* Both sides ask this with their parts exchanged, and must come to parts that fit. @first: our turn
 * to take the part that either could take. */
static enum plan_part part(enum kind ours, enum kind theirs, bool first)
{
	const bool we_count = ours == KIND_ONE || ours == KIND_COUNTED;
	const bool they_count = theirs == KIND_ONE || theirs == KIND_COUNTED;
	const bool we_are_known = ours == KIND_KNOWN || ours == KIND_UNKNOWN;
	const bool they_are_known = theirs == KIND_KNOWN || theirs == KIND_UNKNOWN;

	if (ours == KIND_COUNTED && theirs == KIND_COUNTED)
		return first ? PLAN_WALK : PLAN_STAND;
	if (ours == KIND_ONCE && they_count)
		return PLAN_SHOOT;
	if (we_count && theirs == KIND_ONCE)
		return PLAN_STAND_TO_FRESH;
	if (they_count && (we_are_known || we_count))
		return PLAN_SWEEP;
	if (theirs == KIND_RANDOM && we_are_known)
		return PLAN_PROBE;
	if (ours == KIND_RANDOM && they_are_known)
		return PLAN_OPEN;
	if (ours == KIND_UNKNOWN && theirs == KIND_UNKNOWN)
		return first ? PLAN_OPEN : PLAN_PROBE;
	if (ours == KIND_UNKNOWN && theirs == KIND_KNOWN)
		return PLAN_OPEN;
	if (ours == KIND_KNOWN && theirs == KIND_UNKNOWN)
		return PLAN_PROBE;
	return PLAN_NOTHING;
}

static enum kind our_kind(const struct plan_config *c)
{
	return kind_of(&c->ours, c->have_fresh);
}

static enum kind their_kind(const struct plan_config *c)
{
	return kind_of(&c->theirs, has_fresh(c));
}

/* The caller takes the first turn. */
static enum plan_part part_in(const struct plan_config *c, unsigned round)
{
	return part(our_kind(c), their_kind(c), c->controlling == (round % 2 == 0));
}

static bool is_birthday(enum plan_part part)
{
	return part == PLAN_OPEN || part == PLAN_PROBE;
}

/* Predict or birthday, by what both sides do; TACTICS: neither. */
static enum tactic hard_tactic(const struct plan_config *c)
{
	const enum plan_part ours = part_in(c, 0);
	const enum plan_part theirs = part(their_kind(c), our_kind(c), !c->controlling);

	if (ours == PLAN_NOTHING && theirs == PLAN_NOTHING)
		return TACTICS;
	return is_birthday(ours) ? TACTIC_BIRTHDAY : TACTIC_PREDICT;
}

static bool wants(const struct plan_config *c, enum tactic t)
{
	return (c->tactics & TACTIC_BIT(t)) != 0;
}

static bool may(const struct plan_config *c, enum tactic t)
{
	return t != TACTICS && c->hard && wants(c, t) && addr_family(&c->hard_ip) == ADDR_V4;
}

/* Neither kind can be reached by plain checks alone, as far as hints tell. */
static bool is_hard_pair(const struct plan_config *c)
{
	const enum kind a = our_kind(c), b = their_kind(c);
	const bool a_easy = a == KIND_KNOWN || a == KIND_UNKNOWN || a == KIND_ONCE;
	const bool b_easy = b == KIND_KNOWN || b == KIND_UNKNOWN || b == KIND_ONCE;

	return !(a_easy && b_easy);
}

/* Each side's packet must go to the one port of so many that the other's just then has. */
static double chance_of_both_guessing(void)
{
	const double each = (double)BIRTHDAY_PROBES / BIRTHDAY_PORTS;

	return each * each;
}

/* One side can be reached whatever the NATs are like. Both sides know. */
static bool has_open_port(const struct plan_config *c)
{
	return wants(c, TACTIC_MAPPED) && (c->mapped || candidates_have_mapped(&c->remote));
}

/* Another way than between the two NATs. */
static bool has_way_round(const struct plan_config *c)
{
	for (unsigned i = 0; i < c->remote.count; i++)
		if (addr_family(&c->remote.list[i].addr) == ADDR_V6)
			return true;
	return c->one_ip || has_open_port(c);
}

/* Calls that connected may have been between other NATs: what the hints say of these counts more. */
static double relay_likely(const struct plan_config *c)
{
	const double plain =
		c->plain_p > 0 ? fmin(c->plain_p, PLAIN_AGAINST_ODDS) : PLAIN_AGAINST_ODDS;

	if (!is_hard_pair(c) || may(c, hard_tactic(c)) || has_way_round(c))
		return 0;
	return (1 - plain) * (1 - chance_of_both_guessing());
}

/* When plain should have got through. */
static nk_time hard_from(const struct plan_config *c, nk_time now)
{
	const nk_time heard = nk_max(c->fire, now) + c->first_pause;

	return is_hard_pair(c) && !has_open_port(c) ? heard : heard + PATIENT;
}

/* The caller hears at once what the callee has found; the callee gathers, which takes a few
 * round trips, when the caller's hint has come. The first pause is about two of them. */
static nk_time hint_at(const struct plan_config *c, nk_time now)
{
	return now - (c->controlling ? c->first_pause / 2 : 2 * c->first_pause);
}

void plan_start(struct plan *p, const struct plan_config *c, nk_time now)
{
	const enum tactic hard = hard_tactic(c);
	const enum kind theirs = their_kind(c);
	unsigned count;

	*p = (struct plan){
		.config = *c,
		.end = peers_end(c, &count),
		.relay_likely = relay_likely(c),
		.hint_at = hint_at(c, now),
		.round_at = may(c, hard) ? hard_from(c, now) : NK_NEVER,
		.fresh_at = NK_NEVER,
		.fresh_pause = c->first_pause,
	};
	for (unsigned t = 0; t < TACTICS; t++)
		p->start[t] = wants(c, (enum tactic)t) ? c->fire : NK_NEVER;
	p->start[TACTIC_PLAIN] = c->fire;
	p->start[TACTIC_PREDICT] = hard == TACTIC_PREDICT ? p->round_at : NK_NEVER;
	p->start[TACTIC_BIRTHDAY] = hard == TACTIC_BIRTHDAY ? p->round_at : NK_NEVER;
	p->start[TACTIC_RELAY] = NK_NEVER;
	if (wants(c, TACTIC_HAIRPIN))
		p->start[TACTIC_HAIRPIN] = c->one_ip ? c->fire + c->first_pause : NK_NEVER;
	if (c->have_fresh && addr_family(&p->end) == ADDR_V4 && theirs != KIND_ONE &&
	    theirs != KIND_COUNTED)
		p->fresh_at = c->fire;
}

static uint32_t known_socket(const struct plan *p)
{
	return p->config.have_fresh ? PLAN_FRESH : MINE;
}

static void predict(struct plan *p, enum predict_role role, uint32_t socket, bool to_fresh,
		    nk_time now)
{
	const struct predict_config config = {
		.role = role,
		.theirs = p->config.theirs,
		.to = addr_with_port(p->config.hard_ip, to_fresh ? p->end.port : 0),
		.age = now - p->hint_at,
		.moved = p->moved,
		.socket = socket,
	};

	predict_start(&p->run.predict, &config, now);
	p->moved += role == PREDICT_SWEEPS ? p->run.predict.count : PREDICT_STAND;
	/* Who shoots has one shot that counts, and who stands before him need not move. */
	if (role != PREDICT_SHOOTS && !to_fresh)
		p->round_at = now + predict_span(&p->run.predict) + p->config.first_pause;
}

/* The same roles again have nothing new to try; a port is never probed twice. */
static void birthday(struct plan *p, bool opens, nk_time now)
{
	const bool swaps = part_in(&p->config, p->round) != part_in(&p->config, p->round + 1);
	const struct addr to = addr_with_port(p->config.hard_ip, p->end.port);

	birthday_start(&p->run.birthday, opens, &to, opens ? SPARE : known_socket(p), p->config.rng,
		       now);
	p->round_at =
		swaps && p->round == 0 ? now + BIRTHDAY_SPAN + p->config.first_pause : NK_NEVER;
}

static void begin_round(struct plan *p, nk_time now)
{
	p->running = part_in(&p->config, p->round);
	p->round_at = NK_NEVER;
	switch (p->running) {
	case PLAN_NOTHING:
		break;
	case PLAN_SWEEP:
		predict(p, PREDICT_SWEEPS, known_socket(p), false, now);
		break;
	case PLAN_WALK:
		predict(p, PREDICT_WALKS, MINE, false, now);
		break;
	case PLAN_STAND:
		predict(p, PREDICT_STANDS, SPARE, false, now);
		break;
	case PLAN_STAND_TO_FRESH:
		predict(p, PREDICT_STANDS, SPARE, true, now);
		break;
	case PLAN_SHOOT:
		predict(p, PREDICT_SHOOTS, PLAN_FRESH, false, now);
		break;
	case PLAN_OPEN:
	case PLAN_PROBE:
		birthday(p, p->running == PLAN_OPEN, now);
		break;
	}
	if (++p->round == PLAN_ROUNDS)
		p->round_at = NK_NEVER;
}

/* Like plain checks, ever more slowly. */
static void aim_fresh(struct plan *p, struct aim *out, nk_time now)
{
	*out = (struct aim){.socket = PLAN_FRESH, .to = p->end, .tactic = TACTIC_PLAIN};
	p->fresh_at = now + p->fresh_pause;
	p->fresh_pause += p->fresh_pause / 2;
}

bool plan_next(struct plan *p, struct aim *out, nk_time now)
{
	if (p->fresh_at <= now) {
		aim_fresh(p, out, now);
		return true;
	}
	if (p->round_at <= now)
		begin_round(p, now);
	if (p->running == PLAN_NOTHING)
		return false;
	return is_birthday(p->running) ? birthday_next(&p->run.birthday, out, now)
				       : predict_next(&p->run.predict, out, now);
}

nk_time plan_deadline(const struct plan *p)
{
	const nk_time at = nk_min(p->fresh_at, p->round_at);

	if (p->running == PLAN_NOTHING)
		return at;
	return nk_min(at, is_birthday(p->running) ? birthday_deadline(&p->run.birthday)
						  : predict_deadline(&p->run.predict));
}
