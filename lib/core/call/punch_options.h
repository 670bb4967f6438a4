/* What a natpunch run is asked to do. */
#ifndef CORE_CALL_PUNCH_OPTIONS_H
#define CORE_CALL_PUNCH_OPTIONS_H

#include "core/call/call.h"

#define NATPUNCH_ALLOWED_MAX  256
#define NATPUNCH_CALLS_MAX    64
#define NATPUNCH_FORWARDS_MAX 16

enum punch_mode { PUNCH_LISTEN, PUNCH_CALL, PUNCH_SEND, PUNCH_TEST };

/* What the payload is carried to and from. */
enum punch_payload {
	PUNCH_LINES,     /* a message per line of a stream */
	PUNCH_DATAGRAMS, /* a datagram per read of a stream */
	PUNCH_WHOLE,     /* send: all of a stream is one message */
	PUNCH_FORWARD,   /* UDP: each listed port here to a port of the peer */
};

/* One --udp-forward: what comes to @local (loopback) goes to the peer's loopback @peer_port, if the
 * peer serves that port. */
struct punch_forward {
	struct addr local;
	uint16_t peer_port;
};

/* Who may ring: Ed25519 key, and petname or NULL, borrowed. */
struct punch_contact {
	uint8_t key[32];
	const char *name;
};

#define PUNCH_SEEN_MAX 512

/* The newest offer of a key, by its time. */
struct punch_seen {
	uint8_t key[32];
	uint64_t timestamp;
};

/**
 * struct punch_options - What a natpunch run is asked to do
 * @identity:	Borrowed
 * @broker:	Listen: where to register; otherwise the callee's. By family, all zero: none
 * @callee:	Whom to call
 * @allowed:	@allowed_count who may ring; @allow_any: everyone may. @contacts of the list have names
 * @seen:	Offers of earlier runs, @seen_count of them: none is taken again
 * @own_stream:	Each call has a stream of its own (a program), not the one of the run
 * @calls_max:	Calls at once when listening
 * @order:	PUNCH_TEST: in which order the tactics are tried
 * @once:	Listening ends with the first call
 * @serve:	Forward: UDP ports here that peers may reach, @serve_count of them
 */
struct punch_options {
	enum punch_mode mode;
	enum punch_payload payload;
	struct call_options call;
	const struct identity *identity;
	struct addr broker[2];
	struct punch_contact callee;
	const struct punch_contact *allowed;
	unsigned allowed_count;
	bool allow_any;
	const struct punch_seen *seen;
	unsigned seen_count;
	bool own_stream;
	unsigned calls_max;
	enum tactic order[TACTICS];
	bool once;
	struct punch_forward forwards[NATPUNCH_FORWARDS_MAX];
	unsigned forward_count;
	uint16_t serve[NATPUNCH_FORWARDS_MAX];
	unsigned serve_count;
};

#endif
