/*
 * One call, from the wish to the connection: gather, ring, offer and answer, fire,
 * punch, from other ports if nothing was heard; then a session over the path, and new
 * punches for it when the path is lost.
 *
 * The caller's call has a ring (rendezvous/ring.h) of its own; the callee's uses its
 * listener's registration, by way of the owner. All else is the same on both sides.
 */
#ifndef CORE_CALL_CALL_H
#define CORE_CALL_CALL_H

#include "base/crypto.h"
#include "core/call/doors.h"
#include "core/core.h"
#include "core/punch/gather.h"
#include "core/punch/punch.h"
#include "core/rendezvous/registration.h"
#include "core/rendezvous/ring.h"
#include "core/session/session.h"
#include "wire/offer.h"

/* Ids that one call uses, counted from its first: one bank for each of two attempts (bank.h). */
#define CALL_IDS 1024

/**
 * struct call_options - How calls are made and taken, the same for both sides
 * @timeout:	To give up ringing and punching, 30 s
 * @first_pause: 0: max(50 ms, sum of both broker round trips); @pause_factor 1.5, @pause_max 20 s,
 *		@jitter 0.1
 * @tactics:	Bits
 * @hard, @relay, @encrypt: What this side allows and wants
 * @opener:	Use a low-TTL opener where the TTL is known
 * @opener_ttl:	0: as calibrated
 * @plain_p:	What is believed of plain punching to the callee; 0: nothing is known
 * @hosts:	Addresses of this machine, for host candidates
 * @unix_us:	Unix time at nk_time 0 of this run, for the offer's timestamp
 * @keepalive:	How a path may be kept, and what is believed of our NAT
 * @doors:	Whom to ask for open ports, if @tactics has TACTIC_MAPPED
 */
struct call_options {
	nk_time timeout;
	nk_time first_pause, pause_max;
	double pause_factor, jitter;
	uint32_t tactics;
	bool hard, relay, encrypt, opener;
	uint8_t opener_ttl;
	double plain_p;
	struct addr hosts[GATHER_HOSTS];
	unsigned host_count;
	uint64_t unix_us;
	struct keepalive_offer keepalive;
	struct doors_config doors;
};

struct call_options call_default_options(void);

enum call_state {
	CALL_GATHERING,
	CALL_RINGING,
	CALL_PUNCHING,  /* both know the other's candidates */
	CALL_CONNECTED, /* the session has a path (or, without encryption, there is one) */
	CALL_MENDING,   /* the path is lost, or may be, and is being punched anew */
	CALL_OVER,
};

enum call_end {
	CALL_NOT_OVER,  /* or we would not wait any longer */
	CALL_CLOSED,    /* after it was connected, by either side */
	CALL_NO_BROKER, /* no acknowledgement: exit 3 */
	CALL_NO_ANSWER, /* acknowledged, and then nothing: exit 1 */
	CALL_REFUSED,
	CALL_BUSY,
	CALL_NO_PATH, /* accepted, and no tactic got through: exit 1 */
	CALL_LOST,    /* connected, then lost, and not mended within the timeout */
	CALL_FAILED,  /* no socket, no memory */
};

/**
 * struct call_mapping - What our gateway had given when the offer was made
 * @asked:	It was asked
 * @offered:	The peer was told of it
 * @found:	As it stood then
 */
struct call_mapping {
	bool asked, offered;
	struct portmap_mapping found;
};

/* For events and the report; times are NK_NEVER until then. */
struct call_report {
	enum call_state state;
	enum call_end end;
	uint8_t peer_key[32]; /* Ed25519 */
	nk_time started, met, acknowledged, answered, fired, connected;
	nk_time broker_rtt;
	struct gather_result gathered;
	struct call_mapping mapping;
	struct offer peer;
	struct punch_result punch; /* the latest */
	unsigned punches;
	bool relayed;                 /* at the last */
	enum tactic tested;           /* PUNCH_TEST: what had the call to itself; else TACTICS */
	struct keepalive_terms terms; /* by which the path is kept */
	struct keepalive_offer ours, theirs; /* of keepalives */
	const struct session_stats *session; /* NULL before there is one */
};

struct call; /* call_new_out() or call_new_in() to call_free() */

/* Rings @callee (Ed25519) at @broker (by family; all zero where there is none). @identity,
 * @options and @doors are borrowed for the call's life; ids are @first_id to + CALL_IDS. Return: NULL
 * without memory, or if the key is none. */
struct call *call_new_out(const struct call_options *options, const struct identity *identity,
			  const uint8_t callee[static 32], const struct addr broker[static 2],
			  struct doors *doors, uint32_t first_id, struct rng *rng, nk_time now);

/**
 * call_new_in() - Take a call: an offer that the owner has opened and allows
 * @handshake:	After noise_read_offer(); copied
 * @offer:	What it said; the owner knows that its key is the caller's
 * @known:	Of our NAT, or NULL
 * @registration: Through which it came and the answer goes; borrowed for the call's life
 * @door:	Where the socket @first_id is bound, if it is open already, with a door; else port 0
 */
struct call *call_new_in(const struct call_options *options, const struct identity *identity,
			 const struct noise *handshake, const struct offer *offer,
			 const struct rung *rung, const struct nat_hint *known,
			 const struct addr broker[static 2], struct registration *registration,
			 struct doors *doors, const struct addr *door, uint32_t first_id,
			 struct rng *rng, nk_time now);
void call_free(struct call *c);

/* The offer of an attempt that is under way, or carries the call, again: it gets the stored answer.
 * Return: false if it is none. */
bool call_rung_again(struct call *c, const struct offer *offer, const struct rung *rung);

/* An offer that was never had before, and resumes this call's session; by @options from now on.
 * Return: false if it does not. */
bool call_resume(struct call *c, const struct call_options *options, const struct noise *handshake,
		 const struct offer *offer, const struct rung *rung, nk_time now);

/* It is being punched for, and both sides allow the hard tactics. */
bool call_tries_hard(const struct call *c);

/* A packet that the registration was given for some call: true if it was this one's. */
bool call_relayed(struct call *c, const struct rung *packet, nk_time now);

bool call_input(struct call *c, const struct event *ev, nk_time now);
bool call_output(struct call *c, struct action *action, nk_time now);
nk_time call_deadline(const struct call *c);
enum call_state call_state(const struct call *c);

/* The broker has our ring; P(no direct path), 0 unless it is likely; the broker carries our
 * packets. */
bool call_acknowledged(const struct call *c);
double call_relay_likely(const struct call *c);
bool call_is_relayed(const struct call *c);

/* Closed by one side, and only waits until the other knows. */
bool call_is_closing(const struct call *c);

/* The session, to send by and to say what was taken; NULL before the first connection, after the
 * end, and without encryption. */
struct session *call_session(struct call *c);

/* What has come: messages and datagrams alone, all else is the call's business. A message stays the
 * news until session_took(). To be asked after each input, and in each output. */
bool call_next(struct call *c, struct session_news *out, nk_time now);

/* Without encryption: the bare path. Datagrams that are no checks come as call_next_bare(),
 * borrowed until the next input. */
bool call_is_bare(const struct call *c);
int call_send_bare(struct call *c, const void *bytes, size_t len);
bool call_next_bare(struct call *c, const uint8_t **bytes, size_t *len);

/* Ends the call: the session is closed in order, or the attempt is given up. */
void call_close(struct call *c);
void call_report(const struct call *c, struct call_report *out);

#endif
