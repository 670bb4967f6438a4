/*
 * What goes between the two: checks and answers, signed, remembered and believed
 * only if they hold. It decides nothing about who is connected.
 *
 * A check is the call's own by USERNAME and MESSAGE-INTEGRITY: secrets are new for
 * each call, so one of an earlier call, or one of ours that comes back, fails. An answer
 * must carry a transaction id of ours and be signed by the peer.
 */
#ifndef CORE_PUNCH_CHECKS_H
#define CORE_PUNCH_CHECKS_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/punch/tactic.h"
#include "wire/ice_msg.h"

#define PUNCH_SECRET_MAX 256 /* characters; what other ICE agents may choose */
#define CHECKS_KEPT      2048

/* One side's fragment and password: ice-chars, ended by NUL. */
struct ice_secret {
	char ufrag[PUNCH_SECRET_MAX + 1];
	char password[PUNCH_SECRET_MAX + 1];
};

/**
 * struct check - One that was sent
 * @aim:	How; its socket is counted from the punch's first
 * @first:	The first full-TTL check of its pair
 * @controlling: Our role when it was sent
 */
struct check {
	uint8_t tid[STUN_TID];
	struct aim aim;
	bool first, nominates, controlling;
};

/**
 * struct checks - The checks of one punch
 * @ours, @theirs: Borrowed
 * @kept:	The last CHECKS_KEPT sent, @sent so far
 * @forged:	With our fragment or transaction id, and not signed by the peer
 */
struct checks {
	const struct ice_secret *ours, *theirs;
	bool controlling;
	uint64_t tie_breaker;
	struct rng *rng;
	struct check kept[CHECKS_KEPT];
	unsigned sent;
	unsigned forged;
};

enum checks_kind {
	CHECKS_FOREIGN,  /* nothing of ours: pass it on */
	CHECKS_VOID,     /* ours, and not to be believed or of no use */
	CHECKS_ASKED,    /* @ask: a check of the peer */
	CHECKS_ANSWERED, /* @check, which was answered; @error: by a refusal */
};

/* What came. @check is borrowed; @ask.heard is @tid's companion and points into the datagram. */
struct checks_news {
	enum checks_kind kind;
	uint8_t tid[STUN_TID];
	struct ice_check ask;
	const struct check *check;
	uint16_t error;
};

/* @ours and @theirs outlive it. */
void checks_init(struct checks *c, const struct ice_secret *ours, const struct ice_secret *theirs,
		 bool controlling, struct rng *rng);

void checks_input(struct checks *c, const uint8_t *bytes, size_t len, struct checks_news *out);

/* The check of ours with that transaction id, or NULL. */
const struct check *checks_find(const struct checks *c, const uint8_t tid[static STUN_TID]);

/* The last one sent from @socket to @to (NULL: to whomever), or NULL. */
const struct check *checks_last(const struct checks *c, uint32_t socket, const struct addr *to);

/**
 * checks_write() - A new check into @action's data
 * @check:	What to remember; its transaction id and role are set here
 * @heard:	Transaction id to acknowledge, or NULL
 */
void checks_write(struct checks *c, struct action *action, struct check *check,
		  const uint8_t *heard);

/* An answer to a check that came from @from. @error: 0, or ICE_ROLE_CONFLICT. */
void checks_answer(const struct checks *c, struct action *action,
		   const uint8_t tid[static STUN_TID], const struct addr *from, uint16_t error);

#endif
