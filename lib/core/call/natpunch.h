/*
 * A run of natpunch as a core: listen, call, send or test; identities and contacts
 * are given, sockets and streams are asked for, and what happens is told as events.
 *
 * Stream 0 is standard input and output; each call with a program (--exec) has one of its own, and
 * the UPnP worker (io/upnp.h), if there is one, is at NATPUNCH_UPNP.
 */
#ifndef CORE_CALL_NATPUNCH_H
#define CORE_CALL_NATPUNCH_H

#include "core/call/call.h"
#include "core/call/punch_options.h"

#define NATPUNCH_STREAMS 128 /* ids below are streams */
#define NATPUNCH_UPNP    (NATPUNCH_STREAMS - 1)

struct natpunch; /* natpunch_new() to natpunch_free() */

/* @options is borrowed for the run. Return: NULL without memory. */
struct natpunch *natpunch_new(const struct punch_options *options, const uint8_t seed[static 32]);
void natpunch_free(struct natpunch *n);
void natpunch_start(struct natpunch *n, nk_time now);
void natpunch_input(struct natpunch *n, const struct event *ev, nk_time now);
bool natpunch_output(struct natpunch *n, struct action *action, nk_time now);
nk_time natpunch_deadline(const struct natpunch *n);

/* CORE_DONE: see natpunch_end() for the answer. */
int natpunch_status(const struct natpunch *n);
enum call_end natpunch_end(const struct natpunch *n);

enum natpunch_event_kind {
	NATPUNCH_REGISTERED,   /* @addr: as the broker sees us */
	NATPUNCH_UNREGISTERED, /* the broker is silent; we go on trying */
	NATPUNCH_RANG,         /* somebody rang whom we do not allow: @key */
	NATPUNCH_CALLING,
	NATPUNCH_ACKNOWLEDGED,
	NATPUNCH_ANSWERED,
	NATPUNCH_CONNECTED,    /* @addr: the peer's address; @tactic; @encrypted */
	NATPUNCH_RELAY_LIKELY, /* @p */
	NATPUNCH_RELAYED,
	NATPUNCH_PATH_LOST,
	NATPUNCH_MENDED,
	NATPUNCH_ACKED, /* send: the message was acknowledged */
	NATPUNCH_TOO_LONG, /* a line of more than SESSION_MESSAGE_MAX bytes was refused; @p: its length */
	NATPUNCH_UNSERVED, /* the peer does not serve what is forwarded there; @p: the port */
	NATPUNCH_CLOSED,   /* @end */
	NATPUNCH_TESTED,   /* test: one tactic is done; @tactic, @end */
	NATPUNCH_EVENT_KINDS,
};

struct natpunch_event {
	enum natpunch_event_kind kind;
	nk_time at;
	unsigned call; /* its number, from 1 */
	uint8_t key[32];
	const char *name; /* the contact's petname, or NULL */
	struct addr addr;
	enum tactic tactic;
	enum call_end end;
	bool encrypted;
	double p;
};

/* Takes the oldest; false if there is none. Bounded: the newest are dropped. */
bool natpunch_next_event(struct natpunch *n, struct natpunch_event *out);

/* The calls of this run, for the report: the first is 0. Borrowed pointers inside. False: no
 * more. */
bool natpunch_call(const struct natpunch *n, unsigned i, struct call_report *out);

/* Listening: true if offers have come since the last question; then @out is what a later run is to
 * be told by its options. */
bool natpunch_seen(struct natpunch *n, struct punch_seen out[static PUNCH_SEEN_MAX],
		   unsigned *count);

/* What our gateway was found to speak. */
struct doors_found natpunch_doors(const struct natpunch *n);

/* For the environment of the program behind a stream. */
bool natpunch_stream_peer(const struct natpunch *n, uint32_t stream, struct natpunch_event *out);

extern const struct core_ops natpunch_ops;

#endif
