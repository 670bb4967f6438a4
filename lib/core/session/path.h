/*
 * Where the peer is, and how it may move there.
 *
 * An authenticated packet that is newer than all others and comes from elsewhere begins a trial
 * of that way: a ping with a secret token. Only its answer, from there, makes it the path (RFC
 * 9000 sections 8.2 and 9); a newer packet by the old way ends the trial. Until then the new
 * address gets at most three times the bytes that came from it.
 *
 * Two sides that have chosen different ways would follow each other for ever. So the callee
 * follows the caller, and the caller only if its own way gives no answer any more.
 */
#ifndef CORE_SESSION_PATH_H
#define CORE_SESSION_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/time.h"

#define PATH_FACTOR  3
#define PATH_TRIES   3
#define PATH_REFUSED (30 * NK_S) /* and then it may be tried again */

/* Out by @socket, to @peer. */
struct way {
	uint32_t socket;
	struct addr peer;
};

/**
 * struct path - The way in use, and another one on trial
 * @keeps:	The caller's: it stays with its way as long as that gives answers
 * @known:	@way is set
 * @trying:	@trial is; its challenge has @token, and was sent @tries times; again at @due
 * @heard, @sent: Bytes from and to @trial
 * @refused:	The last one on trial that came to nothing, not to be tried until @refused_until
 */
struct path {
	bool keeps, known, trying;
	struct way way, trial;
	uint64_t token;
	unsigned tries;
	nk_time due;
	size_t heard, sent;
	struct way refused;
	nk_time refused_until;
};

bool way_eq(const struct way *a, const struct way *b);

/* From now on, whatever was on trial. */
void path_set(struct path *p, const struct way *way);

/* An authentic packet of @len bytes has come; @newest: newer than all others. Return: true if it
 * begins a trial; who keeps its way has @wait for an answer there first. */
bool path_heard(struct path *p, const struct way *from, size_t len, bool newest, nk_time wait,
		struct rng *rng, nk_time now);

/* The way in use is to be kept, whatever is on trial. */
void path_keep(struct path *p, nk_time now);

/* Whether @len bytes may go to @to; they are counted, and must be sent. */
bool path_may_send(struct path *p, const struct way *to, size_t len);

/* The trial's challenge, if it is due and may be sent with @len bytes; @again: until the next. */
bool path_challenge(struct path *p, size_t len, nk_time again, nk_time now);

/* A ping was answered. Return: true if it was the challenge, and the path is another one now. */
bool path_answered(struct path *p, const struct way *from, uint64_t token);

/* NK_NEVER, unless there is a trial. */
nk_time path_deadline(const struct path *p);

#endif
