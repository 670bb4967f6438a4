/* What the files of a host share. */
#ifndef SIM_HOST_STATE_H
#define SIM_HOST_STATE_H

#include "sim/binds.h"
#include "sim/host.h"
#include "sim/net.h"
#include "sim/pace.h"

struct host {
	const struct host_env *env;
	int number;
	struct addr addrs[NET_ADDRS_MAX];
	unsigned addr_count;
	const struct core_ops *ops;
	void *core;
	struct binds binds;
	struct pace errors;
	struct action action;
};

/* Sends a packet whose addresses are set, with @payload. Return: 0 or an errno value. */
int host_send(struct host *h, const struct packet *p, const uint8_t *payload, size_t len);

#endif
