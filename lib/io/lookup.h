/* A name looked up while a run goes on, which must not wait for it. */
#ifndef IO_LOOKUP_H
#define IO_LOOKUP_H

#include <stdbool.h>

#include "base/addr.h"

/**
 * lookup_begin() - As resolve_host(), for one address, by a thread of its own
 *
 * Return: a descriptor that becomes readable when the resolver has answered, for lookup_end(); or
 * a negative errno.
 */
int lookup_begin(const char *host_port, uint16_t port, enum addr_family want);

#define LOOKUP_MAX 2 /* addresses that are taken of each name */

/* Closes the descriptor, ready or not. @out: room for LOOKUP_MAX. Return: as resolve_host(). */
int lookup_take(int fd, struct addr *out, const char **why);

/* The same for one address. Return: true if @out was set: there is one. */
bool lookup_end(int fd, struct addr *out);

#endif
