/*
 * natbroker's server side as a core: STUN (RFC 8489, RFC 5780), the probe service and the
 * rendezvous.
 *
 * Nothing here amplifies or reflects; limits.h has the rules. All memory is
 * taken by broker_new() and bounded by its configuration.
 */
#ifndef CORE_BROKER_BROKER_H
#define CORE_BROKER_BROKER_H

#include "core/core.h"

#define BROKER_ADDRS_MAX     8
#define BROKER_CALLS_PER_KEY 4

/**
 * struct broker_config - What a broker serves and how much it holds
 * @listen:	@listen_count addresses (port ignored). The first two of a family are the primary
 *		and the alternate address of RFC 5780; with one there is no OTHER-ADDRESS. "any"
 *		addresses (one per family) answer from the address that was asked
 * @port, @alt_port: The two ports, 3478 and 3479 by default
 * @advertise:	Public address to name for listen[i] when this host is itself behind a 1:1 NAT; all
 *		zero otherwise
 * @sessions_max, @trials_max: Table sizes
 * @trials_per_session: Most open trials of one session
 * @trials_per_ip: Most of all sessions of one control IP (/64 in IPv6)
 * @copies_per_s:  Most copies to one IP
 * @keep:	How long a silent trial is remembered
 * @binding_per_s: Plain Binding answers longer than their request, per /24 or /48
 * @registrations_max: Keys at once; @registrations_per_ip: of one IP (/48 in IPv6)
 * @registration_keep: How long a silent registration is held at least; more if its keepalives
 *		are rarer
 * @calls_per_s: Rings from one IP or /64, and proofs of key as many; BROKER_CALLS_PER_KEY times
 *		as many to one key, and answers by it
 * @relays_per_s: Relayed packets from one IP or /64; 0: none is relayed
 * @drain:	How long to go on after EVENT_STOP; nobody new is registered then
 */
struct broker_config {
	struct addr listen[BROKER_ADDRS_MAX];
	struct addr advertise[BROKER_ADDRS_MAX];
	unsigned listen_count;
	uint16_t port, alt_port;
	unsigned sessions_max, trials_max;
	unsigned trials_per_session, trials_per_ip, copies_per_s, binding_per_s;
	nk_time keep;
	unsigned registrations_max, registrations_per_ip;
	nk_time registration_keep;
	unsigned calls_per_s, relays_per_s;
	nk_time drain;
};

/* The configuration of a broker without options: both families, any address. */
struct broker_config broker_default_config(void);

/*
 * Counters since the start, and what is held now.
 *
 * A proof is counted when it was right, and put off when there was no room for it; a ticket when it
 * registered a key that was forgotten, or was none. Of frames those are unknown that nobody is
 * registered for, and bad whose tag is wrong. Of a ledger's registrations those are left that are
 * too old, at an endpoint of which there is none any more, or too many.
 */
struct broker_stats {
	uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
	uint64_t bindings, sessions_opened, trials_seen, copies_sent, ticks_sent, visits;
	uint64_t malformed, refused_rate, refused_cookie, refused_full, refused_unpaid;
	uint64_t proofs, rings, calls, answers, relayed, refused_proof, refused_ticket;
	uint64_t frames, frames_answered, frames_unknown, frames_bad, turns;
	uint64_t refreshes, tickets_taken, tickets_refused, proofs_put_off, expired;
	uint64_t ledger_taken, ledger_left;
	unsigned sessions, trials, registrations, proofs_waiting;
	bool draining;
};

/* What is worth a line in the log. */
enum broker_event_kind {
	BROKER_SERVING,      /* a socket was opened; @addr */
	BROKER_OPEN_FAILED,  /* @addr, @error; the broker goes on only if it can do without */
	BROKER_SERVING_ICMP, /* pings to @addr may be trials */
	BROKER_NO_ICMP,      /* they may not; @addr, @error */
	BROKER_SESSION,      /* a client opened a session; @addr */
	BROKER_REGISTERED,   /* a listener registered, or moved; @addr */
	BROKER_BAD_PROOF,    /* a proof of key was refused, at most once a minute; @addr */
	BROKER_TABLE_FULL,   /* at most once a minute */
	BROKER_RATE_LIMITED, /* at most once a minute; @addr */
	BROKER_DRAINING,     /* it was told to stop */
};

struct broker_event {
	enum broker_event_kind kind;
	struct addr addr;
	int error;
};

struct broker; /* broker_new() to broker_free() */

struct broker *broker_new(const struct broker_config *config, const uint8_t seed[static 32]);
void broker_free(struct broker *b);

/* How many sockets a broker wants at the start. Of each an event tells whether it could be
 * opened. */
unsigned broker_sockets(const struct broker_config *config);

void broker_start(struct broker *b, nk_time now);
void broker_input(struct broker *b, const struct event *ev, nk_time now);
bool broker_answer(struct broker *b, const struct event *ev, struct action *first, nk_time now);
void broker_expect(const struct broker *b, const struct event *events, unsigned count);
bool broker_output(struct broker *b, struct action *action, nk_time now);
nk_time broker_deadline(const struct broker *b);
int broker_status(const struct broker *b);

/* Ends it at once, without a drain. */
void broker_end(struct broker *b);

const struct broker_stats *broker_stats(const struct broker *b);

/* Takes the oldest notable event; false if there is none. The list is bounded: the newest are
 * dropped. */
bool broker_next_event(struct broker *b, struct broker_event *out);

extern const struct core_ops broker_ops;

#endif
