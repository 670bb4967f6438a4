/*
 * Which packets keep a mapping alive: outbound, inbound, or both (RFC 4787 REQ-6).
 *
 * Three mappings run beside the fan from its start, before any timeout is known.
 * To one the server alone sends, a copy a second; if copies still come after
 * all timers of the NAT have run out, inbound packets restart them.
 *
 * On the others the client alone sends. Packets a second apart would prove
 * nothing, for each would make the mapping anew if it had expired. So they are
 * sent at ages that grow by a constant factor, interleaved between the two:
 * when the timeout is known, one of them has had no packet since it should have
 * expired but one not long before, and is asked.
 */
#ifndef CORE_PROBE_REFRESH_H
#define CORE_PROBE_REFRESH_H

#include "core/probe/fan.h"

#define REFRESH_SOCKETS 0x03000000u
#define REFRESH_NUMBER  0x00100000u /* trial numbers: + kind */

enum refresh_kind { REFRESH_OUT_A, REFRESH_OUT_B, REFRESH_IN, REFRESH_FLOWS };

/**
 * struct refresh_flow - One of the mappings
 * @silent_since: The last packet of the set-up: what the timer runs from if the later ones do not
 *		restart it
 * @pulse:	REFRESH_OUT: when the client last sent; @next_age: when it will next, seconds of age
 * @widest:	REFRESH_OUT: most time between two of its packets, seconds
 * @heard:	REFRESH_IN: when the last copy came
 * @missed:	REFRESH_IN: copies in a row that did not come though their control did
 * @beside:	REFRESH_IN: mappings made after it that were held when a copy last came; @beside_died:
 *		the same when an earlier mapping died
 * @died:	REFRESH_IN: the age at which an earlier mapping died, seconds; 0 if none did
 */
struct refresh_flow {
	bool open, ready, asked, decided;
	uint8_t tid[STUN_TID];
	uint64_t cookie;
	bool has_cookie;
	uint16_t local_port, mapped_port;
	int flow;
	unsigned tries, missed, trials, beside, beside_died;
	double died, next_age, widest;
	nk_time pulse;
	nk_time opened, due, silent_since, heard, last_asked;
};

struct refresh {
	struct fan *fan;
	bool running;
	unsigned opening, restarts;
	struct refresh_flow flows[REFRESH_FLOWS];
};

void refresh_start(struct refresh *r, struct fan *fan, nk_time now);
void refresh_input(struct refresh *r, const struct event *ev, nk_time now);
bool refresh_output(struct refresh *r, struct action *action, nk_time now);
nk_time refresh_deadline(const struct refresh *r);
void refresh_verdict(struct refresh *r, const struct ask_verdict *v, nk_time now);

/* Whether both directions are decided, as far as they can be. */
bool refresh_done(const struct refresh *r);

/* Writes "unknown" and why for what was not decided. */
void refresh_report(struct refresh *r);

#endif
