#include "core/keepalive/keepalive.h"

#include <assert.h>
#include <string.h>

#include "core/keepalive/algorithm.h"

#define LEAST_SHARE 0.8
#define DOUBLINGS   10

static const struct keepalive_ops *const algorithms[] = {
	[KEEPALIVE_NONE] = &keepalive_none,     [KEEPALIVE_FIXED] = &keepalive_fixed,
	[KEEPALIVE_TURNS] = &keepalive_turns,   [KEEPALIVE_LEARNED] = &keepalive_learned,
	[KEEPALIVE_OPENER] = &keepalive_opener,
};

static_assert(sizeof(algorithms) / sizeof(algorithms[0]) == KEEPALIVE_ALGORITHMS,
	      "each algorithm has its file");

nk_time keepalive_interval(const struct keepalive *k)
{
	return nk_from_seconds(k->terms.interval_s);
}

nk_time keepalive_wait(const struct keepalive *k)
{
	return nk_max(KEEPALIVE_WAIT_MIN, 2 * k->rtt);
}

nk_time keepalive_never(const struct keepalive *k)
{
	(void)k;
	return NK_NEVER;
}

static nk_time after(nk_time at, double seconds)
{
	return at == NK_NEVER ? NK_NEVER : at + nk_from_seconds(seconds);
}

/* Where there is doubt, hellos have their own times; where a question is open, its answer decides. */
static void plan(struct keepalive *k)
{
	const struct keepalive_ops *ops = algorithms[k->terms.algorithm];
	const bool waits = k->doubted || k->asked != NK_NEVER;
	const nk_time base = waits ? NK_NEVER : ops->base(k);

	k->due = after(base, k->share * k->terms.interval_s);
	k->early = after(base, LEAST_SHARE * k->terms.interval_s);
	if (k->renews && ops->need == KEEPALIVE_SEND_ASK)
		k->due = k->early = nk_min(k->early, after(base, nk_seconds(KEEPALIVE_RENEW)));
	if (k->doubted)
		return;
	k->expected = ops->expected(k);
	if (k->asked != NK_NEVER)
		k->expected = nk_min(k->expected, k->asked + keepalive_wait(k));
}

double keepalive_draw(struct rng *rng)
{
	return LEAST_SHARE + (1 - LEAST_SHARE) * rng_unit(rng);
}

static void draw(struct keepalive *k)
{
	k->share = algorithms[k->terms.algorithm]->jitter ? keepalive_draw(k->rng) : 1;
}

void keepalive_share(struct keepalive *k, double share)
{
	if (algorithms[k->terms.algorithm]->jitter)
		k->share = share;
	plan(k);
}

static void turn_to(struct keepalive *k, bool ours, nk_time now)
{
	if (k->ours == ours)
		return;
	k->ours = ours;
	k->since = now;
}

static void leave(struct keepalive *k, nk_time now)
{
	k->sent = now;
	k->turned = false;
	turn_to(k, false, now);
}

void keepalive_start(struct keepalive *k, const struct keepalive_config *config, nk_time now)
{
	*k = (struct keepalive){
		.terms = config->terms,
		.first = config->first,
		.gap = config->gap,
		.tries = config->tries,
		.rng = config->rng,
		.sent = now,
		.heard = now,
		.ours = config->first,
		.since = now,
		.asked = NK_NEVER,
		.renews = true,
	};
	draw(k);
	plan(k);
}

enum keepalive_news keepalive_news(const struct keepalive_flow *f, enum keepalive_kind kind,
				   uint64_t acked)
{
	return kind == KEEPALIVE_TURN && acked != f->sent ? KEEPALIVE_HEARD_UNACKED
							  : KEEPALIVE_HEARD_FRAME;
}

/* Something of ours arrived. */
static void answered(struct keepalive *k)
{
	k->asked = NK_NEVER;
	k->doubted = k->lost = false;
	k->hellos = 0;
}

/* Who has no frames, but answers what is asked, is understood too. */
static void understood(struct keepalive *k, enum keepalive_news news)
{
	if (news == KEEPALIVE_HEARD_FRAME || news == KEEPALIVE_HEARD_UNACKED ||
	    (news == KEEPALIVE_HEARD_ANSWER && !k->doubted && k->unheard < KEEPALIVE_MUTE))
		k->unheard = 0;
}

void keepalive_heard(struct keepalive *k, enum keepalive_news news, nk_time now)
{
	const bool late = now - k->sent >= keepalive_wait(k);

	understood(k, news);
	if (k->doubted && news != KEEPALIVE_HEARD_ANSWER)
		return;
	k->heard = now;
	if (news == KEEPALIVE_HEARD_FRAME && k->asked != NK_NEVER)
		k->rtt = now - k->asked;
	if (news == KEEPALIVE_HEARD_FRAME || news == KEEPALIVE_HEARD_ANSWER)
		answered(k);
	turn_to(k, true, now);
	/* Both had the turn, and the packets crossed: from now on only the first has it. */
	if (news == KEEPALIVE_HEARD_UNACKED && !late && !k->first)
		turn_to(k, false, now);
	plan(k);
	if (news == KEEPALIVE_HEARD_UNACKED && late && k->turned)
		keepalive_doubt(k, now);
}

void keepalive_sent(struct keepalive *k, bool asks, nk_time now)
{
	leave(k, now);
	if (asks && k->asked == NK_NEVER)
		k->asked = now;
	plan(k);
}

/* The answer to an ask that followed another soon is missing: the hello's does in its place. */
static bool renewing(const struct keepalive *k)
{
	return k->asked != NK_NEVER && k->asks == 0;
}

void keepalive_doubt(struct keepalive *k, nk_time now)
{
	if (k->hellos > 0 && !k->lost)
		return;
	k->doubted = true;
	k->lost = false;
	k->hellos = 0;
	k->expected = now;
	k->renews |= !renewing(k);
	plan(k);
}

void keepalive_retime(struct keepalive *k, nk_time interval, nk_time now)
{
	(void)now;
	k->renews |= interval < keepalive_interval(k);
	k->terms.interval_s = nk_seconds(interval);
	plan(k);
}

/* How long to wait for an answer to the last hello. Those after a loss are ever more rare. */
static nk_time patience(const struct keepalive *k)
{
	const nk_time gap = nk_max(k->gap, 2 * k->rtt);
	const nk_time longest = nk_max(keepalive_interval(k), KEEPALIVE_INTERVAL);

	if (k->hellos < k->tries)
		return gap;
	if (k->hellos == k->tries)
		return keepalive_wait(k);
	return nk_min(gap << nk_min(k->hellos - k->tries, DOUBLINGS), nk_max(gap, longest));
}

/* Are you there? One each gap, until we give up. */
static enum keepalive_need hello(struct keepalive *k, nk_time now)
{
	if (k->hellos == k->tries && !k->lost) {
		k->lost = true;
		k->expected = now + k->gap;
		return KEEPALIVE_REST;
	}
	k->hellos++;
	k->expected = now + patience(k);
	leave(k, now);
	return KEEPALIVE_SEND_HELLO;
}

/* What the algorithm wants, in a form that gets through. */
static enum keepalive_need in_form(struct keepalive *k, enum keepalive_need need)
{
	if (need == KEEPALIVE_SEND_OPENER || k->unheard < KEEPALIVE_MUTE)
		return need;
	return ++k->unheard % KEEPALIVE_MUTE_EVERY == 0 ? need : KEEPALIVE_SEND_HELLO;
}

static void miss(struct keepalive *k, nk_time now)
{
	if (k->doubted)
		return;
	k->unheard++;
	keepalive_doubt(k, now);
}

enum keepalive_need keepalive_next(struct keepalive *k, nk_time now)
{
	enum keepalive_need need;

	if (k->expected <= now) {
		miss(k, now);
		return hello(k, now);
	}
	if (k->due > now)
		return KEEPALIVE_REST;
	need = in_form(k, algorithms[k->terms.algorithm]->need);
	draw(k);
	k->asks = k->renews ? 0 : k->asks + 1;
	k->renews = k->asks == KEEPALIVE_RENEW_EVERY && keepalive_interval(k) > KEEPALIVE_DRAWN;
	keepalive_sent(k, need == KEEPALIVE_SEND_ASK || need == KEEPALIVE_SEND_HELLO, now);
	k->turned = need == KEEPALIVE_SEND_TURN;
	return need;
}

void keepalive_hurry(struct keepalive *k, nk_time now)
{
	if (k->early <= now)
		k->due = nk_min(k->due, now);
}

enum keepalive_need keepalive_next_early(struct keepalive *k, nk_time now)
{
	keepalive_hurry(k, now);
	return keepalive_next(k, now);
}

nk_time keepalive_deadline(const struct keepalive *k)
{
	return nk_min(k->due, k->expected);
}

bool keepalive_lost(const struct keepalive *k)
{
	return k->lost;
}

const char *keepalive_name(enum keepalive_algorithm a)
{
	return a < KEEPALIVE_ALGORITHMS ? algorithms[a]->name : NULL;
}

enum keepalive_algorithm keepalive_algorithm_of(const char *name)
{
	unsigned a = 0;

	while (a < KEEPALIVE_ALGORITHMS && strcmp(algorithms[a]->name, name) != 0)
		a++;
	return (enum keepalive_algorithm)a;
}
