/* natbroker --stats: the numbers of a broker that runs, for a person or a program. */
#ifndef NATBROKER_STATS_H
#define NATBROKER_STATS_H

#include "base/addr.h"

/* Asks the broker whose numbers are served at @at, and prints them; @format is an enum format.
 * Return: the exit status. */
int stats_run(const struct addr *at, int format);

#endif
