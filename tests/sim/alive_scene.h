/*
 * A flow kept open through a NAT for up to years of virtual time, by one algorithm, with losses and
 * with timers that drift; and what it cost, and how often the mapping was lost all the same.
 *
 * Whether it is there is what the NAT says: a packet from the far end, to where it would send it,
 * would be let in.
 */
#ifndef TESTS_SIM_ALIVE_SCENE_H
#define TESTS_SIM_ALIVE_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/zoo.h"

enum alive_way {
	ALIVE_TURNS,
	ALIVE_FIXED, /* 15 s in the mean */
	ALIVE_LEARNED,
	ALIVE_OPENER,
	ALIVE_NONE,
	ALIVE_ORACLE, /* fixed, at 0.9 of the timeout as it is at each time */
	ALIVE_WAYS
};
enum alive_loss {
	ALIVE_LOSS_NONE,
	ALIVE_LOSS_2,
	ALIVE_LOSS_5,
	ALIVE_LOSS_BURSTS, /* about one an hour, of up to 5 s, in which nothing comes through */
	ALIVE_LOSSES
};
enum alive_drift {
	ALIVE_STEADY,
	ALIVE_GROWS,   /* twice as long from a third of the time on */
	ALIVE_SHRINKS, /* half as long */
	ALIVE_WALKS,   /* a little up or down each hour */
	ALIVE_DRIFTS
};

const char *alive_way_name(enum alive_way w);
const char *alive_loss_name(enum alive_loss l);
const char *alive_drift_name(enum alive_drift d);

/* Return: -1 if there is none of that name. */
int alive_way_find(const char *name);
int alive_loss_find(const char *name);
int alive_drift_find(const char *name);

struct alive_scene {
	const struct zoo_preset *preset;
	enum alive_way way;
	enum alive_loss loss;
	enum alive_drift drift;
	double days;
	uint64_t seed;
};

/**
 * struct alive_result - What came of it
 * @packets, @bytes: Of both ends, and of the search on spare mappings; bytes are IPv4 total length
 * @lost:	Mappings that ran out; @dark_s: for how long packets from the far end were not let in
 *		then, in the mean
 * @back_s:	After that the NAT reboots: until they are again; @back_dark: the share of an hour in
 *		which they are not
 * @dead_s:	After that the far end dies: until it is given up; negative: never
 * @interval_s:	Before jitter, at the end
 * @timeout_s:	Of the NAT, at the end
 * @opened:	How often the flow was opened: the first time, and when it had moved or was given up
 * @late:	Deadlines that were in the past
 */
struct alive_result {
	bool done;
	uint64_t packets, bytes;
	unsigned lost, opened;
	double dark_s, back_s, back_dark, dead_s;
	double interval_s, timeout_s;
	unsigned late;
};

/* @verbose: each loss is told on standard output. Ends the program without memory. */
void alive_scene_play(const struct alive_scene *s, bool verbose, struct alive_result *out);

/* Timer of a flow with packets both ways, as the preset says. */
double alive_timeout(const struct nat_spec *spec);

#endif
