/* natbroker --stats: the numbers of a broker that runs, for a person or a program. */
#ifndef NATBROKER_STATS_H
#define NATBROKER_STATS_H

#include "base/addr.h"

enum stats_form { STATS_AUTO, STATS_TEXT, STATS_JSON };

/* Asks the broker whose numbers are served at @at, and prints them. Return: the exit status. */
int stats_run(const struct addr *at, enum stats_form form);

#endif
