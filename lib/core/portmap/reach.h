/*
 * Whether a port of ours is reached from outside: the broker comes to it from where we have not sent
 * (wire/probe_msg.h, PROBE_REACH).
 *
 * A TCP door (core.h) is opened on the internal port; if a program has that port already, its accepting the
 * connection is the answer, as the broker saw it. A UDP port can be looked at only while it is free, or
 * through SOCKET_SHARED, where its owner has opened that as @seen.
 */
#ifndef CORE_PORTMAP_REACH_H
#define CORE_PORTMAP_REACH_H

#include "base/crypto.h"
#include "core/core.h"

#define REACH_SOCKETS 2 /* from @first_socket on: control, and the port itself */

enum reach_verdict {
	REACH_UNKNOWN,  /* see @why */
	REACH_SEEN,     /* it came, and was seen here */
	REACH_ACCEPTED, /* TCP: whoever has the port accepted it; it was not seen here */
	REACH_REFUSED,  /* TCP: it was refused on the way, or here */
	REACH_NOT_SEEN, /* sent, and not seen in all tries */
};

/* Why it is not known. */
enum reach_why {
	REACH_WHY_NONE,
	REACH_BROKER_SILENT,
	REACH_BROKER_CANNOT, /* it has no such service, or no other port to come from */
	REACH_OTHER_ADDRESS, /* the mapping is at another address than the one at which the broker sees us */
	REACH_PORT_TAKEN, /* UDP: a program has the port, and we may not look */
	REACH_LIMITED,    /* the broker has had too many of these */
	REACH_ELSEWHERE,  /* TCP, with REACH_NOT_SEEN: the connection was accepted, and not by us */
	REACH_BARRED,     /* we may not listen there, and nobody else was seen to */
	REACH_OTHER_WAY,  /* not looked: what we send to brokers leaves by another gateway */
};

/**
 * struct reach_config - What is to be reached
 * @broker:	Of the mapping's family
 * @internal:	Our address and port; @external: address (all zero: not known) and port outside. It is tried
 *		at the address that the broker sees, whatever the gateway claims
 * @seen:	Id of a socket of the owner's that sees UDP to the port, or 0
 */
struct reach_config {
	struct addr broker, internal, external;
	uint8_t ip_protocol;
	uint32_t first_socket;
	uint32_t seen;
};

/**
 * struct reach_result - What was found
 * @mapped:	Where the broker sees us, port 0; all zero: not heard
 * @from:	Who came, if it was seen
 * @other_ip:	It came from another address than the broker's that we had sent to
 * @tries:	Visits asked for
 */
struct reach_result {
	enum reach_verdict verdict;
	enum reach_why why;
	struct addr mapped, from;
	bool other_ip;
	unsigned tries;
	nk_time took;
};

struct reach; /* reach_new() to reach_free() */

/* @rng is used as long as it lives. Return: NULL without memory. reach_free() takes NULL. */
struct reach *reach_new(const struct reach_config *config, struct rng *rng, nk_time now);
void reach_free(struct reach *r);

/* Return: true if the event was its own, which those of @seen are if they are visits. */
bool reach_input(struct reach *r, const struct event *ev, nk_time now);
bool reach_output(struct reach *r, struct action *action, nk_time now);
nk_time reach_deadline(const struct reach *r);

/* CORE_BUSY, then CORE_DONE; its sockets are closed then. */
int reach_status(const struct reach *r);
const struct reach_result *reach_result(const struct reach *r);

const char *reach_verdict_name(enum reach_verdict v);
const char *reach_why_text(enum reach_why w);

#endif
