#include "birthday_law.h"

#include <math.h>

static double log_choose(unsigned n, unsigned k)
{
	return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

double hypergeometric(unsigned all, unsigned marked, unsigned drawn, unsigned k)
{
	if (k > marked || k > drawn || drawn - k > all - marked)
		return 0;
	return exp(log_choose(marked, k) + log_choose(all - marked, drawn - k) -
		   log_choose(all, drawn));
}

double birthday_chance(unsigned ports, unsigned opened, unsigned probed, double missed)
{
	double none = 0;

	for (unsigned k = 0; k <= opened && k <= probed; k++)
		none += hypergeometric(ports, opened, probed, k) * pow(missed, k);
	return 1 - none;
}

/*
 * Socket and probe of the same port meet when the second of the two is sent: the first has opened
 * the NAT on its side for it. If that packet is lost, the socket's next one may be heard.
 *
 * The sum of these chances of being missed, over all sockets and probes as if they had the same
 * port, is what the law is made from.
 */
struct birthday_law birthday_law(const struct birthday_plan *p)
{
	struct birthday_law law = {0, 0};
	double missed = 0;

	for (unsigned step = 0; step < p->probes; step++) {
		const unsigned open = step < p->sockets ? step + 1 : p->sockets;

		law.mean_probes += 1 - law.success;
		if (step < p->sockets)
			missed += p->loss * step; /* the new socket, and the probes before this */
		missed += p->loss * open;
		law.success = birthday_chance(p->ports, open, step + 1, missed / open / (step + 1));
	}
	law.success = birthday_chance(p->ports, p->sockets, p->probes, p->loss * p->loss);
	return law;
}
