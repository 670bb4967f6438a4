/* What happens on a link, as people write it: in options, in files and to "natsim set". */
#ifndef NATSIM_LINK_TEXT_H
#define NATSIM_LINK_TEXT_H

#include <stdbool.h>

#include "topology.h"

#define LINK_WHY 120

/**
 * link_set() - Sets one property of one direction
 * @key:	delay, jitter, loss, bursts, duplicate, reorder or mtu
 * @value:	Such as "20ms", "2%", and for bursts "3% 50ms": the share lost in bursts, and how
 *		long these are on average; for reorder "1% 5ms": which share comes so much later
 * @why:	Otherwise, what would be right, such as "give a time, such as 20ms"
 *
 * Return: false, and nothing is set, if there is no such key or the text is not a value of it.
 */
bool link_set(struct link_spec *link, const char *key, const char *value,
	      char why[static LINK_WHY]);

/* The same for both directions, or with "up.delay" or "down.delay" for one. */
bool link_set_both(struct topology_link *link, const char *key, const char *value,
		   char why[static LINK_WHY]);

/* Whether that is a key for link_set_both(). */
bool link_has(const char *key);

#endif
