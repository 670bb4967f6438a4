/* What one algorithm decides: when the next packet of ours is due, and when one of the other's. */
#ifndef CORE_KEEPALIVE_ALGORITHM_H
#define CORE_KEEPALIVE_ALGORITHM_H

#include "core/keepalive/keepalive.h"

/**
 * struct keepalive_ops - An algorithm
 * @need:	What leaves when it is due
 * @jitter:	The interval is drawn
 * @base:	What is due leaves an interval after this; NK_NEVER: nothing is
 * @expected:	When to doubt if nothing came by then, or NK_NEVER
 */
struct keepalive_ops {
	const char *name;
	enum keepalive_need need;
	bool jitter;
	nk_time (*base)(const struct keepalive *k);
	nk_time (*expected)(const struct keepalive *k);
};

extern const struct keepalive_ops keepalive_none, keepalive_fixed, keepalive_turns,
	keepalive_learned, keepalive_opener;

nk_time keepalive_interval(const struct keepalive *k);

/* How long an answer may take. */
nk_time keepalive_wait(const struct keepalive *k);

/* For those who do not care. */
nk_time keepalive_never(const struct keepalive *k);

#endif
