/*
 * Stacks of NATs of the zoo and plain routers, the enumeration behind them, and what it says against what is so.
 *
 * What a stack is, and what happens in it, is a pure function of its seed.
 */
#ifndef TESTS_SIM_STACK_H
#define TESTS_SIM_STACK_H

#include "core/natmap/enumerate.h"
#include "judge.h"
#include "scene.h"
#include "sim/world.h"
#include "sim/zoo.h"

#define STACK_NATS_MAX    4
#define STACK_ROUTERS_MAX 3
#define STACK_ASIDE_MAX   2 /* routers beyond those that are on one of the two ways alone */
#define STACK_BOXES_MAX   (STACK_NATS_MAX + STACK_ROUTERS_MAX + STACK_ASIDE_MAX)

/**
 * struct stack - What lies between a client and the broker
 * @boxes:	@count of them, the next to the client first; NULL: a plain router
 * @ways:	On which of the two ways a router is
 * @specs:	Of those that are none; @t_stream tells the timer
 * @dies:	When the broker does; 0: never
 * @internet:	The router that the internet is, beyond them all, is looked at too
 */
struct stack {
	uint64_t seed;
	enum scene_loss loss;
	nk_time max, dies;
	unsigned mappings;
	bool internet;
	unsigned count;
	const struct zoo_preset *boxes[STACK_BOXES_MAX];
	enum net_way ways[STACK_BOXES_MAX];
	struct nat_spec specs[STACK_BOXES_MAX];
};

/**
 * struct stack_result - What came of it
 * @finished:	In time, and well; the rest is set
 * @right:	State of every hop, and so the number and place of the stateful ones
 * @absent:	Hops that keep state, or may, and were said to keep none
 * @timeouts:	Stateful hops found; @held of them with the truth in what was said, @width: sum of
 *		ci95's widths in relation to the truth
 * @wall, @longest: Seconds it took; the longest timer of all, 0: some hop was found to keep no state
 */
struct stack_result {
	bool finished, right;
	unsigned absent, timeouts, held;
	double width, wall, longest;
	uint64_t packets_out, packets_in;
	unsigned late;
};

/* A stack of up to STACK_NATS_MAX NATs of @zoo. */
void stack_draw(struct stack *s, const struct zoo *zoo, enum scene_loss loss, uint64_t seed);

/* Whether one of its NATs gives fewer mappings than are wanted: then it takes longer. */
bool stack_is_tight(const struct stack *s);

/* Plays it to its end; @path: what was found, with @truth of each of its @count hops, for those who want to tell of it. */
struct stack_truth {
	const char *name;
	enum hop_state state;
	struct span timeout;
	bool either; /* so near to what would hide it that both are right */
};
void stack_play(const struct stack *s, struct stack_result *out, struct path_result *path,
		struct stack_truth truth[static NATMAP_HOPS_MAX]);

#endif
