/* The environment of a program that a call runs: ours, and who the peer is. */
#ifndef NATPUNCH_ENVIRONMENT_H
#define NATPUNCH_ENVIRONMENT_H

#include "core/call/natpunch.h"

#define ENVIRONMENT_OWN  7
#define ENVIRONMENT_TEXT 96 /* the longest is a name */

/**
 * struct environment - As programs take it
 * @list:	Ended by NULL, allocated; its texts are ours or @text
 */
struct environment {
	char **list;
	char text[ENVIRONMENT_OWN][ENVIRONMENT_TEXT];
};

/* NATPUNCH_* of the peer, and of ours what is not called so. Return: 0 or NK_ERR_NO_MEMORY. */
int environment_make(struct environment *e, const struct natpunch_event *peer);
void environment_free(struct environment *e);

#endif
