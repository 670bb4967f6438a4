/* Addresses for those who were given none. */
#ifndef NATSIM_TOPOLOGY_ALLOT_H
#define NATSIM_TOPOLOGY_ALLOT_H

#include "topology.h"

/**
 * topology_allot() - Gives addresses to hosts, NATs and routers that have none yet
 * @why:	If there are too few, whose: one line for a person
 *
 * On the Internet they are from the ranges kept for documentation (RFC 5737, RFC 3849): two of
 * 192.0.2.0/24 and two of 2001:db8:2::/64 for a server, one of 203.0.113.0/24 and of
 * 2001:db8:3::/64 for another host, one of 198.51.100.0/24 for a NAT. Behind the NAT of number n
 * they are from 100.(64 + n).0.0/16 (RFC 6598), behind a NAT64 from 2001:db8:64:(n + 1)::/64. What
 * is behind a firewall or a router has addresses as if it were in front of it.
 *
 * Return: false if it failed.
 */
bool topology_allot(struct topology *t, char why[static TOPOLOGY_WHY]);

#endif
