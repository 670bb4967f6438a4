/* natmap before a chain of NATs and routers, with a gateway that speaks PCP and NAT-PMP, and a
 * server outside. */
#ifndef TESTS_SIM_MAP_SCENE_H
#define TESTS_SIM_MAP_SCENE_H

#include "core/broker/broker.h"
#include "core/natmap/natmap.h"
#include "sim/plain_server.h"
#include "sim/port_host.h"
#include "sim/world.h"

#define MAP_NODES 6

/* Who serves: natbroker at two addresses of each family, or at one; another's STUN server;
 * nobody. */
enum map_server { MAP_BROKER, MAP_BROKER_ONE, MAP_PLAIN, MAP_NOBODY };

/**
 * struct map_node - A box on the way
 * @spec:	NULL: a router
 * @inside:	Its address there
 * @way:	On which of the two ways a router is
 */
struct map_node {
	const struct nat_spec *spec;
	struct addr inside;
	enum net_way way;
};

/**
 * struct map_plan - What to build
 * @nodes:	@node_count of them, the outermost first
 * @clients:	Addresses of the machine, @client_count of them
 * @gateway:	What the gateway speaks; of neither protocol: nothing
 * @gateway_at:	Number of the node whose inside address it has, the outermost being 0
 * @faults:	Of the plain server; @trials: most that natbroker allows a client, 0: as many as it
 *		usually does
 * @options:	Ways and servers too
 */
struct map_plan {
	uint64_t seed;
	struct map_node nodes[MAP_NODES];
	unsigned node_count;
	struct addr clients[2];
	unsigned client_count;
	struct port_rules gateway;
	unsigned gateway_at;
	enum map_server server;
	unsigned faults, trials;
	struct link_spec link;
	struct natmap_options options;
};

struct map_scene {
	struct world *world;
	struct broker *broker;
	struct plain_server plain;
	struct port_host gateway;
	struct natmap *map;
	int client, nodes[MAP_NODES];
};

/* 192.168.1.2 on the link of the gateway 192.168.1.1, 10 ms from the internet, where 192.0.2.1 and
 * 198.51.100.1 serve; no nodes yet. Everything but the enumeration is asked for, within 1.9 s. */
struct map_plan map_plan(uint64_t seed);

/* One more node, nearer to the machine than those before. */
void map_plan_add(struct map_plan *plan, const struct nat_spec *spec, const char *inside);

/* Such a NAT with timers as Linux has them, at the address. Its memory is the caller's. */
struct nat_spec map_nat(const char *external);

/* Builds it all and starts it; ends the program without memory. map_strike() frees it. */
void map_set(struct map_scene *s, const struct map_plan *plan);
void map_strike(struct map_scene *s);

/* Plays it to its end. Return: the run's status. */
int map_play(struct map_scene *s);

#endif
