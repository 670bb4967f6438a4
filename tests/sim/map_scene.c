#include "map_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "map scene: no memory, no room in the world, or no address\n");
	abort();
}

static struct addr at(const char *text)
{
	struct addr a;

	need(addr_parse(&a, text, 0) == 0);
	return a;
}

struct map_plan map_plan(uint64_t seed)
{
	return (struct map_plan){
		.seed = seed,
		.clients = {at("192.168.1.2")},
		.client_count = 1,
		.link = {.delay = 10 * NK_MS, .jitter = NK_MS},
		.options =
			{
				.servers = {addr_v4(192, 0, 2, 1, 3478)},
				.server_count = 1,
				.ways = {{.gateway = at("192.168.1.1"),
					  .local = at("192.168.1.2"),
					  .interface = "eth0"}},
				.way_count = 1,
				.max = 60 * NK_S,
				.mappings = 512,
				.pace = 5 * NK_MS,
				.protocols = PORTMAP_ALL,
				.limit = 1900 * NK_MS,
			},
	};
}

void map_plan_add(struct map_plan *plan, const struct nat_spec *spec, const char *inside)
{
	need(plan->node_count < MAP_NODES);
	plan->nodes[plan->node_count++] = (struct map_node){.spec = spec, .inside = at(inside)};
}

struct nat_spec map_nat(const char *external)
{
	struct nat_spec spec = stage_linux(30, 120);

	spec.external[0] = at(external);
	return spec;
}

static void set_server(struct map_scene *s, const struct map_plan *plan)
{
	const struct addr addrs[] = {at("192.0.2.1"), at("198.51.100.1"), at("2001:db8:2::1"),
				     at("2001:db8:3::1")};
	const int host = world_add_host(s->world, addrs, 4, -1);
	struct broker_config config = broker_default_config();
	uint8_t seed[32] = {1};

	need(host >= 0);
	memcpy(seed + 1, &plan->seed, sizeof(plan->seed));
	if (plan->server == MAP_NOBODY)
		return;
	if (plan->server == MAP_PLAIN) {
		plain_server_start(&s->plain, &addrs[0], &addrs[1], plan->faults, plan->seed);
		world_attach(s->world, host, &plain_server_ops, &s->plain);
		return;
	}
	config.listen_count = plan->server == MAP_BROKER_ONE ? 1 : 4;
	memcpy(config.listen, addrs, config.listen_count * sizeof(addrs[0]));
	config.sessions_max = 16;
	config.trials_max = 1024;
	if (plan->trials != 0)
		config.trials_per_ip = plan->trials;
	config.registrations_max = 1;
	s->broker = broker_new(&config, seed);
	need(s->broker != NULL);
	broker_start(s->broker, 0);
	world_attach(s->world, host, &broker_ops, s->broker);
}

static void set_gateway(struct map_scene *s, const struct map_plan *plan)
{
	const struct map_node *n = &plan->nodes[plan->gateway_at];
	const struct addr none = {.port = 0};
	int host;

	if (!plan->gateway.pcp && !plan->gateway.nat_pmp)
		return;
	host = world_add_host(s->world, &n->inside, 1, s->nodes[plan->gateway_at]);
	need(host >= 0);
	port_host_start(&s->gateway, s->world, host, s->nodes[plan->gateway_at], &n->inside, &none,
			&plan->gateway, plan->seed);
}

void map_set(struct map_scene *s, const struct map_plan *plan)
{
	uint8_t seed[32] = {2};
	int behind = -1;

	memset(s, 0, sizeof(*s));
	s->world = world_new(plan->seed);
	need(s->world != NULL);
	for (unsigned i = 0; i < plan->node_count; i++) {
		behind = s->nodes[i] = world_add_node(s->world, plan->nodes[i].spec,
						      &plan->nodes[i].inside, 1, behind);
		need(behind >= 0);
		world_set_way(s->world, behind, plan->nodes[i].way);
	}
	s->client = world_add_host(s->world, plan->clients, plan->client_count, behind);
	need(s->client >= 0);
	if (plan->node_count > 0)
		world_set_nat_link(s->world, s->nodes[0], &plan->link, &plan->link);
	else
		world_set_link(s->world, s->client, &plan->link, &plan->link);
	set_server(s, plan);
	set_gateway(s, plan);
	memcpy(seed + 1, &plan->seed, sizeof(plan->seed));
	s->map = natmap_new(&plan->options, false, seed);
	need(s->map != NULL);
	world_run(s->world, NULL, NK_MS); /* those who serve are there first */
	natmap_start(s->map, world_now(s->world));
	world_attach(s->world, s->client, &natmap_ops, s->map);
}

void map_strike(struct map_scene *s)
{
	world_free(s->world);
	broker_free(s->broker);
	natmap_free(s->map);
}

int map_play(struct map_scene *s)
{
	return world_run(s->world, s->map, 600 * NK_S);
}
