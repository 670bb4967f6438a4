/* What "natsim status" shows of a world. */
#ifndef NATSIM_STATUS_H
#define NATSIM_STATUS_H

#include <stdio.h>

#include "topology.h"

/**
 * struct status - A world at a moment
 * @file:	That it was made from
 * @pid:	Of its supervisor
 */
struct status {
	const char *name, *file;
	int pid;
	nk_time up, now;
	const struct topology *t;
	const struct net *net;
};

/* As share/natsim-status-1.schema.json has it. Return: 0, or as js_print(). */
int status_json(FILE *out, const struct status *s);

/* For people. */
void status_text(FILE *out, const struct status *s);

/* "udp", "tcp", "icmp" or "other". */
const char *status_protocol(enum packet_kind kind);

/* What the NAT at a node remembers, in order; freed with free(). As far as there is memory. */
struct nat_entry *status_entries(const struct status *s, unsigned node, unsigned *count);

#endif
