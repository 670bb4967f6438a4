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

/* Closes the descriptor, ready or not. Return: true if @out was set: there is an address. */
bool lookup_end(int fd, struct addr *out);

#endif
