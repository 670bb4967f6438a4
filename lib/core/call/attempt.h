/*
 * One try to meet: sockets of its own, candidates, offer and answer, fire, punch.
 * A call begins with one, and mends a lost path with others.
 *
 * Caller:  OPENING -> GATHERING -> MEETING -> RINGING -> PUNCHING -> MET
 * Callee:  OPENING -> GATHERING -----------------------> PUNCHING -> MET
 */
#ifndef CORE_CALL_ATTEMPT_H
#define CORE_CALL_ATTEMPT_H

#include "core/call/bank.h"
#include "core/call/call.h"
#include "core/call/call_keepalive.h"
#include "core/call/doors.h"

enum attempt_state {
	ATTEMPT_OPENING,   /* sockets */
	ATTEMPT_GATHERING, /* candidates; the caller asks for the broker's cookie and time, too */
	ATTEMPT_MEETING,   /* and still waits for these */
	ATTEMPT_RINGING,
	ATTEMPT_PUNCHING,
	ATTEMPT_MET,      /* connected; it still answers checks */
	ATTEMPT_RELAYING, /* no path, but packets go through the broker */
	ATTEMPT_OVER,     /* nothing came of it */
};

/**
 * struct attempt_config - How to try
 * @options, @identity, @broker: As the call's
 * @caller:	We ring @callee
 * @registration: The callee's, through which the answer goes; NULL for a caller
 * @first_id:	Of the bank
 * @retry:	Attempts before this one; @vain: of these, since there was a path
 * @resumes:	Call id of the first, or all zero
 * @known:	What was found out of our NAT before, so that candidates are enough now; NULL:
 *		nothing. Borrowed for the start
 * @keepalive:	What we offer; borrowed
 * @doors:	Where it asks for a port at the gateway; NULL: it does not
 * @door:	Its socket of IPv4 is open already, bound to this, and has a door; port 0: it is not
 * @give_up:	When it ends without a connection
 */
struct attempt_config {
	const struct call_options *options;
	const struct identity *identity;
	bool caller;
	uint8_t callee[32];
	struct addr broker[2];
	struct registration *registration;
	uint32_t first_id;
	unsigned retry, vain;
	uint8_t resumes[OFFER_CALL_ID];
	const struct nat_hint *known;
	const struct keepalive_offer *keepalive;
	struct doors *doors;
	struct addr door;
	nk_time give_up;
};

/* Times are NK_NEVER until then. */
struct attempt_times {
	nk_time met, acknowledged, answered, fired, connected;
};

struct attempt; /* to attempt_free(), which leaves its sockets to the owner's bank */

/* A caller's. Return: NULL without memory. */
struct attempt *attempt_new(const struct attempt_config *config, struct rng *rng);

/* A callee's: @handshake is after noise_read_offer() of @offer, and copied. */
struct attempt *attempt_new_rung(const struct attempt_config *config, const struct noise *handshake,
				 const struct offer *offer, const struct rung *rung,
				 struct rng *rng);
void attempt_free(struct attempt *a);

/* The same offer came again: it gets the same answer. */
void attempt_rung_again(struct attempt *a, const struct rung *rung);

bool attempt_input(struct attempt *a, const struct event *ev, nk_time now);
bool attempt_output(struct attempt *a, struct action *action, nk_time now);
nk_time attempt_deadline(const struct attempt *a);

enum attempt_state attempt_state(const struct attempt *a);

/* Of one that is over: why. */
enum call_end attempt_end(const struct attempt *a);

/* From ATTEMPT_PUNCHING on: what the handshake gave, until attempt_forget_keys(). Whoever has taken
 * them says so: an attempt lives as long as its path, and what was sealed early in a call is not to
 * be opened with what is left of it later. */
const struct noise_keys *attempt_keys(const struct attempt *a);
void attempt_forget_keys(struct attempt *a);
const struct session_keepalive *attempt_keepalive(const struct attempt *a);
const struct offer *attempt_ours(const struct attempt *a);
const struct offer *attempt_theirs(const struct attempt *a);

/* NULL before there is a punch. */
const struct punch_result *attempt_punch(const struct attempt *a);

/* What the gateway has given until the offer was made. */
const struct call_mapping *attempt_mapping(const struct attempt *a);

/* All zero before it is known. */
const struct gather_result *attempt_gathered(const struct attempt *a);
const struct attempt_times *attempt_times(const struct attempt *a);
nk_time attempt_broker_rtt(const struct attempt *a);

/* When another attempt, from new ports, is better than to go on: nothing at all was heard of the
 * peer, who should be reached without guessing. NK_NEVER: it is not. */
nk_time attempt_hopes_until(const struct attempt *a);

/* No direct path is likely, and both sides and the broker allow a relay. The caller begins to use
 * it, the callee follows. */
bool attempt_wants_relay(const struct attempt *a);

/* The event is a datagram from where valid checks came from. */
bool attempt_is_peer(const struct attempt *a, const struct event *ev);

/* Sends through the broker. Return: 0, or why the packet does not go. */
int attempt_relay(struct attempt *a, const uint8_t *packet, size_t len);

/* Takes a packet that came so for a caller. What comes for a callee comes to its registration,
 * whose owner tells the attempt that it was the peer's. */
bool attempt_next_relayed(struct attempt *a, uint8_t packet[static RENDEZVOUS_BODY_MAX],
			  size_t *len);
void attempt_relayed(struct attempt *a, const struct rung *rung);

#endif
