/*
 * Which packets keep a mapping alive: outbound, inbound, or both (RFC 4787 REQ-6).
 *
 * Two mappings run beside the fan from its start, before any timeout is known.
 * One carries packets from the client alone, one a second; the other packets
 * from the server alone. Once the fan has bracketed the timeouts, a mapping that
 * is still there after a longer time was kept alive by its packets.
 */
#ifndef CORE_PROBE_REFRESH_H
#define CORE_PROBE_REFRESH_H

#include "core/probe/fan.h"

#define REFRESH_SOCKETS 0x03000000u
#define REFRESH_NUMBER  0x00100000u /* trial numbers: + direction */

enum refresh_direction { REFRESH_OUT, REFRESH_IN, REFRESH_DIRECTIONS };

/**
 * struct refresh_flow - One of the two mappings
 * @silent_since: The last packet of the other direction: what the timer runs from if these packets
 *		do not restart it
 * @heard:	REFRESH_IN: when the last copy came
 * @missed:	REFRESH_IN: copies in a row that did not come though their control did
 * @died:	REFRESH_IN: the age at which an earlier mapping died, seconds; 0 if none did
 */
struct refresh_flow {
	bool open, ready, asked, decided;
	uint8_t tid[STUN_TID];
	uint64_t cookie;
	bool has_cookie;
	uint16_t local_port, mapped_port;
	int flow;
	unsigned tries, missed, trials;
	double died;
	nk_time opened, due, silent_since, heard, last_asked;
};

struct refresh {
	struct fan *fan;
	bool running;
	unsigned opening, restarts;
	struct refresh_flow flows[REFRESH_DIRECTIONS];
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
