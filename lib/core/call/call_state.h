/* What the files of a call share. */
#ifndef CORE_CALL_CALL_STATE_H
#define CORE_CALL_CALL_STATE_H

#include "core/call/attempt.h"
#include "core/call/bare.h"
#include "core/call/call.h"
#include "core/call/call_keepalive.h"

#define CALL_BANKS 2
#define NOBODY     CALL_BANKS

/**
 * struct call - A call
 * @attempts:	By bank; @carrying: whose sockets the path is on, @trying: which is under way;
 *		@relaying: by whose ring packets go through the broker; NOBODY: none
 * @door:	Of the first attempt of a callee, as in struct attempt_config
 * @id:		Call id of the first attempt: what later ones resume
 * @heard:	By bank: a packet of the session has come to one of its sockets
 * @plain:	No encryption: @bare takes the session's place
 * @give_up:	When what is not connected or mended, or was closed by the peer, ends
 * @vain:	Attempts that found no path since there was one
 * @keepalive:	What we offer: of the options, and what losses say; @opener_ttl: as the last attempt that
 *		was answered had it
 * @before:	What we offered before the last loss, with @changes of the path until then; @excused: a loss was
 *		none of a NAT's
 * @keyed:	The session has the keys of the attempt that is under way
 * @closing:	The session is being closed by us, or was by the peer
 * @report:	What attempts left that are no more
 */
struct call {
	const struct call_options *options;
	const struct identity *identity;
	struct registration *registration;
	struct doors *doors;
	struct addr door;
	struct rng *rng;
	bool caller;
	uint8_t peer[32];
	struct addr broker[2];
	struct bank banks[CALL_BANKS];
	struct attempt *attempts[CALL_BANKS];
	unsigned carrying, trying, relaying;
	uint8_t id[OFFER_CALL_ID];
	struct session *session;
	struct keepalive_offer keepalive, before;
	unsigned changes;
	bool excused;
	uint8_t opener_ttl;
	bool keyed, heard[CALL_BANKS], plain, closing;
	struct bare bare;
	enum call_state state;
	enum call_end end;
	nk_time give_up;
	unsigned punches, vain;
	struct call_report report;
};

/* The attempts, from one to the next (call_mend.c). @handshake NULL: we ring. @known: of our
 * NAT, unless an attempt has found it out; or NULL. Return: false without memory. */
bool call_try(struct call *c, const struct noise *handshake, const struct offer *offer,
	      const struct rung *rung, const struct nat_hint *known);
void call_drop(struct call *c, unsigned bank);

/* Return: true if that has changed anything. */
bool call_follow(struct call *c, nk_time now);

/* When the first path is sought from other ports. */
nk_time call_again_at(const struct call *c);

/* The session had no answer; it hears nothing any more; it hears again. */
void call_path_doubted(struct call *c, nk_time now);
void call_silenced(struct call *c, nk_time now);
void call_path_back(struct call *c, nk_time now);

/* The machine was asleep, or is on another network now. */
void call_disturbed(struct call *c, nk_time now);

/* It is over as soon as the peer knows that we know. */
void call_closed_by_peer(struct call *c, nk_time now);
void call_note(struct call_report *r, const struct attempt *a);

/* It is over; what is open is closed. */
void call_end(struct call *c, enum call_end end);

#endif
