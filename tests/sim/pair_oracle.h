/* Which NATs can be got through by two behind them, from RFC 4787 alone: nothing here asks natpunch. */
#ifndef TESTS_SIM_PAIR_ORACLE_H
#define TESTS_SIM_PAIR_ORACLE_H

#include <stdbool.h>

#include "sim/nat_spec.h"

/**
 * struct pair_class - What one side's NATs do together (RFC 4787 sections 4.1 and 5)
 * @mapping, @filtering: The strictest of all NATs on the way
 */
struct pair_class {
	enum nat_behaviour mapping, filtering;
};

#define PAIR_CLASSES 9 /* numbered mapping * 3 + filtering */

struct pair_class pair_class_at(unsigned number);
unsigned pair_class_number(struct pair_class c);
struct pair_class pair_class_of(const struct nat_spec *nats, unsigned count);
const char *pair_class_text(struct pair_class c); /* "EIM/APDF" */

enum pair_kind {
	PAIR_HARD,    /* somebody has to guess a port */
	PAIR_ALLOWED, /* one side at least can be reached, and the other hears its answer */
	PAIR_ONE_WAY, /* one side can be reached, but its answer comes from a port that the other
		       * side, who filters by ports, cannot know: somebody has to guess a port */
	PAIR_KINDS
};

/**
 * pair_kind() - Whether two sides meet without guessing a port
 *
 * A side can be reached directly if it filters by nothing, if its port is the same for all and
 * it filters by address, or if both ports are the same for all.
 */
enum pair_kind pair_kind(struct pair_class a, struct pair_class b);
const char *pair_kind_name(enum pair_kind kind);

/* Both ports are the same for all: nobody has to learn one from a packet of the other's. */
bool pair_is_plain(struct pair_class a, struct pair_class b);

#endif
