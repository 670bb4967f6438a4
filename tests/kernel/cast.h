/*
 * Who is who in the scripts:
 *
 *	a, b	hosts inside		s, t	hosts outside
 *	q	a router inside		r	a router outside
 *	i	the NAT's inside	n	the NAT's outside
 *
 * in IPv4; a6, b6 and so on are the same in IPv6.
 */
#ifndef KERNEL_CAST_H
#define KERNEL_CAST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

/* The address of the one whose name @len characters are, without a port. Return: false if it is
 * nobody's. */
bool cast_find(struct addr *out, const char *name, size_t len);

/* The address of someone who is in the cast. */
struct addr cast_addr(const char *name);

/* The name, whatever the port; NULL if it is nobody's. */
const char *cast_name(const struct addr *a);

/* Whether it is on the inside. */
bool cast_is_inside(const struct addr *a);

#endif
