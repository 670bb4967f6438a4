/*
 * One or two natprobe runs as one core: IPv4 and IPv6 at the same time; and beside them a look at
 * the gateways, which maps nothing.
 *
 * Bits 31 and 30 of a socket's id say whose it is; the runs themselves never set them.
 */
#ifndef CORE_PROBE_BOTH_H
#define CORE_PROBE_BOTH_H

#include "core/core.h"
#include "core/portmap/scouts.h"
#include "core/probe/natprobe.h"

#define PROBE_BOTH_SECOND   UINT32_C(0x80000000)
#define PROBE_BOTH_GATEWAYS UINT32_C(0x40000000) /* ids of sockets of the scouts */
#define PROBE_BOTH_UPNP     UINT32_C(0x60000000) /* of their stream to the UPnP worker */

/**
 * struct probe_both - Up to two runs
 * @run:	[0] is the one that counts; [1] may be NULL. Both belong to the caller, already
 *		started
 * @scouts:	The same, with ids as above, or NULL
 * @quick:	The scouts are not waited for
 */
struct probe_both {
	struct natprobe *run[2];
	struct scouts *scouts;
	bool quick;
};

void probe_both_input(struct probe_both *b, const struct event *ev, nk_time now);
bool probe_both_output(struct probe_both *b, struct action *action, nk_time now);
nk_time probe_both_deadline(const struct probe_both *b);

/* Busy while either run is, and the scouts are if they are waited for; then CORE_DONE if either run
 * got through, else the error of run[0]. */
int probe_both_status(const struct probe_both *b);

/* The run that has longest to go. */
void probe_both_progress(const struct probe_both *b, struct natprobe_progress *out, nk_time now);

extern const struct core_ops probe_both_ops;

#endif
