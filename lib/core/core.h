/*
 * The one shape of every core.
 *
 * A core decides and never does: it is told what happened (events), says what
 * is to be done (actions) and by when it must be called again. It sees no
 * socket, no clock and no operating system, so the same core runs on real
 * sockets (lib/io) and against modelled NATs in virtual time (lib/sim).
 *
 * Whoever runs a core turns this loop:
 *
 *	input(event, now)            for each event that has come
 *	while (output(&action, now)) do the action
 *	if (status() != CORE_BUSY)   the run is over
 *	wait for an event, or until deadline()
 *
 * `now` never goes backwards. After a deadline has passed, output() is called
 * without an event: there is no other notice of time.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

#define CORE_DATAGRAM_MAX 2048 /* payload bytes a core sends or is shown */

enum core_status { CORE_BUSY = 1, CORE_DONE = 0 }; /* negative: enum nk_err */

/*
 * Datagrams of the ICMP kinds are whole ICMP messages, and addresses have port 0.
 * SOCKET_ICMP sends echo requests of one id, which is its local port, and is given
 * the replies. SOCKET_ICMP_RAW is given all echo requests, and needs a privilege.
 *
 * SOCKET_STREAM is bytes to and from the machine itself, such as standard input and output, or
 * those of a program; which is the runner's business. It goes at the core's pace: one ACTION_READ
 * gives at most one EVENT_STREAM_DATA, and after one ACTION_SEND the next must wait for
 * EVENT_STREAM_ROOM.
 *
 * SOCKET_SHARED is the UDP socket of another program, which knows nothing of it: what is sent leaves
 * from its port, and of what comes to it that which is STUN is seen, by the other program too.
 * ACTION_OPEN names the port and a peer; each id open on a port is told of all that is seen there.
 *
 * SOCKET_TCP_DOOR listens for TCP connections: each is told (EVENT_KNOCK) and closed at once.
 * SOCKET_TCP_KNOCK connects to the peer of its ACTION_OPEN and says nothing: EVENT_OPENED means that the
 * connection was accepted, and EVENT_OPEN_FAILED why not. It sends at most three SYNs. Nothing is read
 * from or written to either, and both are closed by a reset.
 */
enum socket_kind {
	SOCKET_UDP,
	SOCKET_ICMP,
	SOCKET_ICMP_RAW,
	SOCKET_STREAM,
	SOCKET_SHARED,
	SOCKET_TCP_DOOR,
	SOCKET_TCP_KNOCK,
};

enum event_kind {
	EVENT_OPENED,      /* @local is set; the socket can send */
	EVENT_OPEN_FAILED, /* @error is set; the id is free again */
	EVENT_SEND_FAILED, /* @error is set; nothing left the machine */
	EVENT_DATAGRAM,    /* @from, @local, @data, @len, @ttl */
	EVENT_ICMP_ERROR,  /* an ICMP error quoted a datagram sent to @from; @error is its errno */
	EVENT_KNOCK,       /* @from has connected to this door, at @local */
	EVENT_LINK_LOST,   /* the interface in use went away or lost its address */
	EVENT_NETWORK,     /* the way out is another one: an address, an interface or a gateway */
	EVENT_RESUMED,     /* the machine was asleep; nk_time has gone on */
	EVENT_STOP,        /* the user wants the run to end: end it, and report what is known */
	EVENT_STREAM_DATA, /* @data, @len: what an ACTION_READ asked for */
	EVENT_STREAM_ROOM, /* what was last sent to the stream has been taken */
	EVENT_STREAM_END, /* nothing more will come; @error: a program's exit status, or 128 + signal */
	EVENT_STREAM_GONE, /* nothing more will be taken: the reader is gone */
};

/**
 * struct event - Something that happened
 * @id:		The socket, as the core named it in ACTION_OPEN
 * @error:	An errno value: positive
 * @from:	Sender of the datagram
 * @local:	The address it came to; for EVENT_OPENED, the address bound (never "any" for a
 *		socket that was opened with a peer)
 * @reporter:	EVENT_ICMP_ERROR: who sent it, or all zero if that is not known; @icmp_type, @icmp_code:
 *		as it said, in the numbers of the family
 * @ttl:	TTL or hop limit as received, 0 if not known
 * @more:	EVENT_DATAGRAM: others wait behind it
 * @data:	@len bytes, borrowed for the call
 */
struct event {
	enum event_kind kind;
	uint32_t id;
	int error;
	struct addr from;
	struct addr local;
	struct addr reporter;
	uint8_t icmp_type, icmp_code;
	uint8_t ttl;
	bool more;
	const uint8_t *data;
	size_t len;
};

enum action_kind {
	ACTION_OPEN,
	ACTION_SEND,
	ACTION_CLOSE,
	ACTION_READ, /* streams: one EVENT_STREAM_DATA is wanted, of CORE_DATAGRAM_MAX bytes at most */
	ACTION_END, /* streams: nothing more will be sent; what comes is still wanted */
};

/**
 * struct action - Something to be done
 * @id:		The socket. For ACTION_OPEN a number that the core chose and that is not open
 * @socket:	ACTION_OPEN: what to open
 * @local:	ACTION_OPEN: address and port to bind; "any" address and port 0 leave it to the
 *		system. ACTION_SEND: address to send from, or all zero for the socket's own
 * @peer:	ACTION_OPEN: if set, the socket is bound to the address from which @peer is
 *		reached (it is not connected: anyone may send to it)
 * @many:	ACTION_OPEN: other programs may have the same UDP port too, as for what is multicast. False
 *		unless the core sets it
 * @to:		ACTION_SEND
 * @ttl:	ACTION_SEND: TTL or hop limit, 0 for the system's default
 * @data:	ACTION_SEND: @len bytes of payload
 *
 * The system may fragment a datagram that is larger than the path's MTU.
 */
struct action {
	enum action_kind kind;
	uint32_t id;
	enum socket_kind socket;
	struct addr local;
	struct addr peer;
	bool many;
	struct addr to;
	uint8_t ttl;
	size_t len;
	uint8_t data[CORE_DATAGRAM_MAX];
};

/**
 * struct core_ops - The calls that every core has, for those who run any core
 * @input:	Tells of one event. The event and its bytes are borrowed for the call
 * @output:	Fills @action and returns true, or returns false: nothing more to do now
 * @deadline:	When to call @output again at the latest; NK_NEVER: only after an event
 * @status:	CORE_BUSY, CORE_DONE or a negative error
 * @answer:	Or NULL. In place of @input for a datagram: the first thing to be sent because of it
 *		may be written to @first, where it will leave from; true if it was
 * @expect:	Or NULL. @count datagrams that will be told next: time to fetch from memory what is
 *		needed for them
 */
struct core_ops {
	void (*input)(void *core, const struct event *ev, nk_time now);
	bool (*output)(void *core, struct action *action, nk_time now);
	nk_time (*deadline)(const void *core);
	int (*status)(const void *core);
	bool (*answer)(void *core, const struct event *ev, struct action *first, nk_time now);
	void (*expect)(const void *core, const struct event *events, unsigned count);
};

#endif
