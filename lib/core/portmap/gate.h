/*
 * One port on one gateway: mapped, held, and looked at from outside.
 *
 * It is looked at as soon as it is there, and again whenever it is another one, was made anew, or the network
 * may be another one. A mapping by which nobody gets in is of no use: unless it was of use before, it is removed again.
 * What once was there is made anew for as long as it takes.
 */
#ifndef CORE_PORTMAP_GATE_H
#define CORE_PORTMAP_GATE_H

#include "core/portmap/portmap.h"
#include "core/portmap/reach.h"

#define GATE_BROKERS_MAX 4
#define GATE_SOCKETS     (PORTMAP_SOCKETS + REACH_SOCKETS) /* from map.first_socket on */

/**
 * struct gate_config - What is wanted
 * @map:	The mapping
 * @verify:	It matters whether one gets in
 * @brokers:	Who can look from outside, @broker_count of them: each is asked until one does
 * @aside:	There are some, and what is sent to them leaves by another gateway: what they find is
 *		true of that one
 */
struct gate_config {
	struct portmap_config map;
	bool verify;
	struct addr brokers[GATE_BROKERS_MAX];
	unsigned broker_count;
	bool aside;
};

enum gate_state {
	GATE_ASKING,  /* there is no mapping yet, or not any more */
	GATE_LOOKING, /* it is there; it is not known yet whether one gets in */
	GATE_OPEN,    /* who came from outside was seen here */
	GATE_ACCEPTED, /* TCP: somebody outside accepted: the program that has the port here, or another */
	GATE_UNVERIFIED, /* it is there; whether one gets in is not known: @reach.why, if @looked */
	GATE_SHUT,       /* it is there, or was removed for that: nobody gets in */
	GATE_FAILED,     /* there is none: @mapping.why */
	GATE_REMOVED,
	GATE_STATES,
};

/**
 * struct gate_result - How it stands
 * @looked:	@reach is of this mapping
 */
struct gate_result {
	enum gate_state state;
	struct portmap_mapping mapping;
	bool looked;
	struct reach_result reach;
};

/* "asking", "held", "open", "accepted", "unverified", "unreachable", "failed", "removed". */
const char *gate_state_name(enum gate_state s);

/* Open, or perhaps so: nothing is known that speaks against it. */
bool gate_is_up(enum gate_state s);

/* Where one gets in, as far as is known: what was seen from outside counts more than what the gateway says. */
struct addr gate_public(const struct gate_result *r);

struct gate; /* gate_new() to gate_free() */

/* @rng is used as long as it lives. Return: NULL without memory. gate_free() takes NULL. */
struct gate *gate_new(const struct gate_config *config, struct rng *rng);
void gate_free(struct gate *g);

/* As of portmap.h. */
bool gate_input(struct gate *g, const struct event *ev, nk_time now);
bool gate_output(struct gate *g, struct action *action, nk_time now);
nk_time gate_deadline(const struct gate *g);

/* CORE_BUSY until there is no mapping, and will be none; without a mapping to be released, or once a detached one
 * was looked at, CORE_DONE. */
int gate_status(const struct gate *g);

/* Removes the mapping, also one that was to be detached. */
void gate_release(struct gate *g, nk_time now);

/* The network may be another one. */
void gate_doubt(struct gate *g, nk_time now);

/* The same; and of @config there are other @brokers, or @aside is otherwise. */
void gate_doubt_way(struct gate *g, const struct gate_config *config, nk_time now);

/* Another gateway, or another address of ours, of the same family: from @config only @map's gateway, internal and
 * nonce are looked at, and brokers. */
void gate_move(struct gate *g, const struct gate_config *config, nk_time now);

const struct gate_result *gate_result(const struct gate *g);

#endif
