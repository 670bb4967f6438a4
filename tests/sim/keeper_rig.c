#include "keeper_rig.h"

#include <stdlib.h>
#include <string.h>

#define REGISTRATIONS 64
#define STEP          (60 * NK_S) /* between two looks at the events, which are bounded */

static void need(bool holds)
{
	if (!holds)
		abort();
}

struct nat_spec rig_nat(nk_time timeout)
{
	struct nat_spec spec = {OPEN_NAT};

	spec.filtering = NAT_APD;
	spec.t_first = spec.t_replied = spec.t_stream = timeout;
	return spec;
}

void rig_open(struct rig *r, const struct nat_spec *nat, double loss, uint64_t seed)
{
	const struct link_spec link = {.delay = RIG_ONE_WAY, .loss = loss};
	const struct addr inside = addr_v4(10, 0, 0, 2, 0);

	need(crypto_init() == 0);
	memset(r, 0, sizeof(*r));
	rng_seed_from_number(&r->rng, seed);
	r->world = world_new(seed);
	need(r->world != NULL);
	r->nat = world_add_nat(r->world, nat, -1);
	need(r->nat >= 0);
	r->client = world_add_host(r->world, &inside, 1, r->nat);
	need(r->client >= 0);
	world_set_link(r->world, r->client, &link, &link);
}

void rig_close(struct rig *r)
{
	keeper_free(r->keeper);
	world_free(r->world);
	for (unsigned i = 0; i < r->servers; i++)
		broker_free(r->broker[i]);
}

struct addr rig_server_addr(unsigned i)
{
	return addr_v4(192, 0, 2, (uint8_t)(i + 1), 3478);
}

static struct addr alternate_of(unsigned i)
{
	return addr_v4(198, 51, 100, (uint8_t)(i + 1), 0);
}

static void serve_as_broker(struct rig *r, unsigned i, unsigned registrations)
{
	struct broker_config config = broker_default_config();
	uint8_t seed[32];

	config.listen[0] = addr_with_port(rig_server_addr(i), 0);
	config.listen[1] = alternate_of(i);
	config.listen_count = r->kind[i] == RIG_BROKER_TWO ? 2 : 1;
	config.sessions_max = config.trials_max = 64;
	config.registrations_max = REGISTRATIONS;
	config.registrations_per_ip = registrations;
	rng_bytes(&r->rng, seed, sizeof(seed));
	broker_free(r->broker[i]);
	r->broker[i] = broker_new(&config, seed);
	need(r->broker[i] != NULL);
	broker_start(r->broker[i], world_now(r->world));
	world_attach(r->world, r->server[i], &broker_ops, r->broker[i]);
}

void rig_revive(struct rig *r, unsigned i)
{
	const struct addr at = rig_server_addr(i);

	if (r->kind[i] != RIG_STUN) {
		serve_as_broker(r, i, REGISTRATIONS);
		return;
	}
	plain_server_start(&r->stun[i], &at, NULL, 0, i);
	world_attach(r->world, r->server[i], &plain_server_ops, &r->stun[i]);
}

void rig_full(struct rig *r, unsigned i)
{
	serve_as_broker(r, i, 0);
}

void rig_kill(struct rig *r, unsigned i)
{
	world_attach(r->world, r->server[i], NULL, NULL);
}

void rig_add(struct rig *r, enum rig_server kind)
{
	const unsigned i = r->servers++;
	const struct addr at[] = {addr_with_port(rig_server_addr(i), 0), alternate_of(i)};

	r->kind[i] = kind;
	r->server[i] = world_add_host(r->world, at, kind == RIG_BROKER_TWO ? 2 : 1, -1);
	need(r->server[i] >= 0);
	rig_revive(r, i);
	r->options.targets[r->options.target_count++] = (struct keeper_target){
		.kind = KEEPER_STUN,
		.addr = rig_server_addr(i),
	};
}

void rig_start(struct rig *r)
{
	r->keeper = keeper_new(&r->options, &r->rng, world_now(r->world));
	need(r->keeper != NULL);
	world_attach(r->world, r->client, &keeper_ops, r->keeper);
}

static void listen(struct rig *r)
{
	while (r->told_count < RIG_EVENTS && keeper_next_event(r->keeper, &r->told[r->told_count]))
		r->told_count++;
}

void rig_wait(struct rig *r, nk_time d)
{
	const nk_time end = world_now(r->world) + d;

	while (world_now(r->world) < end) {
		world_run(r->world, NULL, nk_min(end, world_now(r->world) + STEP));
		listen(r);
	}
}

static bool is_it(const struct keeper_event *e, enum keeper_event_kind kind, unsigned target)
{
	return e->kind == kind && (target == KEEPER_TARGETS_MAX || e->target == target);
}

unsigned rig_count(const struct rig *r, enum keeper_event_kind kind, unsigned target)
{
	unsigned count = 0;

	for (unsigned i = 0; i < r->told_count; i++)
		count += is_it(&r->told[i], kind, target);
	return count;
}

const struct keeper_event *rig_last(const struct rig *r, enum keeper_event_kind kind)
{
	for (unsigned i = r->told_count; i-- > 0;)
		if (r->told[i].kind == kind)
			return &r->told[i];
	return NULL;
}

struct keeper_result rig_result(struct rig *r)
{
	struct keeper_result out;

	keeper_result(r->keeper, &out, world_now(r->world));
	return out;
}
