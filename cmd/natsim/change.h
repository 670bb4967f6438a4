/* "natsim set": what changes in a running world. */
#ifndef NATSIM_CHANGE_H
#define NATSIM_CHANGE_H

#include "hosts.h"
#include "sim/zoo.h"
#include "topology.h"

#define CHANGE_WHY 320

/**
 * struct change - A world to change
 * @t:		Changed in place, once all is known to be right
 */
struct change {
	struct topology *t;
	struct net *net;
	const struct hosts *hosts;
	const struct zoo *zoo;
};

/**
 * change_apply() - Sets properties of one host or node: all, or none if one is refused
 * @name:	Of the host or node
 * @settings:	@count texts: "KEY=VALUE" of its link, "address=ADDR", for a NAT also "nat=PRESET",
 *		"AXIS=VALUE" and "reboot"; see natsim(1)
 * @why:	What was refused and what would be right, or what failed
 *
 * A NAT of which anything but its link changes loses what it knew.
 *
 * What cannot be used is found before anything changes. If the system then fails (memory, a
 * device, a host's file), what has changed until then stays.
 *
 * Return: false if it was refused, or failed.
 */
bool change_apply(const struct change *c, const char *name, const char *const *settings,
		  unsigned count, char why[static CHANGE_WHY]);

#endif
