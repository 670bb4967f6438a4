/* Which external endpoint a mapping gets: RFC 4787 sections 4.1 and 4.2. */
#ifndef SIM_NAT_EXTERNAL_H
#define SIM_NAT_EXTERNAL_H

#include "sim/nat_state.h"

/* Whether mappings may have one external endpoint, each towards other remotes. */
bool external_is_shared(const struct nat *n, uint16_t proto);

/* Sets m->external, for a packet of @t from @h. Return: false if there is none to be had. */
bool external_take(struct nat *n, struct mapping *m, const struct talk *t, struct inside *h,
		   nk_time now);
void external_give_back(const struct nat *n, const struct mapping *m, nk_time now);

#endif
