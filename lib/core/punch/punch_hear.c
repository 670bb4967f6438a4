/* What a punch makes of what comes: checks and answers, and whether that connects. */
#include <string.h>

#include "core/punch/punch_parts.h"

/* Where many pairs are learnt the peer is trying many sockets: 256 of them in the pause are less
 * than 100 packets a second. */
#define MANY          24
#define PAUSE_OF_MANY (3 * NK_S)

static void note_in(struct punch *p, enum tactic tactic, nk_time now)
{
	struct punch_attempt *a = &p->result.attempts[tactic];

	a->packets_in++;
	if (a->first_heard == NK_NEVER)
		a->first_heard = now;
}

/* By which tactic a check came that no pair was made for: one that aimed there, or from that
 * socket; else it was learnt. */
static enum tactic tactic_heard(const struct punch *p, uint32_t socket, const struct addr *from)
{
	const struct check *c = checks_last(&p->checks, socket, from);

	if (c == NULL && socket >= SPARES_FIRST)
		c = checks_last(&p->checks, socket, NULL);
	return c != NULL ? c->aim.tactic : TACTIC_LEARN;
}

/* The pair that a check has come by; a new one has rounds of its own. NULL: it is not to be tried, or
 * there are enough. */
static struct pair *pair_heard(struct punch *p, uint32_t socket, const struct addr *from,
			       nk_time now)
{
	struct pair *pair = pairs_find(&p->pairs, socket, from);
	enum tactic tactic;

	if (pair != NULL)
		return pair;
	tactic = tactic_heard(p, socket, from);
	if (tactic == TACTIC_LEARN && p->plan.start[tactic] == NK_NEVER)
		return NULL;
	pair = pairs_add(&p->pairs, socket, from, tactic);
	if (pair == NULL)
		return NULL;
	pair->pause = p->pairs.count <= MANY ? p->config.first_pause : PAUSE_OF_MANY;
	pair->due = now + pair->pause;
	return pair;
}

static void use(struct punch *p, const struct pair *pair)
{
	p->result.socket = p->config.first_socket + pair->socket;
	p->result.peer = pair->to;
	p->result.by = pair->tactic;
}

static void connect_by(struct punch *p, const struct pair *pair, nk_time now)
{
	use(p, pair);
	p->result.connected = true;
	p->result.established = now;
	p->result.first_check = pair->by_first;
	p->result.attempts[pair->tactic].established = now;
	p->keepalive = now + PUNCH_KEEPALIVE;
}

/*
 * Between peers of ours the peer's check counts on whatever address it came from: a NAT that maps
 * each destination anew and filters nothing never sends from where it is sent to.
 */
static bool is_way_through(const struct punch *p, const struct pair *pair)
{
	return pair->acked && (pair->heard || (!p->config.ice && p->heard_on[pair->socket]));
}

/* RFC 8445 section 8.1.1: what works is used, and nominated meanwhile. */
static void nominate(struct punch *p, struct pair *pair, nk_time now)
{
	for (unsigned i = 0; i < p->pairs.count; i++)
		p->pairs.list[i].due = NK_NEVER;
	if (!p->config.ice || !p->checks.controlling)
		return;
	pair->nominating = pair->trigger = true;
	pair->due = now + p->config.first_pause;
	pair->pause = p->config.first_pause;
}

static void look_for_way(struct punch *p, nk_time now)
{
	for (unsigned i = 0; !p->result.connected && i < p->pairs.count; i++) {
		if (!is_way_through(p, &p->pairs.list[i]))
			continue;
		connect_by(p, &p->pairs.list[i], now);
		nominate(p, &p->pairs.list[i], now);
	}
}

/* The controlling side's choice is the other's too. */
static void look_for_nominated(struct punch *p)
{
	for (unsigned i = 0; !p->result.nominated && i < p->pairs.count; i++) {
		struct pair *pair = &p->pairs.list[i];

		if (!pair->acked || !(p->checks.controlling ? pair->nominated : pair->wanted))
			continue;
		p->result.nominated = true;
		use(p, pair);
		pair->due = NK_NEVER;
	}
}

/* A check of ours has reached the peer. */
static void acknowledged(struct punch *p, const struct check *check)
{
	const struct aim *aim = &check->aim;
	struct pair *pair = pairs_find(&p->pairs, aim->socket, &aim->to);

	if (pair == NULL)
		pair = pairs_add(&p->pairs, aim->socket, &aim->to, aim->tactic);
	if (pair == NULL)
		return;
	if (!pair->acked)
		pair->by_first = check->first;
	pair->acked = true;
	pair->nominated |= check->nominates;
	caps_prove(&p->caps, &aim->to);
}

/* RFC 8445 section 7.2.5.2.1: with agents of others only who was asked can answer. */
static bool may_acknowledge(const struct punch *p, const struct check *check, uint32_t socket,
			    const struct addr *from)
{
	return check->aim.socket == socket && (!p->config.ice || addr_eq(&check->aim.to, from));
}

static void queue_answer(struct punch *p, uint32_t socket, const struct addr *to,
			 const struct checks_news *news, uint16_t error)
{
	struct punch_answer *a;

	if (p->answer_count == PUNCH_ANSWERS_MAX)
		return;
	a = &p->answers[p->answer_count++];
	*a = (struct punch_answer){.socket = socket, .to = *to, .error = error};
	memcpy(a->tid, news->tid, STUN_TID);
}

/* RFC 8445 section 7.3.1.1. Return: false if the peer is to change its role, and shall be told. */
static bool settle_roles(struct punch *p, const struct ice_check *ask)
{
	const bool ours_is_larger = p->checks.tie_breaker >= ask->tie_breaker;

	if (!p->config.ice || ask->controlling != p->checks.controlling)
		return true;
	if (p->checks.controlling == ours_is_larger)
		return false;
	p->checks.controlling = !p->checks.controlling;
	return true;
}

static void on_check(struct punch *p, uint32_t socket, const struct addr *from,
		     const struct checks_news *news, nk_time now)
{
	const struct check *known;
	struct pair *pair;

	if (!settle_roles(p, &news->ask)) {
		queue_answer(p, socket, from, news, ICE_ROLE_CONFLICT);
		return;
	}
	queue_answer(p, socket, from, news, 0);
	p->result.heard++;
	p->heard_on[socket] = true;
	pair = pair_heard(p, socket, from, now);
	if (pair != NULL) {
		note_in(p, pair->tactic, now);
		pair->heard = true;
		memcpy(pair->heard_tid, news->tid, STUN_TID);
		pair->wanted |= news->ask.use_candidate;
		/* RFC 8445 section 7.3.1.4; from peers of ours it acknowledges too. */
		pair->trigger |= !p->result.connected || (p->config.ice && !pair->acked);
	}
	known = news->ask.heard != NULL ? checks_find(&p->checks, news->ask.heard) : NULL;
	if (known != NULL && may_acknowledge(p, known, socket, from))
		acknowledged(p, known);
}

static void on_answer(struct punch *p, uint32_t socket, const struct addr *from,
		      const struct checks_news *news, nk_time now)
{
	const struct check *check = news->check;
	struct pair *pair = pairs_find(&p->pairs, socket, from);

	if (!may_acknowledge(p, check, socket, from))
		return;
	note_in(p, check->aim.tactic, now);
	if (news->error == 0) {
		caps_prove(&p->caps, from);
		acknowledged(p, check);
	} else if (p->config.ice && news->error == ICE_ROLE_CONFLICT && pair != NULL) {
		if (check->controlling == p->checks.controlling)
			p->checks.controlling = !p->checks.controlling;
		pair->trigger = true;
	}
}

bool punch_input(struct punch *p, const struct event *ev, nk_time now)
{
	const uint32_t socket = ev->id - p->config.first_socket;
	struct checks_news news;

	if (socket >= PUNCH_SOCKETS_MAX)
		return false;
	if (ev->kind != EVENT_DATAGRAM)
		return spares_input(&p->spares, ev);
	checks_input(&p->checks, ev->data, ev->len, &news);
	p->result.forged = p->checks.forged;
	if (p->over)
		return news.kind != CHECKS_FOREIGN;
	if (news.kind == CHECKS_ASKED)
		on_check(p, socket, &ev->from, &news, now);
	else if (news.kind == CHECKS_ANSWERED)
		on_answer(p, socket, &ev->from, &news, now);
	look_for_way(p, now);
	if (p->config.ice && p->result.connected)
		look_for_nominated(p);
	return news.kind != CHECKS_FOREIGN;
}

bool punch_is_peer(const struct punch *p, const struct event *ev)
{
	return pairs_heard(&p->pairs, ev->id - p->config.first_socket, &ev->from);
}
