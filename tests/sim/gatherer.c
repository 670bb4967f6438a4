#include "gatherer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "gatherer: no memory, or no room in the world\n");
	abort();
}

void gatherer_start(struct gatherer *g, const struct addr *server, const struct addr *host,
		    uint64_t seed, nk_time limit)
{
	*g = (struct gatherer){
		.config =
			{
				.broker = {*server},
				.socket = {GATHERER_MAIN},
				.have = {true},
				.first_socket = GATHERER_OWN,
				.want_fresh = true,
				.fresh_socket = GATHERER_FRESH,
				.hosts = {*host},
				.host_count = 1,
				.limit = limit,
			},
	};
	rng_seed_from_number(&g->rng, seed);
}

void gatherer_end(struct gatherer *g)
{
	gather_free(g->gather);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct gatherer *g = core;

	if (ev->kind == EVENT_OPENED && ev->id == GATHERER_MAIN) {
		g->config.local[0] = ev->local;
		g->gather = gather_new(&g->config, &g->rng, now);
		need(g->gather != NULL);
	} else if (g->gather != NULL) {
		gather_input(g->gather, ev, now);
	}
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct gatherer *g = core;

	if (!g->asked) {
		g->asked = true;
		*action = (struct action){.kind = ACTION_OPEN,
					  .id = GATHERER_MAIN,
					  .socket = SOCKET_UDP,
					  .local = addr_any(ADDR_V4, 0)};
		return true;
	}
	return g->gather != NULL && gather_output(g->gather, action, now);
}

static nk_time deadline(const void *core)
{
	const struct gatherer *g = core;

	return g->gather == NULL ? NK_NEVER : gather_deadline(g->gather);
}

static int status(const void *core)
{
	const struct gatherer *g = core;

	return g->gather == NULL ? CORE_BUSY : gather_status(g->gather);
}

const struct core_ops gatherer_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

struct broker *gatherer_broker(struct world *w, bool one_address, uint64_t seed)
{
	const struct addr addrs[] = {addr_v4(192, 0, 2, 1, 0), addr_v4(198, 51, 100, 1, 0)};
	const unsigned count = one_address ? 1 : 2;
	const int host = world_add_host(w, addrs, count, -1);
	struct broker_config config = broker_default_config();
	uint8_t bytes[32] = {1};
	struct broker *b;

	need(host >= 0);
	config.listen_count = count;
	memcpy(config.listen, addrs, sizeof(addrs));
	config.sessions_max = 16;
	config.trials_max = 16;
	config.registrations_max = 1;
	memcpy(bytes + 1, &seed, sizeof(seed));
	b = broker_new(&config, bytes);
	need(b != NULL);
	broker_start(b, world_now(w));
	world_attach(w, host, &broker_ops, b);
	return b;
}

const struct gather_result *gatherer_play(struct gatherer_stage *st,
					  const struct gatherer_plan *plan)
{
	const struct addr client = addr_v4(100, 64, 0, 2, 0), server = addr_v4(192, 0, 2, 1, 3478);
	int behind = -1, host;

	st->world = world_new(plan->seed);
	need(st->world != NULL);
	for (unsigned i = 0; i < plan->nat_count; i++) {
		behind = world_add_nat(st->world, plan->router[i] ? NULL : &plan->nats[i], behind);
		need(behind >= 0);
		if (i == 0)
			world_set_nat_link(st->world, behind, &plan->link, &plan->link);
	}
	host = world_add_host(st->world, &client, 1, behind);
	need(host >= 0);
	if (plan->nat_count == 0)
		world_set_link(st->world, host, &plan->link, &plan->link);
	st->broker = gatherer_broker(st->world, plan->one_address, plan->seed);
	gatherer_start(&st->client, &server, &client, plan->seed, plan->limit);
	world_attach(st->world, host, &gatherer_ops, &st->client);
	world_run(st->world, &st->client, 60 * NK_S);
	need(st->client.gather != NULL);
	return gather_result(st->client.gather);
}

void gatherer_strike(struct gatherer_stage *st)
{
	gatherer_end(&st->client);
	broker_free(st->broker);
	world_free(st->world);
}
