/*
 * One or two natprobe runs as one core: IPv4 and IPv6 at the same time.
 *
 * Bit 31 of a socket's id says whose it is; the runs themselves never set it.
 */
#ifndef CORE_PROBE_BOTH_H
#define CORE_PROBE_BOTH_H

#include "core/core.h"
#include "core/probe/natprobe.h"

#define PROBE_BOTH_SECOND UINT32_C(0x80000000)

/**
 * struct probe_both - Up to two runs
 * @run:	[0] is the one that counts; [1] may be NULL. Both belong to the caller, already started
 */
struct probe_both {
	struct natprobe *run[2];
};

void probe_both_input(struct probe_both *b, const struct event *ev, nk_time now);
bool probe_both_output(struct probe_both *b, struct action *action, nk_time now);
nk_time probe_both_deadline(const struct probe_both *b);

/* Busy while either is; then CORE_DONE if either got through, else the error of run[0]. */
int probe_both_status(const struct probe_both *b);

/* The run that has longest to go. */
void probe_both_progress(const struct probe_both *b, struct natprobe_progress *out, nk_time now);

extern const struct core_ops probe_both_ops;

#endif
