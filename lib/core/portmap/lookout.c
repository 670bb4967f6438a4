#include "core/portmap/lookout.h"

#include <stdlib.h>
#include <string.h>

#include "core/portmap/announced.h"
#include "core/portmap/epoch.h"
#include "core/portmap/scout.h"
#include "core/portmap/upnp_line.h"

#define FIRST_SOCKET (ANNOUNCED_SOCKET + ANNOUNCED_SOCKETS)
#define NEWS_MAX     64
#define LEAST_PAUSE  (2 * NK_S) /* between two rounds, however much is announced */
#define ROUNDS_GONE  2
#define ONE_TALE     (60 * NK_S) /* who has begun anew says so several times */

/**
 * struct known - What is known of one protocol of a gateway
 * @silent:	Rounds without an answer
 */
struct known {
	bool there;
	unsigned silent;
	struct addr external;
	struct epoch epoch;
};

/**
 * struct watched - One gateway
 * @moved:	The scout is to be replaced as soon as its sockets are closed
 * @asking:	A round is under way; @next: when the next one begins
 * @asked:	When the last one began; @announced: when it was last told that something was announced
 * @rounds:	That have ended
 */
struct watched {
	struct scout *scout;
	bool moved, asking;
	nk_time asked, next, announced;
	unsigned rounds;
	struct portmap_gateway gateway;
	struct known known[PORTMAP_PROTOCOLS];
};

struct lookout {
	struct lookout_options options;
	struct rng rng;
	struct upnp_line line;
	struct announced announced;
	struct watched watched[LOOKOUT_GATEWAYS_MAX];
	bool stopped;
	struct lookout_event news[NEWS_MAX];
	unsigned news_first, news_count;
};

const char *lookout_kind_name(enum lookout_kind k)
{
	static const char *const names[] = {
		[LOOKOUT_THERE] = "there",         [LOOKOUT_GONE] = "gone",
		[LOOKOUT_ANNOUNCED] = "announced", [LOOKOUT_LOST] = "lost",
		[LOOKOUT_ADDRESS] = "address",     [LOOKOUT_NONE] = "none",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == LOOKOUT_KINDS, "a name for each");

	return names[k];
}

/* Return: false without memory; the scout is as it was then. */
static bool send_scout(struct lookout *l, unsigned i, nk_time now)
{
	const struct lookout_options *o = &l->options;
	struct watched *w = &l->watched[i];
	const struct scout_config config = {
		.gateway = o->gateways[i],
		.local = o->locals[i],
		.first_socket = FIRST_SOCKET + i * SCOUT_SOCKETS,
		.upnp = o->upnp ? &l->line : NULL,
		.protocols = o->protocols,
		.limit = o->limit,
	};
	struct scout *scout = scout_new(&config, &l->rng, now);

	if (scout == NULL)
		return false;
	scout_free(w->scout);
	w->scout = scout;
	w->asking = true;
	w->asked = now;
	w->announced = now - ONE_TALE;
	w->gateway = (struct portmap_gateway){.gateway = config.gateway, .local = config.local};
	return true;
}

struct lookout *lookout_new(const struct lookout_options *options, const uint8_t seed[static 32],
			    nk_time now)
{
	struct lookout *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->options = *options;
	rng_seed(&l->rng, seed);
	upnp_line_init(&l->line, LOOKOUT_STREAM);
	announced_want(&l->announced, ANNOUNCED_SSDP);
	for (unsigned i = 0; i < options->count; i++) {
		announced_want(&l->announced, announced_place(addr_family(&options->gateways[i])));
		if (!send_scout(l, i, now)) {
			lookout_free(l);
			return NULL;
		}
	}
	return l;
}

void lookout_free(struct lookout *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->options.count; i++)
		scout_free(l->watched[i].scout);
	free(l);
}

static void tell(struct lookout *l, struct lookout_event e, nk_time now)
{
	if (l->news_count == NEWS_MAX) {
		l->news_first = (l->news_first + 1) % NEWS_MAX;
		l->news_count--;
	}
	e.at = now;
	e.address = l->options.gateways[e.gateway];
	l->news[(l->news_first + l->news_count++) % NEWS_MAX] = e;
}

static bool has_lost(struct known *k, enum portmap_protocol p, uint32_t epoch_s, nk_time now)
{
	if (p == PORTMAP_PCP)
		return epoch_lost_pcp(&k->epoch, epoch_s, now);
	return p == PORTMAP_NAT_PMP && epoch_lost_natpmp(&k->epoch, epoch_s, now);
}

static void compare_answer(struct lookout *l, unsigned i, enum portmap_protocol p, nk_time now)
{
	const struct portmap_offer *offer = &l->watched[i].gateway.offer[p];
	struct known *k = &l->watched[i].known[p];
	struct lookout_event e = {
		.gateway = i, .protocol = p, .external = offer->external, .before = k->external};
	const bool lost = has_lost(k, p, offer->epoch_s, now);

	k->silent = 0;
	if (!k->there) {
		e.kind = LOOKOUT_THERE;
		tell(l, e, now);
	}
	if (lost) {
		e.kind = LOOKOUT_LOST;
		tell(l, e, now);
	}
	k->there = true;
	/* Not all answers tell of the address. */
	if (addr_is_any(&offer->external))
		return;
	if (!addr_is_any(&k->external) && !addr_same_ip(&offer->external, &k->external)) {
		e.kind = LOOKOUT_ADDRESS;
		tell(l, e, now);
	}
	k->external = offer->external;
}

static void tell_gone(struct lookout *l, unsigned i, enum portmap_protocol p, nk_time now)
{
	struct known *k = &l->watched[i].known[p];

	k->there = false;
	k->silent = 0;
	tell(l,
	     (struct lookout_event){
		     .kind = LOOKOUT_GONE, .gateway = i, .protocol = p, .before = k->external},
	     now);
}

static void compare_silence(struct lookout *l, unsigned i, enum portmap_protocol p, nk_time now)
{
	struct known *k = &l->watched[i].known[p];

	if (k->there && ++k->silent >= ROUNDS_GONE)
		tell_gone(l, i, p, now);
}

static void end_round(struct lookout *l, unsigned i, nk_time now)
{
	struct watched *w = &l->watched[i];
	bool any = false;

	w->asking = false;
	if (l->stopped) /* in mid-round: silence means nothing */
		return;
	w->next = now + l->options.interval;
	w->gateway = *scout_result(w->scout);
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++) {
		if (w->gateway.offer[p].answers)
			compare_answer(l, i, p, now);
		else
			compare_silence(l, i, p, now);
		any = any || w->known[p].there;
		if (w->known[p].silent > 0) /* it may have been lost: soon again */
			w->next = now + LEAST_PAUSE;
	}
	if (w->rounds++ == 0 && !any)
		tell(l, (struct lookout_event){.kind = LOOKOUT_NONE, .gateway = i}, now);
}

/* Return: true if a round has begun. */
static bool settle(struct lookout *l, unsigned i, nk_time now)
{
	struct watched *w = &l->watched[i];

	if (w->moved && !l->stopped) {
		w->moved = scout_status(w->scout) == CORE_BUSY;
		return !w->moved && send_scout(l, i, now);
	}
	if (w->asking && scout_status(w->scout) != CORE_BUSY)
		end_round(l, i, now);
	if (w->asking || l->stopped || now < w->next)
		return false;
	scout_again(w->scout, now);
	w->asking = true;
	w->asked = now;
	return true;
}

static void ask_soon(struct lookout *l, unsigned i)
{
	struct watched *w = &l->watched[i];

	w->next = nk_min(w->next, w->asked + LEAST_PAUSE);
}

/* Who has announced something is asked: what it says may be forged, what it answers is not. */
static void take_announcement(struct lookout *l, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i < l->options.count; i++) {
		struct watched *w = &l->watched[i];

		if (!addr_same_ip(&ev->from, &l->options.gateways[i]) || w->asking ||
		    now < w->asked + LEAST_PAUSE || w->next <= now)
			continue;
		ask_soon(l, i);
		if (now < w->announced + ONE_TALE)
			continue;
		w->announced = now;
		tell(l, (struct lookout_event){.kind = LOOKOUT_ANNOUNCED, .gateway = i}, now);
	}
}

static void stop(struct lookout *l)
{
	l->stopped = true;
	for (unsigned i = 0; i < l->options.count; i++)
		scout_stop(l->watched[i].scout);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct lookout *l = core;

	if (ev->kind == EVENT_STOP)
		stop(l);
	if (ev->kind == EVENT_DATAGRAM && announced_heard(ev)) {
		take_announcement(l, ev, now);
		return;
	}
	upnp_line_input(&l->line, ev);
	for (unsigned i = 0; i < l->options.count; i++) {
		if (ev->kind == EVENT_NETWORK || ev->kind == EVENT_RESUMED)
			ask_soon(l, i);
		else if (scout_input(l->watched[i].scout, ev, now))
			return;
	}
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct lookout *l = core;
	bool begun;

	do {
		begun = false;
		if (announced_output(&l->announced, action) || upnp_line_output(&l->line, action))
			return true;
		for (unsigned i = 0; i < l->options.count; i++) {
			if (scout_output(l->watched[i].scout, action, now))
				return true;
			begun = settle(l, i, now) || begun;
		}
	} while (begun);
	return upnp_line_output(&l->line, action);
}

static nk_time deadline(const void *core)
{
	const struct lookout *l = core;
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < l->options.count; i++) {
		const struct watched *w = &l->watched[i];

		if (w->moved && !l->stopped)
			return 0;
		if (w->asking)
			at = nk_min(at, scout_deadline(w->scout));
		else if (!l->stopped)
			at = nk_min(at, w->next);
	}
	return at;
}

static int status(const void *core)
{
	const struct lookout *l = core;

	if (!l->stopped)
		return CORE_BUSY;
	for (unsigned i = 0; i < l->options.count; i++)
		if (l->watched[i].asking)
			return CORE_BUSY;
	return CORE_DONE;
}

bool lookout_event(struct lookout *l, struct lookout_event *out)
{
	if (l->news_count == 0)
		return false;
	*out = l->news[l->news_first];
	l->news_first = (l->news_first + 1) % NEWS_MAX;
	l->news_count--;
	return true;
}

void lookout_move(struct lookout *l, unsigned i, const struct addr *gateway,
		  const struct addr *local, nk_time now)
{
	struct watched *w = &l->watched[i];

	if (!addr_eq(gateway, &l->options.gateways[i])) {
		for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
			if (w->known[p].there)
				tell_gone(l, i, p, now);
		memset(w->known, 0, sizeof(w->known));
		w->rounds = 0;
	}
	l->options.gateways[i] = *gateway;
	l->options.locals[i] = *local;
	w->moved = true;
	scout_stop(w->scout);
}

const struct portmap_gateway *lookout_gateway(const struct lookout *l, unsigned i)
{
	return &l->watched[i].gateway;
}

const struct core_ops lookout_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
