/* Who gets through: the mapping and filtering behaviours of RFC 4787 sections 4.1 and 5. */
#ifndef SIM_NAT_ADMIT_H
#define SIM_NAT_ADMIT_H

#include "sim/nat_state.h"

/* A packet from the inside, one from the outside. Return: true if it goes on, with t->mapped set.
 * Else *@answer, which was NAT_ANSWER_NONE, is what the inside is to be told. */
bool nat_admit_out(struct nat *n, struct talk *t, enum nat_answer *answer, nk_time now);
bool nat_admit_in(struct nat *n, struct talk *t, nk_time now);

/* The same of a packet that goes no further: it makes nothing new. Return: whether there was
 * something that it belongs to. */
bool nat_admit_expired(struct nat *n, const struct talk *t, nk_time now);

/* Whether there is state for what an error is about; sets t->mapped. */
bool nat_admit_error(const struct nat *n, struct talk *t);

/* Until when it would come in, inward; 0: it does not. */
nk_time nat_admit_until(const struct nat *n, const struct talk *t);

#endif
