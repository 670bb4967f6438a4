#include "core/punch/opener.h"

/* Of one network, and so perhaps with no router between their NATs, or behind one carrier's. */
static bool are_neighbours(const struct addr *a, const struct addr *b)
{
	const struct addr x = addr_prefix(a, 24, 48), y = addr_prefix(b, 24, 48);

	return addr_eq(&x, &y);
}

uint8_t opener_ttl(const struct nat_hint *ours, const struct nat_hint *theirs,
		   const struct addr *our_ip, const struct addr *their_ip, unsigned attempt)
{
	const uint8_t distance =
		ours->broker_hops < theirs->broker_hops ? ours->broker_hops : theirs->broker_hops;
	const uint8_t guess = attempt == 0 ? 2 : 4;
	const uint8_t ttl = ours->opener_ttl != 0 ? ours->opener_ttl : guess;

	return are_neighbours(our_ip, their_ip) || ttl > distance ? 0 : ttl;
}
