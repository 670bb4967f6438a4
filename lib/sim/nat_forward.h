/*
 * Ports of a NAT that are open from outside: what PCP, NAT-PMP and UPnP ask for, or people by hand.
 *
 * Without flow_timers such a port is a mapping for both ways that has no state. With them, as on
 * Linux, it is a rule for what begins outside (DNAT): what begins inside gets a port as ever. If
 * that is another one, its remote comes in at the open port too, but is seen inside at a port of
 * the NAT's choice: answers to both would look the same otherwise (get_unique_tuple() in
 * nf_nat_core.c).
 */
#ifndef SIM_NAT_FORWARD_H
#define SIM_NAT_FORWARD_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/time.h"
#include "sim/packet.h"

#define NAT_FORWARDS_MAX 64
#define NAT_ALIASES_MAX  16

struct nat;
struct talk;

/**
 * struct nat_forward - An open port
 * @kind:	PACKET_UDP or PACKET_TCP
 * @inside:	Whose it is
 * @external:	An external endpoint of the NAT; of a firewall the same as @inside
 * @remote:	Who may come, port 0 for any; all zero: everybody
 * @until:	NK_NEVER: for good
 */
struct nat_forward {
	enum packet_kind kind;
	struct addr inside, external, remote;
	nk_time until;
};

/* Who came to @external from @remote is seen inside as @alias. */
struct nat_alias {
	uint16_t proto;
	struct addr external, remote, alias;
};

/* Opens a port, or changes what is open for the same @inside. Return: false if it is another's, or
 * if there are too many. */
bool nat_forward(struct nat *n, const struct nat_forward *f, nk_time now);

/* Closes what is open at @external, if there is anything. */
void nat_forward_end(struct nat *n, enum packet_kind kind, const struct addr *external,
		     nk_time now);

/* How many are open. */
unsigned nat_forwards(struct nat *n, nk_time now);

/* For the NAT itself, who sweeps first: whether a packet goes through an open port that has no
 * state, and whether one that belongs to nothing begins a flow at an open port; they set t->mapped.
 * Before and after that the remote is the one that the inside sees. */
void forwards_sweep(struct nat *n, nk_time now);
void forward_alias_in(const struct nat *n, struct talk *t);
void forward_alias_out(const struct nat *n, struct talk *t);
bool forward_carries(const struct nat *n, struct talk *t);
bool forward_begins(struct nat *n, struct talk *t, nk_time now);

/* Until when such a packet from outside could come in; 0: it could not. */
nk_time forward_until(const struct nat *n, const struct talk *t);

#endif
