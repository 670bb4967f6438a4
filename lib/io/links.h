/* Noticing that an address or its interface has gone. */
#ifndef IO_LINKS_H
#define IO_LINKS_H

#include <stdbool.h>

#include "base/addr.h"

/* A socket that becomes readable when links or addresses change (rtnetlink).
 * Return: a non-blocking descriptor, which the caller closes, or -1 and errno. */
int links_open(void);

/* The same, when routes change too. */
int links_open_routes(void);

/* Forgets all notices that have come. They only say that it is time to look. */
void links_drain(int fd);

struct ifaddrs;

/* The machine's addresses, for links_lost(); freed with freeifaddrs(). NULL and errno on
 * failure. */
struct ifaddrs *links_look(void);

/* True if @local (not "any") is no longer an address of this machine, or if its interface is
 * down. */
bool links_lost(const struct ifaddrs *all, const struct addr *local);

/* Addresses at which others may reach this machine: of interfaces that are up, without loopback and
 * link-local ones; of @interface alone, or NULL. Return: how many were written, @max at most. */
unsigned links_addresses(const struct ifaddrs *all, const char *interface, struct addr *out,
			 unsigned max);

/* Sets @name to the interface that has @local, for one of IF_NAMESIZE bytes. Return: false if none
 * has. */
bool links_interface_of(char *name, const struct ifaddrs *all, const struct addr *local);

/* True if the interface does not exist or is down. */
bool links_interface_lost(const struct ifaddrs *all, const char *interface);

#endif
