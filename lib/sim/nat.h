/*
 * The model of one NAT (or stateful firewall): RFC 4787, 5382 and 5508 as data.
 *
 * It holds two kinds of state. A mapping ties an inside endpoint (and, by
 * mapping behaviour, a remote address or endpoint) to an external endpoint. A
 * flow lets packets from one remote in. Timers, quota and the count of
 * nat_held() go by mapping, or by flow if the spec says flow_timers.
 */
#ifndef SIM_NAT_H
#define SIM_NAT_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/time.h"
#include "sim/nat_spec.h"
#include "sim/packet.h"

struct nat;

enum nat_verdict {
	NAT_PASS,  /* goes on, rewritten */
	NAT_DROP,  /* goes no further, and nobody is told */
	NAT_REFUSE /* goes no further; its sender is told what nat_out() or nat_in() set */
};

/* @spec is copied, @rng is used as long as the NAT lives. Return: NULL without memory. */
struct nat *nat_new(const struct nat_spec *spec, struct rng *rng);
void nat_free(struct nat *n); /* takes NULL */

/* A NAT as it is after a reboot: it knows nothing, and its timers go on drifting. Return: as above. */
struct nat *nat_rebooted(const struct nat *n);
const struct nat_spec *nat_spec(const struct nat *n);

/* A packet from the inside, one from the outside. NAT_PASS: @p is as the other side sees it.
 * NAT_REFUSE: *@answer says how. A PACKET_ERROR is rewritten with its quote, and restarts and ends
 * nothing (RFC 5508 REQ-4 to 6). */
enum nat_verdict nat_out(struct nat *n, struct packet *p, enum nat_answer *answer, nk_time now);
enum nat_verdict nat_in(struct nat *n, struct packet *p, enum nat_answer *answer, nk_time now);

/* Packets whose TTL ends at this NAT, as they came: they may restart the timers of what there is.
 * Linux tracks before it counts (PRE_ROUTING, then ip_forward()), and keeps what is new only
 * after (POST_ROUTING). Return: false if nobody inside would have got it, TTL or not: it is for the
 * NAT itself, who need not forward it, and for nat_in(). */
void nat_out_expired(struct nat *n, const struct packet *p, nk_time now);
bool nat_in_expired(struct nat *n, const struct packet *p, nk_time now);

/* Answers that are held back (syn_hold). nat_late(): when the next is due, or NK_NEVER.
 * nat_take_late() fills @refused (no data) with what was refused. Return: false if none is due. */
nk_time nat_late(const struct nat *n);
bool nat_take_late(struct nat *n, struct packet_quote *refused, enum nat_answer *answer,
		   nk_time now);

/* Whether packets whose outside is of a family are translated, and not only filtered. */
bool nat_translates(const struct nat *n, enum addr_family family);

/* Whether an address, its port ignored, is an external address of this NAT. */
bool nat_is_external(const struct nat *n, const struct addr *a);

/* What is held at @now, and the most that ever was. */
unsigned nat_held(struct nat *n, nk_time now);
unsigned nat_held_peak(const struct nat *n);

/* How long UDP timers were until @now, once a sweep and the load had had their say. */
struct nat_applied nat_applied_times(struct nat *n, enum nat_traffic traffic, nk_time now);

/**
 * struct nat_entry - Something that a NAT remembers, for people to read
 * @remote:	All zero: any
 * @state:	Name of its state: "first", "replied", "stream", of TCP "ESTABLISHED" and so on; "open"
 *		is a port that is open from outside (nat_forward.h)
 * @left:	Until it is over, if no packet comes
 */
struct nat_entry {
	enum packet_kind kind;
	struct addr inside, external, remote;
	const char *state;
	nk_time left;
};

/* Until when a packet from outside like @p would be let in if no other came before it; @now: it is
 * not let in. To ask restarts nothing. */
nk_time nat_open_until(struct nat *n, const struct packet *p, nk_time now);

/* By what its timers are multiplied now. */
double nat_stretched(struct nat *n, nk_time now);

/* Everything that has a timer, in no order. */
void nat_each(struct nat *n, nk_time now, void (*each)(void *user, const struct nat_entry *e),
	      void *user);

#endif
