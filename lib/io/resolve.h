/* Names of servers to addresses. */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include "base/addr.h"

/**
 * resolve_wrong() - Whether a text can name a server at all, without looking it up
 *
 * Return: NULL if it can, or else what would be right, for a person.
 */
const char *resolve_wrong(const char *host_port);

/**
 * resolve_host() - Look up a server by name or number
 * @out:	Room for @max addresses, at least 1
 * @host_port:	"192.0.2.1", "[2001:db8::1]:3479", "stun.example.org", "stun.example.org:3479"
 * @port:	The port when the text names none
 * @want:	Only this family, or ADDR_NONE for those that this machine has
 * @why:	Set on failure to the reason, for a person: a constant string; or NULL
 *
 * Blocks while the resolver works; a numeric address is not looked up.
 *
 * Return: how many addresses, at least 1, in the resolver's order of preference;
 * NK_ERR_BAD_INPUT if the text is no name or has no address of the family wanted;
 * NK_ERR_UNREACHABLE if there is no such name or no resolver answers;
 * NK_ERR_NO_MEMORY or NK_ERR_SYSTEM.
 */
int resolve_host(struct addr *out, unsigned max, const char *host_port, uint16_t port,
		 enum addr_family want, const char **why);

#endif
