#include "core/session/pings.h"

void pings_start(struct pings *p, uint64_t token)
{
	p->token = token;
	p->count = 0;
}

uint64_t pings_send(struct pings *p, nk_time now)
{
	p->sent[p->count++ % PINGS_REMEMBERED] = now;
	return p->token++;
}

bool pings_is_answer(const struct pings *p, uint64_t token, nk_time now, nk_time *took)
{
	const uint64_t ago = p->token - token;

	if (ago == 0 || ago > p->count || ago > PINGS_REMEMBERED)
		return false;
	*took = now - p->sent[(p->count - ago) % PINGS_REMEMBERED];
	return true;
}

nk_time pings_last(const struct pings *p)
{
	return p->count > 0 ? p->sent[(p->count - 1) % PINGS_REMEMBERED] : 0;
}
