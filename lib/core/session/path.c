#include "core/session/path.h"

bool way_eq(const struct way *a, const struct way *b)
{
	return a->socket == b->socket && addr_eq(&a->peer, &b->peer);
}

void path_set(struct path *p, const struct way *way)
{
	p->known = true;
	p->trying = false;
	p->way = *way;
}

static void begin_trial(struct path *p, const struct way *way, size_t len, struct rng *rng,
			nk_time due)
{
	p->trying = true;
	p->trial = *way;
	rng_bytes(rng, &p->token, sizeof(p->token));
	p->tries = 0;
	p->due = due;
	p->heard = len;
	p->sent = 0;
}

void path_keep(struct path *p, nk_time now)
{
	if (!p->trying)
		return;
	p->trying = false;
	p->refused = p->trial;
	p->refused_until = now + PATH_REFUSED;
}

bool path_heard(struct path *p, const struct way *from, size_t len, bool newest, nk_time wait,
		struct rng *rng, nk_time now)
{
	const bool refused = now < p->refused_until && way_eq(from, &p->refused);

	if (p->trying && way_eq(from, &p->trial))
		p->heard += len;
	if (!p->known || !newest || (p->trying && way_eq(from, &p->trial)))
		return false;
	if (way_eq(from, &p->way)) {
		if (p->keeps)
			path_keep(p, now);
		p->trying = false;
		return false;
	}
	if (!refused)
		begin_trial(p, from, len, rng, p->keeps ? now + wait : now);
	return !refused;
}

bool path_may_send(struct path *p, const struct way *to, size_t len)
{
	if (!p->trying || !way_eq(to, &p->trial))
		return true;
	if (p->sent + len > PATH_FACTOR * p->heard)
		return false;
	p->sent += len;
	return true;
}

bool path_challenge(struct path *p, size_t len, nk_time again, nk_time now)
{
	if (!p->trying || now < p->due)
		return false;
	p->due = now + again;
	if (p->tries++ == PATH_TRIES) {
		path_keep(p, now);
		return false;
	}
	return path_may_send(p, &p->trial, len);
}

bool path_answered(struct path *p, const struct way *from, uint64_t token)
{
	if (!p->trying || token != p->token || !way_eq(from, &p->trial))
		return false;
	path_set(p, from);
	return true;
}

nk_time path_deadline(const struct path *p)
{
	return p->trying ? p->due : NK_NEVER;
}
