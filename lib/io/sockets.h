/* Opening the sockets that cores ask for, with all that is to be known of each datagram. */
#ifndef IO_SOCKETS_H
#define IO_SOCKETS_H

#include "core/core.h"

/**
 * sockets_open() - Do an ACTION_OPEN
 * @local:	Set to the address bound, on success only
 * @action:	Its @socket, @local, @peer and @many count
 * @interface:	Bind to this interface, or NULL
 *
 * A TCP door listens then, and a knock is under way.
 *
 * The socket is non-blocking, of one family, may fragment what it sends, and
 * tells for each datagram to which address it came if it is bound to any. What is bound to
 * a multicast group has joined it. ICMP errors are kept in its error queue.
 * SOCKET_ICMP_RAW tells no errors, and what it reads from IPv4 begins with the IP header.
 *
 * Return: a descriptor, which the caller closes, or a negative errno.
 */
int sockets_open(struct addr *local, const struct action *action, const char *interface);

/* Has the TTL of each datagram told too, by a socket bound to @local that is not SOCKET_ICMP_RAW. */
void sockets_tell_ttl(int fd, const struct addr *local);

/**
 * sockets_source() - The local address from which a destination is reached
 * @source:	Set to it, with port 0, on success only
 * @interface:	Only through this interface, or NULL
 *
 * Sends nothing. Return: 0 or a negative errno.
 */
int sockets_source(struct addr *source, const struct addr *to, const char *interface);

/* Lets the process open as many sockets as it may: a shell gives 1024 descriptors, and a fan of
 * sockets needs more. */
void sockets_raise_limit(void);

/* Whether the process may open a handful more. Return: 0 or a negative errno. */
int sockets_spare(void);

#endif
