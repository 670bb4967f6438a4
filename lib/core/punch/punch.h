/*
 * A punch: both sides know each other's candidates and secrets, and fire.
 *
 * Introductions are ICE connectivity checks (RFC 8445 section 7): Binding
 * requests with the call's own secrets, acknowledged by Binding responses, and by
 * HEARD in the checks that the peer sends back at once. A pair of socket and address
 * connects when our check was acknowledged and the peer's check was heard; nothing else
 * connects. The NAT hints order the tactics (plan.h) and are never a gate: plain is always
 * tried.
 *
 * Caps (natkit-protocol(7)): an address that has not answered a valid check
 * gets at most PUNCH_UNPROVEN_MAX packets (caps.h); predict and birthday aim only at
 * @hard_ip, at most 100 packets a second.
 */
#ifndef CORE_PUNCH_PUNCH_H
#define CORE_PUNCH_PUNCH_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/punch/candidate.h"
#include "core/punch/caps.h"
#include "core/punch/checks.h"
#include "core/punch/tactic.h"

#define PUNCH_SOCKETS_MAX 258 /* one of each family, and 256 for birthday */
#define PUNCH_UFRAG       8   /* characters of 6 bits; RFC 8445 section 5.3 wants 24 bits */
#define PUNCH_PASSWORD    24  /* and 128 bits */

/**
 * struct punch_config - All that a punch is told
 * @ours, @theirs: Checks to the peer name "theirs:ours" and are signed with @theirs.password
 * @controlling: The caller
 * @local, @remote: Candidates; @local's order is that of our sockets' families
 * @local_hint, @remote_hint: The NATs in front of both
 * @first_socket: Ids from here to + PUNCH_SOCKETS_MAX are the punch's; the two of the candidates
 *		(0: IPv4, 1: IPv6) are open already, by the owner
 * @have_v4, @have_v6: Which of the two there are
 * @have_fresh:	@first_socket + 2 is open too and has sent nothing: the last candidate (gather.h)
 * @fire:	When the first full-TTL check leaves; a low-TTL opener leaves at once
 * @opener_ttl:	0: no opener
 * @first_pause, @pause_factor, @pause_max, @jitter: Between rounds of checks
 * @give_up:	When it ends without a connection
 * @tactics:	Bits that both sides want
 * @hard:	Both sides allow predict and birthday; towards @hard_ip alone (all zero: nowhere)
 * @plain_p:	What is believed of plain punching to this peer; 0: nothing is known
 * @one_ip:	Both were seen at the same public IP
 * @ice:	The peer is an ICE agent of others: roles, nomination, binding indications
 */
struct punch_config {
	struct ice_secret ours, theirs;
	bool controlling;
	struct candidates local, remote;
	struct nat_hint local_hint, remote_hint;
	uint32_t first_socket;
	bool have_v4, have_v6, have_fresh;
	nk_time fire;
	uint8_t opener_ttl;
	nk_time first_pause;
	double pause_factor, jitter;
	nk_time pause_max;
	nk_time give_up;
	uint32_t tactics;
	bool hard;
	struct addr hard_ip;
	double plain_p;
	bool one_ip;
	bool ice;
};

/* What one tactic did, for the report. Times are NK_NEVER until then. */
struct punch_attempt {
	bool tried;
	unsigned packets_out, packets_in;
	nk_time first_sent, first_heard, established;
};

/**
 * struct punch_result - What has come of it, so far
 * @connected:	Acknowledged both ways; @nominated: (ICE) and the pair is that of the controlling side
 * @socket, @peer: The pair: an id, and where our check went; @by: the tactic that made it
 * @established: When
 * @first_check: The check of ours that was acknowledged was the first full-TTL one of its pair
 * @opener_sent, @heard: Low-TTL packets sent; valid checks heard
 * @forged:	Checks and answers with our fragment whose integrity was wrong
 * @guesses:	One of the two guesses at the other's ports, or will
 * @relay_likely: P(no direct path) when the hard tactics were judged hopeless, else 0
 */
struct punch_result {
	bool connected, nominated;
	uint32_t socket;
	struct addr peer;
	enum tactic by;
	nk_time established;
	bool first_check, guesses;
	unsigned opener_sent, heard, forged;
	double relay_likely;
	struct punch_attempt attempts[TACTICS];
};

struct punch; /* punch_new() to punch_free(); some 180 KiB */

/* Return: NULL without memory. punch_free() wipes the secrets and takes NULL. */
struct punch *punch_new(const struct punch_config *config, struct rng *rng, nk_time now);
void punch_free(struct punch *p);

/* Return: true if the event was the punch's own. */
bool punch_input(struct punch *p, const struct event *ev, nk_time now);
bool punch_output(struct punch *p, struct action *action, nk_time now);
nk_time punch_deadline(const struct punch *p);

/* CORE_BUSY until connected, then CORE_DONE; NK_ERR_UNREACHABLE after @give_up, or when pauses would
 * exceed @pause_max. After CORE_DONE it still answers checks. In the end its output closes the
 * sockets that it opened, but for the one of the result. */
int punch_status(const struct punch *p);
const struct punch_result *punch_result(const struct punch *p);

/* Whether a datagram came from where valid checks came from, to the same socket. */
bool punch_is_peer(const struct punch *p, const struct event *ev);

#endif
