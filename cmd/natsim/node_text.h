/* What a NAT is, as people write it: in files and to "natsim set". */
#ifndef NATSIM_NODE_TEXT_H
#define NATSIM_NODE_TEXT_H

#include <stdbool.h>

#include "sim/zoo.h"
#include "topology.h"

#define NODE_WHY 200

/* Makes it the NAT that is called so, at the external addresses that it has. */
bool node_set_preset(struct topology_node *node, const struct zoo *zoo, const char *name,
		     char why[static NODE_WHY]);

/* Sets an axis of struct nat_spec, see natsim(1). Both return false, nothing is set, and @why says
 * what would be right. */
bool node_set_axis(struct topology_node *node, const char *axis, const char *value,
		   char why[static NODE_WHY]);

#endif
