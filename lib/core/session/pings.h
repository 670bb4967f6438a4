/*
 * The last pings of a path, whose answers are known by their tokens: a long hello that is answered
 * proves the path, and tells how long the round trip is.
 */
#ifndef CORE_SESSION_PINGS_H
#define CORE_SESSION_PINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define PINGS_REMEMBERED 8

/**
 * struct pings - Those sent on one path
 * @token:	Of the next one: one more than the last one's
 * @count:	Sent so far, the last ones at @sent
 */
struct pings {
	uint64_t token, count;
	nk_time sent[PINGS_REMEMBERED];
};

/* None yet; @token: random, so that nobody guesses the answers. */
void pings_start(struct pings *p, uint64_t token);

/* One is sent now. Return: its token. */
uint64_t pings_send(struct pings *p, nk_time now);

/* Return: true if @token is that of one of the last pings, sent @took ago. */
bool pings_is_answer(const struct pings *p, uint64_t token, nk_time now, nk_time *took);

/* When the last one was sent; 0: none was. */
nk_time pings_last(const struct pings *p);

#endif
