/* How much a NAT has room for: quotas of inside hosts and of remote endpoints. */
#ifndef SIM_NAT_ROOM_H
#define SIM_NAT_ROOM_H

#include "sim/nat_state.h"

/* The host of an inside endpoint; NULL without memory. */
struct inside *inside_of(struct nat *n, const struct addr *endpoint);

/* Room for one more of a host, if need be at the cost of another. Return: false if refused. */
bool inside_has_room(struct nat *n, struct inside *h, nk_time now);

/* @s counts from now on, towards the quota of @h; a packet of @s has passed; it counts no more.
 * What does not count is left alone. */
void room_take(struct nat *n, struct state *s, struct inside *h);
void room_used(const struct nat *n, struct state *s);
void room_give_back(struct nat *n, struct state *s);

/* The same for the flows of a remote endpoint, whoever has them. */
bool crowd_has_room(const struct nat *n, const struct talk *t);
bool crowd_join(struct nat *n, struct flow *f); /* Return: false without memory */
void crowd_leave(struct nat *n, const struct flow *f);

#endif
