/* A run of natkeepalive, from its settings to its exit status. */
#ifndef NATKEEPALIVE_RUN_H
#define NATKEEPALIVE_RUN_H

#include "settings.h"

/* Return: the exit status. */
int run_keeper(struct settings *s);

#endif
