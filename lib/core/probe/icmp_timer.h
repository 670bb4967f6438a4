/*
 * The NAT's timer for ICMP queries (RFC 5508 REQ-2), by pings beside the fan.
 *
 * A trial is a fresh ping socket, and so a fresh query id, and one echo request
 * with a TRIAL in it. The kernel of the server answers, and the trial is silent;
 * when it is asked, the server sends echo replies that nobody asked for. A lane
 * as those of the fan decides which to ask when.
 *
 * There are few trials and the fan goes first: the run does not wait for them.
 */
#ifndef CORE_PROBE_ICMP_TIMER_H
#define CORE_PROBE_ICMP_TIMER_H

#include "core/probe/fan.h"

#define ICMP_TRIALS_MAX 64
#define ICMP_PLANNED    16 /* mappings opened early */
#define ICMP_HELD       24 /* most at once, with those that were asked and may still be held */
#define ICMP_RESERVED   8  /* of them beside the fan; more when it has opened all that it planned */
#define ICMP_SOCKETS    0x04000000u /* socket ids: + trial index */
#define ICMP_NUMBER     0x00200000u /* trial numbers: + trial index */

enum icmp_phase {
	ICMP_WANTED,
	ICMP_OPENING,
	ICMP_SETUP,
	ICMP_SILENT,
	ICMP_ASKED,
	ICMP_ENDED, /* the socket is still open */
	ICMP_CLOSED,
};

/**
 * struct icmp_trial - One mapping
 * @tid:	Of the TRIAL in the ping
 * @id:		The query id, as the client chose it
 * @last:	When its last packet left or came
 */
struct icmp_trial {
	enum icmp_phase phase;
	uint8_t tid[STUN_TID];
	uint16_t id;
	int flow;
	bool sent;
	nk_time opened, last;
};

/**
 * struct icmp_timer - State of the measurement
 * @permitted:	A ping socket could be opened
 * @running:	Since icmp_timer_start()
 * @planned, @extra: Openings of the plan that are done, and those wanted beyond it
 * @due:	When output is to look at a trial, by index
 * @answered:	Pings that were answered; @unanswered: those that were not
 * @why_kind, @why: Why nothing is measured, while not @running
 */
struct icmp_timer {
	struct addr server, local;
	struct fan *fan;
	bool permitted, running;
	struct lane lane;
	struct plan plan;
	unsigned planned, extra, answered, unanswered, count;
	nk_time started, decide_at;
	struct icmp_trial trials[ICMP_TRIALS_MAX];
	struct heap due;
	nk_time due_at[ICMP_TRIALS_MAX];
	uint32_t due_order[ICMP_TRIALS_MAX], due_where[ICMP_TRIALS_MAX];
	enum why_kind why_kind;
	const char *why;
};

/* Has a ping socket opened, to see whether that is permitted. Nothing is sent. */
void icmp_timer_try(struct icmp_timer *x, const struct addr *server, const struct addr *local);

/* It is not measured, or no more; the reason counts unless there is one already. */
void icmp_timer_not(struct icmp_timer *x, enum why_kind kind, const char *why);

/* Begins, after the fan was started; ICMP_RESERVED of the budget's mappings are kept for it. */
void icmp_timer_start(struct icmp_timer *x, struct fan *fan, nk_time now);

void icmp_timer_input(struct icmp_timer *x, const struct event *ev, nk_time now);
bool icmp_timer_output(struct icmp_timer *x, struct action *action, nk_time now);
nk_time icmp_timer_deadline(const struct icmp_timer *x);
void icmp_timer_verdict(struct icmp_timer *x, const struct ask_verdict *v, nk_time now);

/* What is known now, or why nothing is. */
void icmp_timer_report(const struct icmp_timer *x, struct measured *out);

#endif
