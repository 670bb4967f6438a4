#include "core/punch/checks.h"

#include <stdio.h>
#include <string.h>

#include "core/punch/candidate.h"

void checks_init(struct checks *c, const struct ice_secret *ours, const struct ice_secret *theirs,
		 bool controlling, struct rng *rng)
{
	*c = (struct checks){
		.ours = ours,
		.theirs = theirs,
		.controlling = controlling,
		.rng = rng,
	};
	rng_bytes(rng, &c->tie_breaker, sizeof(c->tie_breaker));
}

static unsigned kept(const struct checks *c)
{
	return c->sent < CHECKS_KEPT ? c->sent : CHECKS_KEPT;
}

const struct check *checks_find(const struct checks *c, const uint8_t tid[static STUN_TID])
{
	for (unsigned i = 0; i < kept(c); i++)
		if (memcmp(c->kept[i].tid, tid, STUN_TID) == 0)
			return &c->kept[i];
	return NULL;
}

const struct check *checks_last(const struct checks *c, uint32_t socket, const struct addr *to)
{
	for (unsigned i = 1; i <= kept(c); i++) {
		const struct check *k = &c->kept[(c->sent - i) % CHECKS_KEPT];

		if (k->aim.socket == socket && (to == NULL || addr_eq(&k->aim.to, to)))
			return k;
	}
	return NULL;
}

/* "first:second", as whoever gets it says it: his own fragment first (RFC 8445 section 7.1.2). */
static size_t username(char text[static ICE_USERNAME_MAX + 1], const struct ice_secret *first,
		       const struct ice_secret *second)
{
	return (size_t)snprintf(text, ICE_USERNAME_MAX + 1, "%s:%s", first->ufrag, second->ufrag);
}

static bool is_signed(const struct stun_msg *m, const struct ice_secret *by)
{
	return stun_check_integrity(m, by->password, strlen(by->password));
}

static enum checks_kind read_ask(struct checks *c, const struct stun_msg *m,
				 struct checks_news *news)
{
	char name[ICE_USERNAME_MAX + 1];
	const size_t len = username(name, c->ours, c->theirs);

	if (m->username_len != len || memcmp(m->username, name, len) != 0)
		return CHECKS_FOREIGN;
	if (!m->has_fingerprint || !is_signed(m, c->ours)) {
		c->forged++;
		return CHECKS_VOID;
	}
	return ice_check_read(&news->ask, m) == 0 ? CHECKS_ASKED : CHECKS_VOID;
}

static enum checks_kind read_answer(struct checks *c, const struct stun_msg *m,
				    struct checks_news *news)
{
	news->check = checks_find(c, m->tid);
	if (news->check == NULL)
		return CHECKS_FOREIGN;
	if (!is_signed(m, c->theirs)) {
		c->forged++;
		return CHECKS_VOID;
	}
	news->error = m->cls == STUN_ERROR ? m->error : 0;
	return m->cls == STUN_ERROR && m->error == 0 ? CHECKS_VOID : CHECKS_ANSWERED;
}

void checks_input(struct checks *c, const uint8_t *bytes, size_t len, struct checks_news *out)
{
	struct stun_msg m;

	*out = (struct checks_news){.kind = CHECKS_FOREIGN};
	if (stun_read(&m, bytes, len) != 0 || m.method != STUN_BINDING)
		return;
	memcpy(out->tid, m.tid, STUN_TID);
	if (m.cls == STUN_REQUEST)
		out->kind = read_ask(c, &m, out);
	else if (m.cls == STUN_SUCCESS || m.cls == STUN_ERROR)
		out->kind = read_answer(c, &m, out);
}

void checks_write(struct checks *c, struct action *action, struct check *check,
		  const uint8_t *heard)
{
	const struct ice_check say = {
		.priority = candidate_priority(CANDIDATE_PEER_REFLEXIVE, check->aim.socket),
		.use_candidate = check->nominates,
		.controlling = c->controlling,
		.tie_breaker = c->tie_breaker,
		.heard = heard,
	};
	char name[ICE_USERNAME_MAX + 1];

	username(name, c->theirs, c->ours);
	rng_bytes(c->rng, check->tid, STUN_TID);
	check->controlling = c->controlling;
	c->kept[c->sent++ % CHECKS_KEPT] = *check;
	action->len = ice_check_write(action->data, sizeof(action->data), &say, check->tid, name,
				      c->theirs->password);
}

void checks_answer(const struct checks *c, struct action *action,
		   const uint8_t tid[static STUN_TID], const struct addr *from, uint16_t error)
{
	action->len = ice_answer_write(action->data, sizeof(action->data), tid, from, error,
				       c->ours->password);
}
