/* What the files of a run of natpunch share. */
#ifndef CORE_CALL_NATPUNCH_STATE_H
#define CORE_CALL_NATPUNCH_STATE_H

#include "core/call/callers.h"
#include "core/call/doors.h"
#include "core/call/forward.h"
#include "core/call/natpunch.h"
#include "core/call/pipe.h"
#include "core/call/survey.h"

/* Ids: streams, the sockets of the registration by family, of forwards, of doors, of calls, of the
 * survey. */
#define ID_REGISTRATION NATPUNCH_STREAMS
#define ID_FORWARDS     (ID_REGISTRATION + 2)
#define ID_DOORS        (ID_FORWARDS + FORWARD_IDS)
#define ID_CALLS        4096u
#define ID_SURVEY       (ID_CALLS + NATPUNCH_CALLS_MAX * CALL_IDS)

static_assert(ID_DOORS + DOORS_IDS <= ID_CALLS, "ids do not overlap");

#define EVENTS_MAX    256
#define STRANGERS_MAX 16

/**
 * struct talk - A call of the run, and what it carries
 * @slot:	Gives its ids; its number counts from 1, as people do
 * @who:	The contact, or NULL
 * @key:	Of the peer
 * @own:	Its own stream, if each call has one
 * @said:	What was told of it as events, bits of enum natpunch_event_kind
 * @was:	State at the last look
 * @sent_end, @got_end: An empty message went out, came in
 * @sent:	PUNCH_SEND: the message is out, and @acked: there
 */
struct talk {
	struct call *call;
	unsigned slot, number;
	const struct punch_contact *who;
	uint8_t key[32];
	struct pipe own;
	uint32_t said;
	enum call_state was;
	bool sent_end, got_end, sent, acked;
};

enum spare_state { SPARE_NONE, SPARE_ASKED, SPARE_OPEN };

/**
 * struct spare - The socket that the next call will have
 * @slot:	That of the call; @local: where it is bound
 */
struct spare {
	enum spare_state state;
	unsigned slot;
	struct addr local;
};

struct kept_report {
	struct call_report report;
	struct session_stats stats;
};

/**
 * struct natpunch - A run
 * @options:	Borrowed
 * @test_options: PUNCH_TEST: those of the call with one tactic; @testing: which one;
 *		@tests: that were begun
 * @soft_options: Those of a call while another one may use the hard tactics
 * @doors:	Ports that are open at our gateway; @spare: with one of them, while we listen
 * @strangers:	Latest calls of whom we do not allow, each of which is told once
 * @talks:	By slot; @slots were ever in use
 * @speaker:	Whose the run's own stream is, or NULL
 * @reports:	Of calls that are over, the oldest first
 * @stopping:	All is to end
 */
struct natpunch {
	const struct punch_options *options;
	struct call_options test_options, soft_options;
	enum tactic testing;
	unsigned tests;
	struct rng rng;
	struct callers callers;
	struct doors doors;
	struct spare spare;
	uint8_t strangers[STRANGERS_MAX][OFFER_CALL_ID];
	unsigned next_stranger;
	struct registration *registration;
	struct survey survey;
	enum registration_state registered;
	unsigned family;
	bool registration_asked, registration_open[2];
	nk_time other_family_at;
	struct talk talks[NATPUNCH_CALLS_MAX];
	unsigned slots;
	struct talk *speaker;
	unsigned numbers;
	struct pipe stream;
	struct forwards forwards;
	struct natpunch_event events[EVENTS_MAX];
	unsigned event_first, event_count;
	struct kept_report reports[NATPUNCH_CALLS_MAX];
	unsigned report_count;
	bool stopping;
	int status;
	enum call_end end;
};

/* Tells of something, about a call or (@t NULL) about the run; the rest of @e is set already. */
void natpunch_tell(struct natpunch *n, const struct talk *t, struct natpunch_event e, nk_time now);

/* What is known of a call that is over goes on being known. */
void natpunch_keep_report(struct natpunch *n, const struct talk *t);

/* The run ends as soon as all that is open is closed. */
void natpunch_finish(struct natpunch *n, enum call_end end);

/* A call in a free slot. Return: NULL if there is none; its call is to be set. */
struct talk *talk_begin(struct natpunch *n, const struct punch_contact *who,
			const uint8_t key[static 32]);
unsigned talk_free_slot(const struct natpunch *n); /* NATPUNCH_CALLS_MAX: there is none */
uint32_t talk_first_id(unsigned slot);
bool talk_is_busy(const struct talk *t);

/* The two sides have met, if only by the relay. */
bool talk_carried(const struct talk *t);

/* Carries what has come and what is to go, and tells how the call goes. */
void talk_turn(struct natpunch *n, struct talk *t, nk_time now);
void talk_send_datagram(struct talk *t, const uint8_t *bytes, size_t len);

/* The call is over: its program may still come to its end. */
void talk_end_stream(struct natpunch *n, struct talk *t);
void talk_drain(struct talk *t);

/* A listener's socket for the next call, whose port is open before anybody rings
 * (natpunch_spare.c). */
bool natpunch_spare_input(struct natpunch *n, const struct event *ev, nk_time now);
bool natpunch_spare_output(struct natpunch *n, struct action *action, nk_time now);

/* Where it is bound, port 0 if there is none for @t; and it is @t's from now on. */
struct addr natpunch_spare_at(const struct natpunch *n, const struct talk *t);
void natpunch_spare_take(struct natpunch *n, const struct talk *t);

/* The listener (natpunch_listen.c). */
void listen_input(struct natpunch *n, const struct event *ev, nk_time now);
bool listen_output(struct natpunch *n, struct action *action, nk_time now);
nk_time listen_deadline(const struct natpunch *n);
void listen_prepare(struct natpunch *n);

#endif
