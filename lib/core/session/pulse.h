/*
 * Whether the path is alive: something of ours was answered, not long ago.
 *
 * What comes from the peer says nothing of the way there, so only answers count: to messages,
 * and to pings, which are sent when there was no answer for long, or a message waits for one.
 * The peer does the same: if its ping does not come, most likely ours will have no answer.
 */
#ifndef CORE_SESSION_PULSE_H
#define CORE_SESSION_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define PULSE_REMEMBERED 8 /* pings whose answers are known as such */

/**
 * struct pulse - The last answer, and pings since then
 * @idle, @gap, @tries: As in struct session_config
 * @due:	The next ping
 * @expected:	One of the peer has come by then, or it is time to ask
 * @extra:	One more at once, which is none of the @tries: so many within a moment, lost, are no
 *		more than one
 * @pings:	Sent since the last answer, but for extra ones
 * @token:	Of the next ping: one more than the last one's; @count: sent on this path, the last at @sent
 * @lost:	@tries of them were in vain
 */
struct pulse {
	nk_time idle, gap;
	unsigned tries;
	nk_time due, expected;
	bool extra;
	unsigned pings;
	uint64_t token, count;
	nk_time sent[PULSE_REMEMBERED];
	bool lost;
};

/* Begins anew, with a ping at once. */
void pulse_start(struct pulse *p, uint64_t token, nk_time now);

/* The peer has an answer of ours, and will ask again when that is old. */
void pulse_answered(struct pulse *p, nk_time now);

/* A message was sent: its answer is waited for. */
void pulse_asked(struct pulse *p, nk_time now);

/* A ping at once, whatever is under way; but not so many that answers come too late to be known. */
void pulse_hurry(struct pulse *p, nk_time now);

/* An answer came. Return: true if the path counted as lost. */
bool pulse_proved(struct pulse *p, nk_time now);

bool pulse_is_due(const struct pulse *p, nk_time now);
nk_time pulse_deadline(const struct pulse *p);

/* Return: the token of the ping that is sent now; @wait: the least time until the next one. */
uint64_t pulse_ping(struct pulse *p, nk_time wait, nk_time now);

/* Return: true if @token is that of one of the last pings, sent @took ago. */
bool pulse_is_answer(const struct pulse *p, uint64_t token, nk_time now, nk_time *took);

/* To be asked when @due has come. Return: true once, when the path counts as lost. */
bool pulse_is_over(struct pulse *p, nk_time now);

#endif
