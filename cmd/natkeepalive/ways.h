/* The way out, to the first target of each family: noticing at once that it is another one. */
#ifndef NATKEEPALIVE_WAYS_H
#define NATKEEPALIVE_WAYS_H

#include "core/keeper/options.h"
#include "io/netinfo.h"

/**
 * struct ways - What was known of them last
 * @to:		All zero: there is no such target
 * @interface:	Only through this one, or NULL; borrowed
 * @fd:		Tells when there may be news; -1: they cannot be had
 */
struct ways {
	struct addr to[2];
	struct route_info known[2];
	const char *interface;
	int fd;
};

/* @wake: an epoll descriptor. */
void ways_start(struct ways *w, const struct keeper_options *o, const char *interface, int wake);
void ways_stop(struct ways *w);

/* To be called once a turn. Return: true if a way is another one than it was. */
bool ways_changed(struct ways *w);

#endif
