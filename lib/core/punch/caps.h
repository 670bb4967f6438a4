/*
 * How much may be sent to whom: an offer may name anybody, and so may a forged
 * source address. Whoever has not answered a valid check gets PUNCH_UNPROVEN_MAX packets,
 * whatever they are, and no more than PUNCH_ADDRS_MAX such addresses get any.
 */
#ifndef CORE_PUNCH_CAPS_H
#define CORE_PUNCH_CAPS_H

#include <stdbool.h>

#include "base/addr.h"

#define PUNCH_UNPROVEN_MAX 24
#define PUNCH_ADDRS_MAX    32

/* One call's; all zero at first. */
struct caps {
	struct {
		struct addr addr;
		unsigned sent;
		bool proven;
	} list[PUNCH_ADDRS_MAX];
	unsigned count;
};

/* Whether one more packet may go to @to, which is then counted. */
bool caps_take(struct caps *c, const struct addr *to);

/* @addr has answered a valid check. */
void caps_prove(struct caps *c, const struct addr *addr);

#endif
