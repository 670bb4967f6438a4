/* struct addr <-> the kernel's socket addresses. */
#ifndef IO_SOCKADDR_H
#define IO_SOCKADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/addr.h"

/* Both sizes of socket address that natkit uses, without casts between them. */
union sockaddr_ip {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/**
 * sockaddr_from() - The kernel's form of an address
 * @out:	Written whole: AF_INET for an IPv4 address, else AF_INET6
 * @scope:	Interface index for a link-local IPv6 address, or 0
 *
 * Return: its length.
 */
socklen_t sockaddr_from(union sockaddr_ip *out, const struct addr *a, unsigned scope);

/* The natkit form of @sa; all zero if it is neither AF_INET nor AF_INET6. */
struct addr sockaddr_to_addr(const union sockaddr_ip *sa);

struct addr sockaddr_v4_addr(const struct in_addr *ip, uint16_t port);
struct addr sockaddr_v6_addr(const struct in6_addr *ip, uint16_t port);

#endif
