/*
 * Where gateways announce what has changed: PCP and NAT-PMP servers to port 5350 of all hosts (RFC 6887
 * section 14.1.3, RFC 6886 section 3.2.1), UPnP devices to the SSDP group.
 *
 * Other programs listen there too, so the ports are shared; where one cannot be had, nothing is heard, which is
 * no failure.
 */
#ifndef CORE_PORTMAP_ANNOUNCED_H
#define CORE_PORTMAP_ANNOUNCED_H

#include "core/core.h"

#define ANNOUNCED_SOCKET  2 /* ids from here on */
#define ANNOUNCED_SOCKETS 3

enum announced_place { ANNOUNCED_V4, ANNOUNCED_V6, ANNOUNCED_SSDP, ANNOUNCED_PLACES };

/* Bits of places that are to be listened to, and of those that have been opened. */
struct announced {
	unsigned wanted, opened;
};

/* Where a gateway of that family speaks of PCP and NAT-PMP. */
enum announced_place announced_place(enum addr_family family);

/* Id of the socket of a place. */
uint32_t announced_socket(enum announced_place place);

void announced_want(struct announced *a, enum announced_place place);

/* Whether the event is of one of these sockets. */
bool announced_heard(const struct event *ev);

/* Return: true if the event is nobody else's: what was announced is for all. */
bool announced_input(const struct event *ev);
bool announced_output(struct announced *a, struct action *action);

#endif
