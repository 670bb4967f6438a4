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

/* Tells the core of what has come. Return: false if none listens. */
bool host_tell(struct host *h, const struct event *ev, nk_time now);

/* A knock begins, or a TCP socket is about to be closed. */
void host_tcp_knock(struct host *h, struct bind *s, const struct addr *peer);
void host_tcp_close(struct host *h, const struct bind *s);

/* A segment, or an ICMP error about one. Return: true if the core was told. */
bool host_tcp_receive(struct host *h, const struct packet *p, nk_time now);
bool host_tcp_error(struct host *h, const struct packet_quote *q, int error, nk_time now);

/* Sends a packet whose addresses are set, with @payload. Return: 0 or an errno value. */
int host_send(struct host *h, const struct packet *p, const uint8_t *payload, size_t len);

#endif
