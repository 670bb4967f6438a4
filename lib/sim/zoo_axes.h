/* The axes of struct nat_spec by name, as they are written in the zoo's files. */
#ifndef SIM_ZOO_AXES_H
#define SIM_ZOO_AXES_H

#include <stdbool.h>

#include "sim/nat_spec.h"

#define ZOO_AXES 54

/* Return: the number of the axis, or -1. */
int zoo_axis_find(const char *name);
const char *zoo_axis_name(int axis);

/* Whether each preset that translates, or (@firewall) one that does not, must say it. */
bool zoo_axis_is_needed(int axis, bool firewall);

/* Sets an axis from text. Return: false, and nothing is set, if the text is not a value of it. */
bool zoo_axis_set(struct nat_spec *spec, int axis, const char *text);

/* The values it takes, for a message. */
const char *zoo_axis_values(int axis);

#endif
