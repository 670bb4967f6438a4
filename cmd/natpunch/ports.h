/* Ports of this machine that a call brings to the peer's. */
#ifndef NATPUNCH_PORTS_H
#define NATPUNCH_PORTS_H

#include "core/call/punch_options.h"

/* Whether all are free, before anybody is rung. Return: EXIT_YES, or the exit status to end with,
 * which has been told. */
int ports_check(const struct punch_options *p, const char *interface);

#endif
