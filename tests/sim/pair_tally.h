/* The table of pairs, counted: by class pair, by cell, and medians of what was measured. */
#ifndef TESTS_SIM_PAIR_TALLY_H
#define TESTS_SIM_PAIR_TALLY_H

#include "pair_table.h"
#include "tally.h"

/* A share with what chance allows it to be: Wilson's interval, 95 %. */
struct wilson {
	double lo, hi;
};

struct wilson wilson(struct share s);

#define ANY (-1)

/**
 * struct pair_wanted - Which runs of the matrix
 * @low, @high: A class pair, whoever calls, or ANY
 * @loss, @delay, @kind: Or ANY
 * @plain:	Whether pair_is_plain(), or ANY; @skewed: as in the result, or ANY
 */
struct pair_wanted {
	int low, high;
	int loss, delay, kind;
	int plain, skewed;
};

#define PAIR_ALL ((struct pair_wanted){ANY, ANY, ANY, ANY, ANY, ANY, ANY})

enum pair_figure { PAIR_FIRST, PAIR_BOTH, PAIR_CALL_S, PAIR_PACKETS };

/**
 * struct pair_pool - Runs of one kind
 * @met:	Those that connected; @worst: of one cell, @worst_at
 * @first_check: Of those that connected
 * @by:		How many by each tactic
 */
struct pair_pool {
	struct share met, worst, first_check;
	unsigned worst_at;
	unsigned by[TACTICS];
};

struct pair_pool pair_pool(const struct pair_table *t, const struct pair_wanted *w);

/* The median over runs that connected; @count, if not NULL, is set to how many there are. */
double pair_median(const struct pair_table *t, const struct pair_wanted *w, enum pair_figure f,
		   unsigned *count);

/* The same of one caller and one callee of the matrix, with every loss and delay. */
struct pair_pool pair_pool_at(const struct pair_table *t, unsigned caller, unsigned callee);
double pair_median_at(const struct pair_table *t, unsigned caller, unsigned callee,
		      enum pair_figure f);

/* The tactic that connected most of them, or TACTICS if none did. */
enum tactic pair_main_tactic(const struct pair_pool *p);

/**
 * struct pair_sample - Runs over the zoo with one loss
 * @met:	By kind of pair, of those that share no NAT
 * @lan, @carrier: Of those that share one: behind it both, or one more each
 */
struct pair_sample {
	struct share met[PAIR_KINDS], lan, carrier;
};

struct pair_sample pair_sample(const struct pair_table *t, enum pair_loss loss);

#endif
