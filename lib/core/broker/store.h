/*
 * Who is known to the probe service: clients, their sessions, trials and asks.
 *
 * All places are taken when the broker starts. Each session, trial and ask has
 * one due time in the heap: a session and a trial when they may be forgotten,
 * an ask when its next round is due, and at last when it may be forgotten. A
 * trial that is held has another: when its next TICK is due.
 */
#ifndef CORE_BROKER_STORE_H
#define CORE_BROKER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/heap.h"
#include "core/broker/broker.h"
#include "core/broker/table.h"
#include "wire/probe_msg.h"
#include "wire/stun.h"

#define STORE_SESSIONS_PER_CLIENT 64

/**
 * struct endpoint - One of our own addresses, as a client contacted it
 * @id:		The socket
 * @local:	All zero if the socket is bound to that address
 * @sequence:	Of the ping, if it was one
 */
struct endpoint {
	uint32_t id;
	struct addr local;
	uint16_t sequence;
};

/**
 * struct client - All sessions of one control IP, or /64, so that limits can be counted
 * @net:	The IP or the network
 * @ticks:	That its trials are to get in a minute
 */
struct client {
	struct addr net;
	uint32_t sessions, trials, asks, ticks;
};

/**
 * struct session - One control flow that has echoed a cookie
 * @control:	Where its last request came from
 * @tid:	Of the SESSION request that opened it, to know a retransmission
 * @trials, @asks: First of its lists; @trial_count: of the first
 * @full_until:	A trial has found no room, and STATUS tells so until then
 * @keep_until:	May be forgotten then
 */
struct session {
	uint64_t token;
	struct addr control;
	uint8_t tid[STUN_TID];
	uint32_t client;
	uint32_t trials, asks, trial_count;
	nk_time full_until, keep_until;
};

/**
 * struct trial - One mapping of a client
 * @from:	Where its last TRIAL came from, with the IP of the session; port 0: from another IP
 *		only
 * @at:		The endpoint that TRIAL contacted
 * @last_in:	When it came
 * @credit:	Bytes of whole IP datagrams that came from @from and are not yet spent
 * @promised:	Bytes of copies that asks are to send
 * @flags:	Bits of enum probe_trial_flag
 * @proven:	@from has echoed a cookie: no credit needed
 * @hold_tid, @ttl, @interval: PROBE_HELD: of the HOLD; the TICKs carry its id
 * @hold_until:	When that ends, unless it is renewed
 * @ticked:	When the last TICK was due
 */
struct trial {
	uint32_t session, number;
	uint32_t next, prev;
	struct addr from;
	struct endpoint at;
	nk_time last_in, keep_until;
	uint32_t credit, promised;
	uint16_t flags;
	bool proven;
	uint8_t ttl;
	uint8_t hold_tid[STUN_TID];
	nk_time interval, hold_until, ticked;
};

/**
 * struct ask - Copies to be sent, and afterwards the memory that they were
 * @tid:	Of the ASK; the copies carry it
 * @control, @at: Where the echoes go to, and from where
 * @states:	The @count trials, as the answer told them
 * @served:	Bit i: @states[i] gets copies
 * @asked:	When it came
 * @copies, @spacing: Rounds, and time between them; @round is the next one
 * @cursor:	Next trial of the round
 * @withheld:	A copy of this round was not sent
 */
struct ask {
	uint32_t session;
	uint32_t next, prev;
	uint8_t tid[STUN_TID];
	struct addr control;
	struct endpoint at;
	struct probe_trial_state states[PROBE_TRIALS_MAX];
	uint32_t served;
	unsigned count, cursor;
	nk_time asked, spacing;
	uint8_t copies, round;
	bool withheld;
};

/* The places themselves; @due has sessions first, then trials, asks, and trials once more for
 * TICKs. */
struct store {
	uint8_t hash_key[16];
	nk_time keep;
	uint32_t trials_per_session, trials_per_client, ticks_per_client;
	struct client *clients;
	struct session *sessions;
	struct trial *trials;
	struct ask *asks;
	struct pool client_pool, session_pool, trial_pool, ask_pool;
	struct table by_net, by_token, by_control, by_number, by_tid;
	struct heap due;
};

/* Return: 0 or NK_ERR_NO_MEMORY; store_free() takes what either left. */
int store_init(struct store *s, const struct broker_config *config, const uint8_t key[static 16]);
void store_free(struct store *s);

struct session *store_session(const struct store *s, uint64_t token);
struct session *store_session_of(const struct store *s, const struct addr *control);

/* The add calls return NULL when a limit is reached. */
struct session *store_add_session(struct store *s, const struct addr *control, uint64_t token,
				  nk_time now);
/* How many more it may have, if there is room for them at all. */
uint32_t store_trial_room(const struct store *s, const struct session *owner);

struct trial *store_add_trial(struct store *s, struct session *owner, uint32_t number, nk_time now);
struct ask *store_add_ask(struct store *s, struct session *owner,
			  const uint8_t tid[static STUN_TID], nk_time now);

/* The control flow of @owner was heard, perhaps from another port. */
void store_heard(struct store *s, struct session *owner, const struct addr *control, nk_time now);

/* Ends a session with all that it has. */
void store_end_session(struct store *s, struct session *owner);

struct trial *store_trial(const struct store *s, const struct session *owner, uint32_t number);
struct ask *store_ask(const struct store *s, const struct session *owner,
		      const uint8_t tid[static STUN_TID]);
void store_end_ask(struct store *s, struct ask *a);
void store_set_due(struct store *s, const struct ask *a, nk_time at);

/* Holds a trial from now on, in place of how it was held before. False, and it is not held: its
 * client has too many TICKs. */
bool store_hold(struct store *s, struct trial *t, const struct probe_hold *hold, nk_time now);
void store_release(struct store *s, struct trial *t); /* also one that is not held */

/* A trial's TICK was due: sets when the next one is. */
void store_ticked(struct store *s, struct trial *t, nk_time now);

/* One of these is due, the other NULL. */
struct store_due {
	struct ask *ask;
	struct trial *held;
};

/* What is due at @now; false: nothing. Forgets on the way what has been silent for too long. */
bool store_due(struct store *s, nk_time now, struct store_due *due);

#endif
