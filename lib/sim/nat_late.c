#include "sim/nat_late.h"

void nat_late_hold(struct nat_late *l, const struct packet_quote *syn, nk_time due)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct packet_quote *held = &l->held[(l->first + i) % NAT_LATE_MAX].syn;

		if (addr_eq(&held->from, &syn->from) && addr_eq(&held->to, &syn->to))
			return;
	}
	if (l->count == NAT_LATE_MAX)
		return;

	const unsigned last = (l->first + l->count++) % NAT_LATE_MAX;

	l->held[last].due = due;
	l->held[last].syn = *syn;
}

nk_time nat_late_next(const struct nat_late *l)
{
	return l->count == 0 ? NK_NEVER : l->held[l->first].due;
}

struct packet_quote nat_late_pop(struct nat_late *l)
{
	const struct packet_quote syn = l->held[l->first].syn;

	l->first = (l->first + 1) % NAT_LATE_MAX;
	l->count--;
	return syn;
}
