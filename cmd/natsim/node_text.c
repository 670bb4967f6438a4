#include "node_text.h"

#include <stdio.h>
#include <string.h>

#include "face/log.h"
#include "face/numbers.h"

bool node_set_preset(struct topology_node *node, const struct zoo *zoo, const char *name,
		     char why[static NODE_WHY])
{
	const struct zoo_preset *p = zoo_find(zoo, name);
	char quoted[LOG_QUOTED];
	struct nat_spec spec;

	if (p == NULL) {
		snprintf(why, NODE_WHY, "there is no preset %s; \"natsim list\" names them",
			 log_quote(quoted, sizeof(quoted), name));
		return false;
	}
	spec = p->spec;
	memcpy(spec.external, node->spec.external, sizeof(spec.external));
	spec.external_count = node->spec.external_count;
	node->spec = spec;
	snprintf(node->nat, sizeof(node->nat), "%s", p->name);
	return true;
}

/* Times are also taken as options have them: 10s, 250ms, 5m. */
static bool set_axis(struct nat_spec *spec, int axis, const char *value)
{
	char seconds[32];
	nk_time t;

	if (zoo_axis_set(spec, axis, value))
		return true;
	if (number_duration(&t, value) != 0)
		return false;
	snprintf(seconds, sizeof(seconds), "%.6f s", nk_seconds(t));
	return zoo_axis_set(spec, axis, seconds);
}

bool node_set_axis(struct topology_node *node, const char *axis, const char *value,
		   char why[static NODE_WHY])
{
	const int number = zoo_axis_find(axis);
	char quoted[LOG_QUOTED];

	if (node->nat[0] == '\0') {
		snprintf(why, NODE_WHY, "a plain router has no such thing");
		return false;
	}
	log_quote(quoted, sizeof(quoted), number < 0 ? axis : value);
	if (number < 0)
		snprintf(why, NODE_WHY, "NATs have no %s; \"natsim show\" has what they have",
			 quoted);
	else if (!set_axis(&node->spec, number, value))
		snprintf(why, NODE_WHY, "cannot use %s; give %s", quoted, zoo_axis_values(number));
	else
		return true;
	return false;
}
