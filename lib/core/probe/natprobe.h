/*
 * A whole natprobe run against one server in one address family, as a core.
 *
 * Root of the cores in this folder: it owns the sockets' ids and hands each
 * event to the part that opened the socket.
 */
#ifndef CORE_PROBE_NATPROBE_H
#define CORE_PROBE_NATPROBE_H

#include "core/core.h"
#include "core/probe/options.h"
#include "core/probe/result.h"

struct natprobe; /* large; its life is natprobe_new() to natprobe_free() */

/**
 * struct natprobe_progress - What is being waited for, for a progress bar
 * @stage:	A few words for a person, such as "stream: silent for 31 s"
 * @done:	0 to 1
 * @left_max:	The longest that it can still take, microseconds
 */
struct natprobe_progress {
	char stage[96];
	double done;
	nk_time left_max;
};

/**
 * natprobe_new() - Memory for a run
 * @seed:	For all that must be unpredictable: transaction ids, the order of tests
 *
 * Return: NULL if there is no memory. natprobe_free() takes NULL, and wipes what is secret.
 */
struct natprobe *natprobe_new(const struct probe_options *options, const uint8_t seed[static 32]);
void natprobe_free(struct natprobe *p);

void natprobe_start(struct natprobe *p, nk_time now);
void natprobe_input(struct natprobe *p, const struct event *ev, nk_time now);
bool natprobe_output(struct natprobe *p, struct action *action, nk_time now);
nk_time natprobe_deadline(const struct natprobe *p);
int natprobe_status(const struct natprobe *p);

/* The server in use, and the round trip to it so far; NULL while none has answered. */
const struct addr *natprobe_server(const struct natprobe *p, nk_time *rtt);

/* The findings so far; complete when the status is no longer busy. Borrowed from @p. */
const struct probe_result *natprobe_result(struct natprobe *p);
void natprobe_progress(const struct natprobe *p, struct natprobe_progress *out, nk_time now);

extern const struct core_ops natprobe_ops;

#endif
