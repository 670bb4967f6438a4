/* A broker that serves: its log, and its privileges. */
#ifndef NATBROKER_SERVICE_H
#define NATBROKER_SERVICE_H

#include "settings.h"

/* Serves until a signal ends it. Return: the exit status. */
int service_run(const struct settings *s);

#endif
