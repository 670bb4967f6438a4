/*
 * rtnetlink(7): asking the kernel about routes and links. Its messages are in host order and come
 * from the kernel; lengths are checked all the same.
 */
#ifndef IO_RTNL_H
#define IO_RTNL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define RTNL_REPLY_MAX 32768 /* a link with many virtual functions is long */

/* The attributes of a message, and the value of one, borrowed; NULL: there is none. */
struct rtnl_attrs {
	const uint8_t *bytes;
	size_t len;
};

struct rtnl_value {
	const uint8_t *bytes;
	size_t len;
};

struct rtnl_value rtnl_find(struct rtnl_attrs in, unsigned type);
struct rtnl_attrs rtnl_nested(struct rtnl_value v);
uint32_t rtnl_u32(struct rtnl_value v);

/* Of 4 or 16 bytes; else all zero. */
struct addr rtnl_addr(const uint8_t *bytes, size_t len);

/* The next hop of a route, which for an IPv4 destination may be an IPv6 address (RFC 5549); all
 * zero: none. */
struct addr rtnl_gateway(struct rtnl_attrs attrs);

/* The attributes of a message of @len bytes whose family has a header of so many. */
struct rtnl_attrs rtnl_attrs_after(const uint8_t *message, int len, size_t family_header);

/* Sends a request and reads its one answer. Return: the answer's length, or a negative errno. */
int rtnl_exchange(const void *request, size_t len, uint8_t reply[static RTNL_REPLY_MAX]);

/* Sends a request for a dump, and calls @each for every message of the answer. Return: 0 or a
 * negative errno. */
int rtnl_dump(const void *request, size_t len,
	      void (*each)(void *user, const uint8_t *message, int message_len), void *user);

#endif
