/* The numbers over HTTP, for Prometheus and for natbroker --stats. */
#ifndef NATBROKER_METRICS_H
#define NATBROKER_METRICS_H

#include "metrics_text.h"

struct metrics; /* metrics_open() to metrics_close() */

/**
 * metrics_open() - Listen
 * @out:	Set on success
 * @at:		Address and port
 * @source:	Borrowed
 *
 * Return: 0 or a negative errno.
 */
int metrics_open(struct metrics **out, const struct addr *at, const struct metrics_source *source);
void metrics_close(struct metrics *m);

/* Readable when metrics_turn() should be called; it must be by metrics_due() too. */
int metrics_fd(const struct metrics *m);
nk_time metrics_due(const struct metrics *m);
void metrics_turn(struct metrics *m, nk_time now);

#endif
