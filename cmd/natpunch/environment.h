/* What a program that a call runs is to know of the peer. */
#ifndef NATPUNCH_ENVIRONMENT_H
#define NATPUNCH_ENVIRONMENT_H

#include "core/call/natpunch.h"
#include "face/environment.h"

/* NATPUNCH_* of the peer, and of ours what is not called so; environment_free() in any case.
 * Return: 0 or NK_ERR_NO_MEMORY. */
int environment_of_peer(struct environment *e, const struct natpunch_event *peer);

#endif
