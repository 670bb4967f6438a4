/*
 * How much may be sent to whom: an offer may name anybody, and so may a forged
 * source address. Whoever has not answered a valid check gets PUNCH_UNPROVEN_MAX packets,
 * whatever they are, and no more than PUNCH_ADDRS_MAX such addresses get any; but all ports of
 * the one IP may, at which both sides let ports be guessed.
 */
#ifndef CORE_PUNCH_CAPS_H
#define CORE_PUNCH_CAPS_H

#include <stdbool.h>

#include "base/addr.h"

#define PUNCH_UNPROVEN_MAX 24
#define PUNCH_ADDRS_MAX    32

/**
 * struct caps - One call's
 * @hard_ip:	Port ignored; all zero for none
 * @hard_sent:	By its ports: packets, or UINT8_MAX once it has answered
 */
struct caps {
	struct {
		struct addr addr;
		unsigned sent;
		bool proven;
	} list[PUNCH_ADDRS_MAX];
	unsigned count;
	struct addr hard_ip;
	uint8_t hard_sent[UINT16_MAX + 1];
};

/* @hard_ip: NULL for none. */
void caps_init(struct caps *c, const struct addr *hard_ip);

/* Whether one more packet may go to @to, which is then counted. */
bool caps_take(struct caps *c, const struct addr *to);

/* @addr has answered a valid check. */
void caps_prove(struct caps *c, const struct addr *addr);

#endif
