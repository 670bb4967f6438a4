/* natprobe behind NATs, and a server on the internet, ready to run. */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/broker/broker.h"
#include "core/probe/natprobe.h"
#include "sim/plain_server.h"
#include "sim/world.h"

/**
 * struct stage_plan - What to build
 * @nats:	@nat_count of them, the outermost first
 * @link:	Both directions between the outermost NAT (or the host) and the internet
 * @plain:	A third party's server with @faults, not natbroker
 * @one_address: The server has no alternate address
 * @room:	Mappings that natbroker takes from one address; 0: its default
 * @pcap:	Borrowed: each packet is written to it; or NULL
 */
struct stage_plan {
	uint64_t seed;
	struct nat_spec nats[2];
	unsigned nat_count;
	struct link_spec link;
	struct probe_options options;
	bool plain, one_address;
	unsigned room;
	unsigned faults;
	FILE *pcap;
};

struct stage {
	struct world *world;
	struct broker *broker;
	struct plain_server plain;
	struct natprobe *probe;
	int nats[2], client;
};

/* What the command does without options. */
struct probe_options stage_options(void);

/* A NAT like Linux: endpoint-independent mapping, filtering by endpoint, ports kept, timers by flow,
 * in seconds: until the first answer and for a while after it, and as a stream. */
struct nat_spec stage_linux(unsigned first, unsigned stream);

/* Those options behind that NAT (NULL: none), 10 ms from the internet. */
struct stage_plan stage_plan(const struct nat_spec *nat, uint64_t seed);

/* Builds and starts it all at time 0; ends the program without memory. stage_strike() frees it. */
void stage_set(struct stage *st, const struct stage_plan *plan);
void stage_strike(struct stage *st);

#endif
