/*
 * The model of one NAT (or stateful firewall): RFC 4787 as data.
 *
 * It holds two kinds of state. A mapping ties an inside endpoint (and, by
 * mapping behaviour, a remote address or endpoint) to an external endpoint. A
 * flow lets packets from one remote in. Timers, quota and the count of
 * nat_held() go by mapping, or by flow if the spec says flow_timers.
 */
#ifndef SIM_NAT_H
#define SIM_NAT_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/time.h"
#include "sim/world.h"

struct nat;

/* @spec is copied, @rng is used as long as the NAT lives. Return: NULL without memory. */
struct nat *nat_new(const struct nat_spec *spec, struct rng *rng);
void nat_free(struct nat *n); /* takes NULL */

/* A packet from the inside. Return: true if it goes on, with @from as the outside sees it. */
bool nat_out(struct nat *n, struct addr *from, const struct addr *to, nk_time now);

/* A packet from the outside. Return: true if it is let in, with @to as it is inside. */
bool nat_in(struct nat *n, const struct addr *from, struct addr *to, nk_time now);

/* Packets whose TTL ends at this NAT, as they came: they may restart the timers of what there is.
 * Linux tracks before it counts (PRE_ROUTING, then ip_forward()), and keeps what is new only
 * after (POST_ROUTING). */
void nat_out_expired(struct nat *n, const struct addr *from, const struct addr *to, nk_time now);
void nat_in_expired(struct nat *n, const struct addr *from, const struct addr *to, nk_time now);

/* Whether an address, its port ignored, is an external address of this NAT. */
bool nat_is_external(const struct nat *n, const struct addr *a);

/* What is held at @now, and the most that ever was. */
unsigned nat_held(struct nat *n, nk_time now);
unsigned nat_held_peak(const struct nat *n);

/* What the timers were set to, once a sweep and the load have had their say. */
struct nat_applied nat_applied_times(const struct nat *n, enum nat_traffic traffic);

#endif
