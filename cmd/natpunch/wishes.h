/* --keepalive LIST: the names of algorithms, the best first. */
#ifndef NATPUNCH_WISHES_H
#define NATPUNCH_WISHES_H

#include "core/keepalive/keepalive.h"
#include "face/options.h"

/* Takes the list into @offer's wishes. Return: 0; else -1 and @why. */
int wishes_read(struct keepalive_offer *offer, const char *list, char why[static OPTIONS_WHY]);

#endif
