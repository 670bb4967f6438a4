/* What a run of natkeepalive has found, as its reports tell it. */
#ifndef CORE_KEEPER_RESULT_H
#define CORE_KEEPER_RESULT_H

#include "core/keeper/options.h"

enum keeper_state {
	KEEPER_TRYING, /* no answer yet */
	KEEPER_UP,
	KEEPER_DOUBTED,  /* an answer is missing */
	KEEPER_LOST,     /* no answer to any hello */
	KEEPER_UNPROVEN, /* a peer that never answered is sent to, and nothing proves the mapping */
};

enum keeper_event_kind {
	KEEPER_EVENT_UP,       /* @mapped is the public address: the first time, or after a loss */
	KEEPER_EVENT_CHANGED,  /* @mapped is another one than @before */
	KEEPER_EVENT_LOST,     /* nothing comes back any more */
	KEEPER_EVENT_INTERVAL, /* @interval is another one by more than a tenth */
	KEEPER_EVENT_NETWORK,  /* the machine's own network changed, or it slept */
};

/**
 * struct keeper_event - Something that a user may want to act on
 * @target:	Number of it; all: KEEPER_TARGETS_MAX
 */
struct keeper_event {
	enum keeper_event_kind kind;
	unsigned target;
	nk_time at;
	struct addr mapped, before, local;
	nk_time interval;
};

/**
 * struct keeper_target_result - One target
 * @mapped:	As it was seen last; a target that is lost may see another address, or none
 * @age:	Since it last answered; NK_NEVER: it never did. Who sends nothing, or openers, knows no more
 * @bytes_out, @bytes_in: Of IP, headers too, by what was sent and came for the sake of the mapping
 * @constant_bytes: What an exchange every 15 s would have cost meanwhile: of three bytes each way with a
 *		natbroker, else a Binding request and its answer
 * @losses, @changes, @mends: Times it was lost, its address another one, it was back
 */
struct keeper_target_result {
	enum keeper_state state;
	struct addr local, mapped;
	nk_time age, interval, rtt;
	uint64_t packets_out, packets_in, bytes_out, bytes_in, constant_bytes;
	unsigned losses, changes, mends;
};

/**
 * struct keeper_result - All of it
 * @wakes:	Times that something left or came after a second or more in which nothing did
 * @constant_wakes: The same, as it is to be expected, of as many timers of 15 s with random phases
 * @bytes:	Of all targets, both ways, and of the search; @constant_bytes: of all targets
 * @lower, @value, @upper: What is believed of the NAT's timeout, seconds; 0: not known
 * @search_bytes: Spent on spare mappings and on measuring the opener's TTL
 * @complete:	All that was asked for was done: it was not stopped before its time
 */
struct keeper_result {
	struct keeper_target_result targets[KEEPER_TARGETS_MAX];
	unsigned target_count;
	nk_time elapsed;
	uint64_t wakes, constant_wakes, bytes, constant_bytes, search_bytes;
	double lower, value, upper;
	unsigned trials;
	bool below_floor, outbound_only, complete;
};

#endif
