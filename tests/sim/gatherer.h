/* A gatherer alone on a host, behind NATs, with a broker on the internet. */
#ifndef TESTS_SIM_GATHERER_H
#define TESTS_SIM_GATHERER_H

#include "core/broker/broker.h"
#include "core/punch/gather.h"
#include "sim/world.h"

#define GATHERER_NATS 3

enum { GATHERER_MAIN = 0, GATHERER_FRESH = 2, GATHERER_OWN = 300 }; /* ids */

/**
 * struct gatherer - A core that opens a socket, gathers, and is done
 */
struct gatherer {
	struct gather *gather;
	struct gather_config config;
	struct rng rng;
	bool asked;
};

/* @server is the broker's address; @host that of the machine. gatherer_end() frees. */
void gatherer_start(struct gatherer *g, const struct addr *server, const struct addr *host,
		    uint64_t seed, nk_time limit);
void gatherer_end(struct gatherer *g);

extern const struct core_ops gatherer_ops;

/**
 * struct gatherer_plan - A world for one gatherer
 * @nats:	@nat_count, the outermost first; @router[i]: number i is a plain router
 * @link:	Both directions between the outermost (or the host) and the internet
 */
struct gatherer_plan {
	uint64_t seed;
	struct nat_spec nats[GATHERER_NATS];
	bool router[GATHERER_NATS];
	unsigned nat_count;
	struct link_spec link;
	bool one_address;
	nk_time limit;
};

struct gatherer_stage {
	struct world *world;
	struct broker *broker;
	struct gatherer client;
};

/* Runs it to its end; ends the program without memory. gatherer_strike() frees. */
const struct gather_result *gatherer_play(struct gatherer_stage *st,
					  const struct gatherer_plan *plan);
void gatherer_strike(struct gatherer_stage *st);

/* A natbroker at 192.0.2.1, and 198.51.100.1 unless @one_address; ends the program without memory. */
struct broker *gatherer_broker(struct world *w, bool one_address, uint64_t seed);

#endif
