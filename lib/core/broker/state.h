/* The broker's own struct, and what its parts use of each other: the outbox, the log, answers. */
#ifndef CORE_BROKER_STATE_H
#define CORE_BROKER_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/broker/broker.h"
#include "core/broker/limits.h"
#include "core/broker/proofs.h"
#include "core/broker/registry.h"
#include "core/broker/store.h"
#include "core/broker/visits.h"
#include "wire/probe_msg.h"
#include "wire/rendezvous_msg.h"
#include "wire/stun.h"

#define OUTBOX_SIZE  512
#define PROOFS_SIZE  512 /* at some ten thousand a second: nobody waits for long */
#define LOG_SIZE     64
#define SOCKETS_MAX  (2 * BROKER_ADDRS_MAX)
#define LOG_INTERVAL (60 * NK_S)

/* What answers to Binding requests end with, at one of our addresses; @len 0: not known yet. */
struct stun_tail {
	struct addr local;
	size_t len;
	uint8_t bytes[128];
};

/**
 * struct broker - All that there is
 * @open_next:	Next socket that start() has still to have opened. Socket 2i is listen[i] at the
 *		port, 2i + 1 at the alternate port; after all of them, one for pings to listen[i]
 * @icmp:	That last one is open
 * @failed:	Sockets that could not be opened and need not be
 * @tails:	By socket, for the address that was asked last
 * @outbox:	Answers not yet taken by output(), a ring
 * @first:	Where the first answer to the datagram at hand is to go instead, or NULL
 * @waiting:	Bit i: when socket i was last read, more was left
 * @heard:	A datagram came in this turn; @proved: a queued proof was looked at
 * @end_at:	When it ends, once it was told to stop; before, NK_NEVER
 * @log:	Notable events not yet taken, a ring; @full_logged, @rate_logged and @proof_logged: when
 *		last
 * @ticket_key:	Tickets are made with it
 */
struct broker {
	struct broker_config config;
	struct rng rng;
	struct limits limits;
	struct store store;
	struct visits visits;
	struct registry registry;
	uint8_t ticket_key[16];
	struct proofs proofs;
	struct broker_stats stats;
	int status;
	unsigned open_next, failed;
	bool icmp[BROKER_ADDRS_MAX];
	struct stun_tail tails[SOCKETS_MAX];
	struct action *outbox, *first;
	unsigned out_head, out_count;
	uint32_t waiting;
	bool heard, proved;
	nk_time end_at;
	struct broker_event log[LOG_SIZE];
	unsigned log_head, log_count;
	nk_time full_logged, rate_logged, proof_logged;
};

/**
 * struct request - One decoded message, where it came from and what it came to
 * @ev:		As it came; NULL: by a ping
 * @msg:	NULL for what is no STUN of today
 * @len:	Bytes of UDP payload, or of a ping's
 */
struct request {
	const struct event *ev;
	const struct stun_msg *msg;
	struct addr from;
	struct endpoint at;
	struct addr local;
	size_t len;
	nk_time now;
};

/* A datagram as a request whose message is not read yet. In place: copies of it would cost more
 * than all else that is done here. */
static inline void request_init(struct request *q, const struct broker *b, const struct event *ev,
				nk_time now)
{
	memset(q, 0, sizeof(*q));
	q->ev = ev;
	q->from = ev->from;
	q->at.id = ev->id;
	if (addr_is_any(&b->config.listen[ev->id / 2]))
		q->at.local = ev->local;
	q->local = ev->local;
	q->len = ev->len;
	q->now = now;
}

/* What the sender of a request has shown, and so how long the answer may be. */
enum answer_limit {
	ANSWER_NO_LONGER, /* anyone: never longer than the request */
	ANSWER_BINDING, /* anyone, to Binding: longer ones by rate, at most BINDING_FACTOR times */
	ANSWER_PROVEN,  /* the address has echoed a cookie */
};

/* Starts an answer with the request's method and id; its bytes go to the caller's @buf. */
static inline struct wr answer_begin(const struct request *q, enum stun_class cls,
				     uint8_t buf[static CORE_DATAGRAM_MAX])
{
	struct wr w = wr_make(buf, CORE_DATAGRAM_MAX);

	stun_begin(&w, q->msg->method, cls, q->msg->tid);
	return w;
}

/**
 * answer_send() - Send a finished answer to the sender, from the endpoint it contacted
 *
 * Return: false if the limit forbids it; nothing has been sent then. The one gate for
 * answers: all go through here or answer_send_from().
 */
bool answer_send(struct broker *b, const struct request *q, enum answer_limit limit, struct wr *w);

/* The same from another endpoint and to another port of the sender's IP. */
bool answer_send_from(struct broker *b, const struct request *q, enum answer_limit limit,
		      struct wr *w, const struct endpoint *from, uint16_t to_port);

/* Room for a datagram that is to leave; NULL if there is none. Its bytes and length are the caller's. */
struct action *answer_room(struct broker *b, const struct endpoint *from, const struct addr *to);

/* A message to somebody else, who has echoed a cookie: the other gate. */
void answer_pass_on(struct broker *b, const struct endpoint *from, const struct addr *to,
		    struct wr *w);

/* An error response, with its reason phrase if that fits; silence if even the code does not. */
void answer_error(struct broker *b, const struct request *q, enum answer_limit limit, uint16_t code,
		  const char *reason);

/* 420 with the @count attribute types that were not understood; no reason phrase, to stay short. */
void answer_unknown(struct broker *b, const struct request *q, enum answer_limit limit,
		    const uint16_t *types, unsigned count);

/* FINGERPRINT, if the request had one. */
void answer_fingerprint(const struct request *q, struct wr *w);

void log_full(struct broker *b, nk_time now);
void log_rate(struct broker *b, const struct addr *who, nk_time now);
void log_proof(struct broker *b, const struct addr *who, nk_time now);
void log_event(struct broker *b, enum broker_event_kind kind, const struct addr *addr, int error);

/* listen[] index of the alternate address for @i, or NOBODY: the other of the first two of
 * its family, and the first for those beyond. */
#define NOBODY UINT32_MAX
uint32_t partner_of(const struct broker_config *c, uint32_t i);

/* The address by which the sender of @q knows the endpoint that it contacted. */
struct addr public_addr_of(const struct broker *b, const struct request *q);

/* Whether it was told to stop, and nobody new is registered. */
static inline bool is_draining(const struct broker *b)
{
	return b->end_at != NK_NEVER;
}

/* Whether a socket is for pings. */
static inline bool is_icmp(const struct broker *b, uint32_t id)
{
	return id >= 2 * b->config.listen_count;
}

/* Each part's share of the input, and the asks' share of the output. */
void stun_server_binding(struct broker *b, const struct request *q);
/* @q has no message: these are its bytes. False: nothing that is understood. */
bool stun_server_classic(struct broker *b, const struct request *q, const uint8_t *bytes);
void rendezvous_input(struct broker *b, const struct request *q);

/* Parts of the rendezvous: 461 with a cookie, our time and where we see the sender; 463 with a
 * time to come again, by itself or because of a rate; and whose token came from its own address,
 * which is heard by it. */
void answer_cookie(struct broker *b, const struct request *q);
void answer_retry(struct broker *b, const struct request *q, uint32_t retry_ms);
void answer_too_often(struct broker *b, const struct request *q);
struct listener *listener_of(struct broker *b, const struct request *q,
			     const struct rendezvous_msg *m);
void register_input(struct broker *b, const struct request *q, const struct rendezvous_msg *m);

/* Looks at the proof that has waited longest; what comes of it is in the outbox. False: none. */
bool register_prove_next(struct broker *b, nk_time now);

/* A datagram that keepalive_is_frame(): natkit-protocol(7), KEEPALIVES. */
void frame_input(struct broker *b, const struct event *ev, const struct endpoint *at, nk_time now);

/* Our turn: its frame. */
void frame_turn(struct broker *b, struct listener *l);
void probe_service_input(struct broker *b, const struct request *q);

/* What these send by themselves goes from an endpoint of ours. */
static inline void send_from(struct action *action, const struct endpoint *from,
			     const struct addr *to)
{
	action->kind = ACTION_SEND;
	action->id = from->id;
	action->local = from->local;
	action->to = *to;
	action->ttl = 0;
}

void probe_ask_input(struct broker *b, const struct request *q, const struct probe_msg *m,
		     struct session *s);
bool probe_ask_output(struct broker *b, struct ask *a, struct action *action, nk_time now);
void probe_hold_input(struct broker *b, const struct request *q, const struct probe_msg *m,
		      const struct session *s);
bool probe_hold_output(struct broker *b, struct trial *t, struct action *action, nk_time now);
void probe_reach_input(struct broker *b, const struct request *q, const struct probe_msg *m,
		       const struct session *s);
bool probe_reach_output(struct broker *b, struct visit *v, struct action *action, nk_time now);

/* An event of a socket that a visit has had opened. */
void probe_reach_event(struct broker *b, const struct event *ev, nk_time now);

void icmp_trial_input(struct broker *b, const struct event *ev, nk_time now);

/* Makes an echo reply to a trial of a COPY that begins ICMP_ECHO_HEADER bytes into @action's data. */
void icmp_trial_copy(struct action *action, const struct trial *t);

/* What the broker knows of a trial, as STATUS and ASK tell it. */
struct probe_trial_state probe_trial_state_of(const struct trial *t, uint32_t number);

#endif
