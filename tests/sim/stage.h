/* natprobe behind NATs, and a server on the internet, ready to run. */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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
 */
struct stage_plan {
	uint64_t seed;
	struct nat_spec nats[2];
	unsigned nat_count;
	struct link_spec link;
	struct probe_options options;
	bool plain, one_address;
	unsigned faults;
};

struct stage {
	struct world *world;
	struct broker *broker;
	struct plain_server plain;
	struct natprobe *probe;
	int nats[2], client;
};

enum outcome { RIGHT, UNKNOWN, WRONG, OUTCOMES };

/* What the command does without options. */
static inline struct probe_options stage_options(void)
{
	return (struct probe_options){
		.servers = {addr_v4(192, 0, 2, 1, 3478)},
		.server_count = 1,
		.local = addr_any(ADDR_V4, 0),
		.max = 360 * NK_S,
		.resolution = 0.01,
		.mappings = 256,
		.pace = 20 * NK_MS,
	};
}

static inline void stage_seed(uint8_t out[static 32], uint64_t seed, uint8_t which)
{
	memset(out, which, 32);
	memcpy(out, &seed, sizeof(seed));
}

static inline void stage_server(struct stage *st, const struct stage_plan *plan)
{
	const struct addr addrs[] = {addr_v4(192, 0, 2, 1, 0), addr_v4(198, 51, 100, 1, 0)};
	const unsigned count = plan->one_address ? 1 : 2;
	const int host = world_add_host(st->world, addrs, count, -1);
	struct broker_config config = broker_default_config();
	uint8_t seed[32];

	assert_true(host >= 0);
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
	stage_seed(seed, plan->seed, 1);
	st->broker = broker_new(&config, seed);
	assert_non_null(st->broker);
	broker_start(st->broker, 0);
	world_attach(st->world, host, &broker_ops, st->broker);
}

static inline void stage_set(struct stage *st, const struct stage_plan *plan)
{
	const struct addr client = addr_v4(100, 64, 0, 2, 0);
	uint8_t seed[32];
	int behind = -1;

	memset(st, 0, sizeof(*st));
	st->world = world_new(plan->seed);
	assert_non_null(st->world);
	for (unsigned i = 0; i < plan->nat_count; i++)
		behind = st->nats[i] = world_add_nat(st->world, &plan->nats[i], behind);
	st->client = world_add_host(st->world, &client, 1, behind);
	assert_true(st->client >= 0);
	if (plan->nat_count > 0)
		world_set_nat_link(st->world, st->nats[0], &plan->link, &plan->link);
	else
		world_set_link(st->world, st->client, &plan->link, &plan->link);
	stage_server(st, plan);
	stage_seed(seed, plan->seed, 2);
	st->probe = natprobe_new(&plan->options, seed);
	assert_non_null(st->probe);
	natprobe_start(st->probe, 0);
	world_attach(st->world, st->client, &natprobe_ops, st->probe);
}

static inline void stage_strike(struct stage *st)
{
	natprobe_free(st->probe);
	broker_free(st->broker);
	world_free(st->world);
}

/* Seconds by which a timeout may be off. */
static inline double tolerance(double truth)
{
	return fmax(0.01 * truth, 0.25);
}

static inline enum outcome judge_class(const struct class_finding *f, enum nat_behaviour truth)
{
	if (f->cls == CLASS_UNKNOWN)
		return UNKNOWN;
	return f->cls == CLASS_ENDPOINT_INDEPENDENT + (enum nat_class)truth ? RIGHT : WRONG;
}

static inline enum outcome judge_fact(const struct fact *f, bool truth)
{
	if (f->answer == TRI_UNKNOWN)
		return UNKNOWN;
	return (f->answer == TRI_YES) == truth ? RIGHT : WRONG;
}

static inline enum outcome judge_time(const struct measured *m, double truth)
{
	if (m->known)
		return fabs(m->value - truth) <= tolerance(truth) ? RIGHT : WRONG;
	return m->at_least > truth + tolerance(truth) ? WRONG : UNKNOWN;
}

#endif
