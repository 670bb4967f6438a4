/* What the files of natkeepalive's run share with one another, and with nobody else. */
#ifndef CORE_KEEPER_KEEPER_PARTS_H
#define CORE_KEEPER_KEEPER_PARTS_H

#include "core/keepalive/keepalive.h"
#include "core/keepalive/learner.h"
#include "core/keepalive/wake.h"
#include "core/keeper/asks.h"
#include "core/keeper/keeper.h"
#include "core/keeper/news.h"
#include "core/keeper/outlets.h"
#include "core/keeper/ttl.h"
#include "core/rendezvous/registration.h"

/* Ids of sockets: those of targets, then the learner's, then those that measure the opener's TTL. */
enum { KEEPER_LEARNER_ID = OUTLETS_MAX, KEEPER_TTL_ID = KEEPER_LEARNER_ID + LEARNER_SOCKETS };

/**
 * struct target - One target
 * @addr:	Where it is reached now
 * @socket:	Outlet's id; @started: it was open, or could not be opened
 * @keepalive:	By Binding requests: in charge unless @registered
 * @state:	Without KEEPER_DOUBTED, which @keepalive knows
 * @had:	It was up once; @proved: it last answered
 * @is_natbroker: The user or its answers say so
 * @last:	When a packet came or left last; @idle: the silence that came before the last of them
 * @asked:	When the first packet left that is not answered, or NK_NEVER; @sent: and the last one
 * @excused:	The machine slept or moved: if the address is another one, no timeout is to blame
 * @gone:	When its mapping was last found to be another one
 * @openers:	Since it was last asked
 * @identity:	For @registration; NULL: not registered, nor trying since @register_since. Not before
 *		@register_at
 * @offered_s:	The longest interval that the broker was offered; not the same before @offer_again
 * @replies:	A request of the peer's that is to be answered, @reply_tid; the last was at @replied
 */
struct target {
	const struct keeper_target *plan;
	unsigned number;
	struct addr addr;
	uint32_t socket;
	bool started;

	struct keepalive keepalive;
	struct asks asks;

	enum keeper_state state;
	bool had;
	struct addr mapped;
	nk_time proved, last, idle, asked, sent;
	bool excused;
	nk_time gone;
	unsigned openers;

	bool is_natbroker, registered;
	struct identity identity;
	struct registration *registration;
	nk_time register_since, register_at;
	double offered_s;
	nk_time offer_again;

	bool replies;
	uint8_t reply_tid[STUN_TID];
	nk_time replied;

	uint64_t packets_out, packets_in, bytes_out, bytes_in;
	unsigned losses, changes, mends;
};

/**
 * struct keeper - A run
 * @interval:	In use; @told: as the last event said
 * @share:	Of it, drawn at each wake-up for all who then leave
 * @moved:	When the network was last another one, or the machine awake again
 * @anew:	When the NAT was last seen to have begun anew
 * @gone:	When the first of the mappings that are being looked at was found gone, or NK_NEVER; it was
 *		there at @gone_since, and silent for @gone_idle
 * @belief:	What was found before of the NAT that we are behind
 * @server:	Whom the learner's spare mappings go to; @server_probes: it is a natbroker
 * @ttl_known:	It is, or is being measured
 */
struct keeper {
	const struct keeper_options *options;
	struct rng *rng;
	struct outlets outlets;
	struct target targets[KEEPER_TARGETS_MAX];
	struct learner *learner;
	struct ttl ttl;
	struct wake wake;
	struct news news;
	nk_time started, interval, told, moved;
	nk_time anew, gone, gone_since, gone_idle;
	double share;
	struct keeper_belief belief;
	struct addr server;
	bool server_probes, ttl_known;
	uint64_t search_bytes;
	bool stopped;
	int status;
};

/* target.c: what is known of a target, and what is told of it. */

/* From now on, at its address and from its socket: hellos at once. */
void target_start(struct keeper *k, struct target *t, nk_time now);

/* It answered, and sees us at @mapped. */
void target_heard(struct keeper *k, struct target *t, const struct addr *mapped, nk_time now);

/* No hello was answered. */
void target_lost(struct keeper *k, struct target *t, nk_time now);

/* A packet came or leaves, of @bytes without headers. Return: the silence before it. */
nk_time target_count_in(struct target *t, size_t bytes, nk_time now);
void target_count_out(struct target *t, size_t bytes, nk_time now);

/* What leaves wants an answer. */
void target_asks(struct target *t, nk_time now);

/* The interval is another one. */
void target_retime(const struct keeper *k, struct target *t, nk_time now);

/* Something came or leaves: the machine is up. */
void keeper_awake(struct keeper *k, nk_time now);

/* An answer is missing. */
bool target_doubted(struct target *t);
enum keeper_state target_state(struct target *t);

/* The flow that is in charge; while a registration is in doubt, that of Binding requests. */
struct keepalive *target_keepalive(struct target *t);

/* target_run.c: what it is told and what it does. target_input(): true if it was of this flow. */
bool target_input(struct keeper *k, struct target *t, const struct event *ev, nk_time now);
void target_resumed(struct keeper *k, struct target *t, const struct event *ev, nk_time now);
void target_moved(struct keeper *k, struct target *t, nk_time now);
bool target_output(struct keeper *k, struct target *t, struct action *action, nk_time now);
nk_time target_deadline(const struct keeper *k, const struct target *t);

/* target_broker.c: the registration, where the target is a natbroker. */
bool target_broker_input(struct keeper *k, struct target *t, const struct event *ev, nk_time now);
bool target_broker_output(struct keeper *k, struct target *t, struct action *action, nk_time now);
nk_time target_broker_deadline(const struct keeper *k, const struct target *t);
void target_broker_retime(const struct keeper *k, struct target *t, nk_time now);
void target_broker_end(struct target *t);

/* target_peer.c: what a peer sends unasked. */
void target_peer_input(struct keeper *k, struct target *t, const struct stun_msg *m,
		       nk_time silence, nk_time now);
bool target_peer_output(struct target *t, struct action *action, nk_time now);

/* keeper_gone.c: @t is seen at @mapped, no longer at its address. Why, is settled soon. */
void keeper_gone(struct keeper *k, struct target *t, const struct addr *mapped, nk_time now);
void keeper_settle_gone(struct keeper *k, nk_time now);
nk_time keeper_gone_deadline(const struct keeper *k);

/* keeper_settle.c: what all have in common. */

#define KEEPER_SAME_MOVE NK_S /* notices within it are of one event */

/* The network is another one. */
void keeper_moved(struct keeper *k, nk_time now);
void keeper_tell_network(struct keeper *k, nk_time now);

/* Something was heard, or time went by: the interval, whom spare mappings go to, and the end. */
void keeper_settle(struct keeper *k, nk_time now);

#endif
