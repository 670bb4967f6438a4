/*
 * The scenes of the table of pairs: two natpunch, each behind NATs of the zoo, who call each
 * other. What happens in one is a pure function of what is here.
 */
#ifndef TESTS_SIM_PAIR_SCENE_H
#define TESTS_SIM_PAIR_SCENE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/punch/tactic.h"
#include "pair_oracle.h"
#include "scene.h"

#define PAIR_NATS_MAX  2
#define PAIR_SIDE_TEXT 80

/* The caller and the callee. */
enum { CALLER, CALLEE, PAIR_SIDES };

/* The NATs in front of one of them, the outermost first. */
struct pair_side {
	const struct zoo_preset *nats[PAIR_NATS_MAX];
	unsigned count;
};

enum pair_loss { PAIR_LOSS_NONE, PAIR_LOSS_5, PAIR_LOSS_BURSTY, PAIR_LOSSES };
enum pair_delay { PAIR_DELAY_1, PAIR_DELAY_40, PAIR_DELAY_300, PAIR_DELAY_ASYMMETRIC, PAIR_DELAYS };

/**
 * struct pair_scene - Two sides and what is between them
 * @shared:	The outermost NAT is one and the same
 */
struct pair_scene {
	struct pair_side side[PAIR_SIDES];
	bool shared;
	enum pair_loss loss;
	enum pair_delay delay;
	uint64_t seed;
};

/**
 * struct pair_result - What came of it
 * @finished:	The run came to its end, and the rest is set
 * @connected:	Both are; @by: the dearer of the tactics by which they are
 * @first_check: It was the first full-TTL check of one side
 * @skewed:	They fired so far apart that the first check of one came before the other's left
 * @late:	Deadlines in the past
 * @packets:	That both sent for it: openers, checks and answers
 * @first, @both: From the later fire until one side knew that packets go both ways, until both
 *		did; in round trips
 * @call_s:	From the beginning of the call until both were connected
 * @relay_likely_s: From the beginning until the caller was told so; negative: never
 */
struct pair_result {
	bool finished, connected, first_check, skewed;
	uint8_t by;
	unsigned late, packets;
	float first, both, call_s, relay_likely_s;
};

/* Names as on the command line: "none", "5%", "bursty"; "1", "40", "300", "asymmetric"; "vpp,linux". */
const char *pair_loss_name(enum pair_loss l);
const char *pair_delay_name(enum pair_delay d);
const char *pair_side_text(const struct pair_side *s, char text[static PAIR_SIDE_TEXT]);

/* Return: the number, or -1; false if no such NATs are in the zoo. */
int pair_loss_find(const char *name);
int pair_delay_find(const char *name);
bool pair_side_find(struct pair_side *out, const struct zoo *zoo, const char *text);

struct pair_class pair_side_class(const struct pair_side *s);
enum pair_kind pair_scene_kind(const struct pair_scene *s);

/* What is on the way: the two directions of a side's link to the internet, and how long a packet takes
 * on average from one side to the other. */
struct link_spec pair_link_up(const struct pair_scene *s, unsigned side);
struct link_spec pair_link_down(const struct pair_scene *s, unsigned side);
nk_time pair_one_way(const struct pair_scene *s, unsigned from);

/* A side's NATs with their external addresses, the outermost first. Return: its host's address. */
struct addr pair_addresses(const struct pair_scene *s, unsigned side,
			   struct nat_spec nats[static PAIR_NATS_MAX]);

/* Plays a scene to its end, each packet to be written to @pcap if that is not NULL. */
void pair_scene_play(const struct pair_scene *s, FILE *pcap, struct pair_result *out);

#endif
