#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "stage: no memory, or no room in the world\n");
	abort();
}

struct probe_options stage_options(void)
{
	return (struct probe_options){
		.servers = {addr_v4(192, 0, 2, 1, 3478)},
		.server_count = 1,
		.local = addr_any(ADDR_V4, 0),
		.max = 360 * NK_S,
		.resolution = 0.01,
		.mappings = 256,
		.pace = 20 * NK_MS,
		.icmp = true,
	};
}

struct nat_spec stage_linux(unsigned first, unsigned stream)
{
	return (struct nat_spec){
		.translate = true,
		.mapping = NAT_EI,
		.filtering = NAT_APD,
		.ports = NAT_PORTS_PRESERVE,
		.t_first = first * NK_S,
		.t_replied = first * NK_S,
		.t_stream = stream * NK_S,
		.stream_after = 2 * NK_S,
		.refresh_out = true,
		.refresh_in = true,
		.flow_timers = true,
		.external = {addr_v4(203, 0, 113, 1, 0)},
		.external_count = 1,
	};
}

struct stage_plan stage_plan(const struct nat_spec *nat, uint64_t seed)
{
	struct stage_plan plan = {
		.seed = seed,
		.link = {.delay = 10 * NK_MS, .jitter = NK_MS},
		.options = stage_options(),
	};

	if (nat != NULL) {
		plan.nats[0] = *nat;
		plan.nat_count = 1;
	}
	return plan;
}

static void seed_of(uint8_t out[static 32], uint64_t seed, uint8_t which)
{
	memset(out, which, 32);
	memcpy(out, &seed, sizeof(seed));
}

static void set_server(struct stage *st, const struct stage_plan *plan)
{
	const struct addr addrs[] = {addr_v4(192, 0, 2, 1, 0), addr_v4(198, 51, 100, 1, 0)};
	const unsigned count = plan->one_address ? 1 : 2;
	const int host = world_add_host(st->world, addrs, count, -1);
	struct broker_config config = broker_default_config();
	uint8_t seed[32];

	need(host >= 0);
	if (plan->plain) {
		plain_server_start(&st->plain, &addrs[0], count == 2 ? &addrs[1] : NULL,
				   plan->faults, plan->seed);
		world_attach(st->world, host, &plain_server_ops, &st->plain);
		return;
	}
	config.listen_count = count;
	memcpy(config.listen, addrs, sizeof(addrs));
	config.sessions_max = 16;
	config.trials_max = 1024;
	if (plan->room > 0)
		config.trials_per_ip = plan->room;
	config.registrations_max = 1;
	seed_of(seed, plan->seed, 1);
	st->broker = broker_new(&config, seed);
	need(st->broker != NULL);
	broker_start(st->broker, 0);
	world_attach(st->world, host, &broker_ops, st->broker);
}

void stage_set(struct stage *st, const struct stage_plan *plan)
{
	const struct addr client = addr_v4(100, 64, 0, 2, 0);
	uint8_t seed[32];
	int behind = -1;

	memset(st, 0, sizeof(*st));
	st->world = world_new(plan->seed);
	need(st->world != NULL);
	need(plan->pcap == NULL || world_write_pcap(st->world, plan->pcap));
	for (unsigned i = 0; i < plan->nat_count; i++) {
		behind = st->nats[i] = world_add_nat(st->world, &plan->nats[i], behind);
		need(behind >= 0);
	}
	st->client = world_add_host(st->world, &client, 1, behind);
	need(st->client >= 0);
	if (plan->nat_count > 0)
		world_set_nat_link(st->world, st->nats[0], &plan->link, &plan->link);
	else
		world_set_link(st->world, st->client, &plan->link, &plan->link);
	set_server(st, plan);
	seed_of(seed, plan->seed, 2);
	st->probe = natprobe_new(&plan->options, seed);
	need(st->probe != NULL);
	natprobe_start(st->probe, 0);
	world_attach(st->world, st->client, &natprobe_ops, st->probe);
}

void stage_strike(struct stage *st)
{
	natprobe_free(st->probe);
	broker_free(st->broker);
	world_free(st->world);
}
