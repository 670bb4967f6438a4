/*
 * The scenes of the truth table: a NAT of the zoo, a way to lose packets, a
 * round trip and a seed. What happens in one is a pure function of these four.
 */
#ifndef TESTS_SIM_SCENE_H
#define TESTS_SIM_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "field.h"
#include "sim/zoo.h"
#include "stage.h"

enum scene_loss { LOSS_NONE, LOSS_2, LOSS_5, LOSS_BURSTY, LOSSES };

#define DELAYS 3

struct scene {
	const struct zoo_preset *preset;
	enum scene_loss loss;
	unsigned delay;
	uint64_t seed;
};

/**
 * struct timing - How one timer was measured
 * @known:	Within an interval, and not at least
 * @holds:	The truth is in what was said
 * @width:	Of ci95, beyond that of the truth, as a multiple of tolerance()
 */
struct timing {
	bool known, holds;
	double width;
};

/**
 * struct scene_result - What came of it
 * @finished:	natprobe ended by itself, in time, and the rest is set
 * @plausible:	truth_is_plausible()
 * @wall:	Seconds beyond WALL_FREE, as a multiple of the longest timer that was measured,
 *		or of the longest silence tried if one is longer
 */
struct scene_result {
	bool finished, plausible;
	enum outcome outcome[FIELD_COUNT];
	struct timing timers[STATE_COUNT];
	double wall;
	unsigned late;
};

#define WALL_FREE 5.0

/* Names as on the command line: "none", "bursty"; milliseconds there and back: "40". */
const char *loss_name(enum scene_loss l);
const char *delay_name(unsigned delay);

/* Return: the number, or -1. */
int loss_find(const char *name);
int delay_find(const char *name);

/* What a direction of a link does so; it takes no time. */
struct link_spec loss_link(enum scene_loss l);

/* The stage of a scene, set, each packet to be written to @pcap if that is not NULL; and what is so there once it has been played. */
void scene_set(struct stage *st, const struct scene *s, FILE *pcap);
struct truth scene_truth(const struct stage *st, const struct scene *s);

/* Plays a scene that is set to its end. */
void scene_play(struct stage *st, const struct scene *s, struct scene_result *out);

#endif
