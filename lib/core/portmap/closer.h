/*
 * Removes ports that earlier runs have left open, and nothing else: some at a time.
 */
#ifndef CORE_PORTMAP_CLOSER_H
#define CORE_PORTMAP_CLOSER_H

#include "core/portmap/portmap.h"

#define CLOSER_JOBS_MAX 768
#define CLOSER_STREAM   1 /* id of the stream to the UPnP worker */

/**
 * struct closer_job - One mapping, by one protocol
 * @map:	As it was opened; neither sockets nor @upnp are looked at
 * @external_port: Outside, 0: not known
 * @done:	It was dealt with; @left: it could not be removed, for @why
 */
struct closer_job {
	struct portmap_config map;
	enum portmap_protocol protocol;
	uint16_t external_port;
	bool done, left;
	enum portmap_why why;
};

struct closer; /* closer_new() to closer_free() */

/* @jobs: @count of them, borrowed; their results are written. @upnp: there is a worker at the end of the
 * stream. Return: NULL without memory. closer_free() takes NULL. */
struct closer *closer_new(struct closer_job *jobs, unsigned count, bool upnp,
			  const uint8_t seed[static 32]);
void closer_free(struct closer *c);

extern const struct core_ops closer_ops;

#endif
