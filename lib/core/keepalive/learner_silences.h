/* What silences the mappings of one NAT survived of late, and what to try next. */
#ifndef CORE_KEEPALIVE_LEARNER_SILENCES_H
#define CORE_KEEPALIVE_LEARNER_SILENCES_H

#include "core/belief/timeout.h"

#define SILENCES_GAPS 3
#define SILENCES_SANE 1.0 /* seconds: no NAT is so short; whoever seems dead then was not asked */

/**
 * struct silences - Trials that do not contradict each other: what is newer overrules
 * @grid:	What @belief borrows
 * @longest:	None above this is tried, seconds
 * @weakest:	Lifetimes differ from mapping to mapping (some NATs purge in sweeps), and this silence
 *		was not survived by one of them; seconds, 0: they are alike
 */
struct silences {
	struct timeout_grid grid;
	struct timeout_belief belief;
	double longest, weakest;
};

void silences_start(struct silences *s, double longest_s);
void silences_add(struct silences *s, double gap_s, bool alive);

/* One did not survive @gap_s while another survived more. */
void silences_differ(struct silences *s, double gap_s);

/* All survived once more: the weakest may have become a little stronger. */
void silences_hope(struct silences *s);

/* The longest silence survived, and the shortest above it that was not; seconds, 0: none. */
double silences_survived(const struct silences *s);
double silences_died(const struct silences *s);

/* The longest survived that is longer than the timeout with probability @risk at most, or 0. */
double silences_trusted(const struct silences *s, double risk);

/**
 * silences_next() - Silences that tell most, to be tried at the same time
 * @begin_s:	If nothing is known, this is tried, and SILENCES_SANE too
 * @gaps:	Rising, seconds
 *
 * Return: how many. 0: the timeout is known closely enough.
 */
unsigned silences_next(const struct silences *s, double begin_s, double gaps[static SILENCES_GAPS]);

/* What is known is tried again, from both sides. @doubting: what would not be believed yet, too. */
unsigned silences_again(const struct silences *s, bool doubting, double gaps[static SILENCES_GAPS]);

/* It was survived what was not before; as a rule it is not much more. Several of about the same, to see
 * whether they are alike. */
unsigned silences_grown(const struct silences *s, double gaps[static SILENCES_GAPS]);

#endif
