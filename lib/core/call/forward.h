/*
 * UDP of other programs, carried as datagrams of a call: what comes to a listed port of the
 * loopback here goes to a port of the loopback there, if that side serves it; and back.
 *
 * Each program's own port is a flow, as of a NAT: so answers find who asked. In a datagram,
 * before the payload: direction (0: to the served port, 1: back, 2: back, as it is not served),
 * that port, the flow's number.
 */
#ifndef CORE_CALL_FORWARD_H
#define CORE_CALL_FORWARD_H

#include "core/call/punch_options.h"
#include "core/core.h"

#define FORWARD_FLOWS  256 /* of all calls and both directions; the one silent longest makes room */
#define FORWARD_IDS    (NATPUNCH_FORWARDS_MAX + FORWARD_FLOWS)
#define FORWARD_HEADER 5
#define FORWARD_QUEUE \
	64 /* datagrams to local programs; what comes in one turn and is more is dropped */

enum forward_socket {
	FORWARD_CLOSED,
	FORWARD_WANTED,
	FORWARD_ASKED,
	FORWARD_OPEN,
	FORWARD_STALE,   /* another flow's: to be closed and opened again */
	FORWARD_DROPPED, /* to be closed */
};

/**
 * struct flow - A program that talks to a port
 * @used:	Last time, 0: free
 * @served:	The port is here, and @socket is ours towards it; else @from is the program
 * @call:	Slot of the call
 * @forward:	Not served: which forward
 */
struct flow {
	nk_time used;
	bool served;
	unsigned call, forward;
	uint16_t port, number;
	enum forward_socket socket;
	struct addr from;
};

/* A datagram to a local program, by socket @id. */
struct forwarded {
	uint32_t id;
	struct addr to;
	size_t len;
	uint8_t bytes[CORE_DATAGRAM_MAX];
};

/**
 * struct forwards - All of a run
 * @first_id:	FORWARD_IDS from there on
 * @listening:	By forward; @unserved: the peer does not serve what it goes to
 * @out:	@out_count to be sent, from @out_first on
 */
struct forwards {
	const struct punch_options *options;
	uint32_t first_id;
	enum forward_socket listening[NATPUNCH_FORWARDS_MAX];
	bool unserved[NATPUNCH_FORWARDS_MAX];
	struct flow flows[FORWARD_FLOWS];
	uint16_t numbers;
	struct forwarded out[FORWARD_QUEUE];
	unsigned out_first, out_count;
};

void forwards_init(struct forwards *f, const struct punch_options *options, uint32_t first_id);

static inline bool forwards_have(const struct forwards *f, uint32_t id)
{
	return id >= f->first_id && id - f->first_id < FORWARD_IDS;
}

/**
 * forwards_input() - An event of one of its sockets
 * @speaker:	Slot of the call that new flows belong to, or -1: none
 * @call:	Set to the slot of the call that the datagram is for
 * @out:	Room for CORE_DATAGRAM_MAX bytes
 *
 * Return: length of the datagram that goes to the peer, or 0: none does.
 */
size_t forwards_input(struct forwards *f, const struct event *ev, int speaker, unsigned *call,
		      uint8_t *out, nk_time now);

/**
 * forwards_take() - A datagram of the call in that slot has come
 * @reply:	What the peer is to be told: that the port is not served
 * @unserved:	Set to the port that the peer does not serve, when it says so for the first time; else 0
 *
 * It is for a program here, or it is dropped. Return: length of @reply, or 0: nothing goes back.
 */
size_t forwards_take(struct forwards *f, unsigned call, const uint8_t *bytes, size_t len,
		     uint8_t reply[static FORWARD_HEADER], uint16_t *unserved, nk_time now);

/* The call is over: its flows are. */
void forwards_forget(struct forwards *f, unsigned call);

bool forwards_output(struct forwards *f, struct action *action);

#endif
