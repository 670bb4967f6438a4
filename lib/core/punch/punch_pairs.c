/* Which pairs a punch begins with, by what tactic each is, and from when. */
#include "core/punch/punch_parts.h"

static enum tactic tactic_of(const struct punch_config *c, const struct candidate *remote)
{
	const bool inside = addr_is_private(&remote->addr);

	if (addr_family(&remote->addr) == ADDR_V6)
		return inside ? TACTIC_HOST : TACTIC_IPV6;
	if (remote->kind == CANDIDATE_MAPPED)
		return TACTIC_MAPPED;
	if (remote->kind == CANDIDATE_HOST && (inside || c->one_ip))
		return TACTIC_HOST;
	return c->one_ip ? TACTIC_HAIRPIN : TACTIC_PLAIN;
}

/* What would come back to ourselves: the peer's LAN may have the same addresses as ours. */
static bool is_ours(const struct punch_config *c, const struct addr *a)
{
	for (unsigned i = 0; i < c->local.count; i++)
		if (addr_eq(&c->local.list[i].addr, a))
			return true;
	return false;
}

static void make_pair(struct punch *p, const struct candidate *remote, nk_time now)
{
	const struct punch_config *c = &p->config;
	const bool v6 = addr_family(&remote->addr) == ADDR_V6;
	const enum tactic tactic = tactic_of(c, remote);
	struct pair *pair;

	if (!(v6 ? c->have_v6 : c->have_v4) || is_ours(c, &remote->addr) ||
	    (c->tactics & TACTIC_BIT(tactic)) == 0 || p->plan.start[tactic] == NK_NEVER ||
	    pairs_find(&p->pairs, v6, &remote->addr) != NULL)
		return;
	pair = pairs_add(&p->pairs, v6, &remote->addr, tactic);
	if (pair == NULL)
		return;
	pair->due = p->plan.start[tactic];
	pair->pause = c->first_pause;
	pair->opener = !v6 && c->opener_ttl > 0 && now < c->fire &&
		       (tactic == TACTIC_PLAIN || tactic == TACTIC_MAPPED);
}

/*
 * Behind one NAT the peer's own addresses go first, and its outside is the last resort. Otherwise they
 * come after all else: they most likely lead nowhere, and a NAT that gives ports in turn must give
 * the next one to the packet that the peer expects.
 */
void punch_make_pairs(struct punch *p, nk_time now)
{
	const struct candidates *remote = &p->config.remote;

	for (unsigned turn = 0; turn < 2; turn++) {
		const bool host_turn = p->config.one_ip == (turn == 0);

		for (unsigned i = 0; i < remote->count; i++) {
			const struct candidate *c = &remote->list[i];

			if ((tactic_of(&p->config, c) == TACTIC_HOST) == host_turn)
				make_pair(p, c, now);
		}
	}
}
