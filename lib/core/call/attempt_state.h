/* What the files of an attempt share. */
#ifndef CORE_CALL_ATTEMPT_STATE_H
#define CORE_CALL_ATTEMPT_STATE_H

#include "core/call/attempt.h"

#define ATTEMPT_FAMILIES 2

enum attempt_socket { SOCKET_UNWANTED, SOCKET_WANTED, SOCKET_ASKED, SOCKET_OPEN, SOCKET_FAILED };

/**
 * struct attempt - An attempt
 * @socket, @local: The two sockets, by family (0: IPv4)
 * @quick:	@hint is known already
 * @family:	Of the caller's ring; @turn_at: when the other one has its turn
 * @rung:	The peer's offer or answer as it came, for a callee the way back; @answer_due: the answer has to go there;
 *		@relaying: packets of the session go that way
 * @ours, @theirs: Both offers; one of them is the answer
 * @keepalive:	What came of them
 * @fire:	When our first full-TTL check leaves
 */
struct attempt {
	struct attempt_config config;
	struct rng *rng;
	enum attempt_state state;
	enum call_end end;
	enum attempt_socket socket[ATTEMPT_FAMILIES];
	struct addr local[ATTEMPT_FAMILIES];
	bool quick;
	struct nat_hint hint;
	struct gather *gather;
	struct gather_result gathered;
	struct call_mapping mapping;
	struct ring *ring;
	unsigned family;
	nk_time turn_at;
	struct punch *punch;
	struct noise noise;
	struct noise_keys keys;
	struct offer ours, theirs;
	struct session_keepalive keepalive;
	struct rung rung;
	uint8_t answer[RENDEZVOUS_BODY_MAX];
	size_t answer_len;
	bool answer_due, relaying;
	nk_time fire;
	struct attempt_times times;
};

/* It is over: nothing came of it. */
void attempt_give_up(struct attempt *a, enum call_end end);

/* The caller's offer goes out; an answer may have come. */
void attempt_ring(struct attempt *a, nk_time now);
void attempt_read_answers(struct attempt *a, nk_time now);

/* The callee's answer is made, and sent whenever it is due. */
void attempt_answer(struct attempt *a, nk_time now);
void attempt_send_answer(struct attempt *a, nk_time now);

/* The TTL of our opener, or as far as we know of theirs; 0: none. */
uint8_t attempt_opener(const struct attempt *a, bool our);

/* Both sides know all of each other, and will fire at @fire_us by the broker's clock. */
void attempt_start_punch(struct attempt *a, uint64_t fire_us, nk_time now);

#endif
