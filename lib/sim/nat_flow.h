/* What a packet does to the flow that it belongs to. */
#ifndef SIM_NAT_FLOW_H
#define SIM_NAT_FLOW_H

#include "sim/nat_state.h"

/* Whether the mappings of a talk live by their flows, and have no timer. */
bool flow_rules(const struct nat *n, const struct talk *t);

/* The flow of a packet; or, of a mapping with a timer, what of filtering lets it in. */
struct flow *flow_of(const struct nat *n, const struct mapping *m, const struct talk *t);

/* The timer of a talk in every state, or 0 (not for TCP). */
nk_time flow_own_limit(const struct nat_spec *spec, const struct talk *t);

/* The first packet of a flow; @h has it, or if NULL the NAT itself. Return: false without
 * memory. */
bool flow_begin(struct nat *n, struct mapping *m, const struct talk *t, struct inside *h,
		nk_time now);

/* @f, or NULL if it is; or if the packet begins a new connection after it, and it is over. */
struct flow *flow_now(struct nat *n, struct flow *f, const struct talk *t, nk_time now);

/* Another packet; the flow and its mapping may be over then. Return: false if it does not belong
 * to it. */
bool flow_continue(struct nat *n, struct flow *f, const struct talk *t, nk_time now);

#endif
