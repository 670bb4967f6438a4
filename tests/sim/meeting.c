#include "meeting.h"

#include <stdlib.h>
#include <string.h>

#include "core/broker/ledger.h"

#define SOCKET 1
#define STEP   (5 * NK_MS)

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void open_socket(struct action *action)
{
	action->kind = ACTION_OPEN;
	action->id = SOCKET;
	action->socket = SOCKET_UDP;
	action->local = addr_any(ADDR_V4, 5000);
	action->peer = (struct addr){0};
}

static void answer(struct listening *l, nk_time now)
{
	uint8_t reversed[RENDEZVOUS_BODY_MAX];

	while (registration_next_ring(l->registration, &l->last)) {
		l->rings++;
		for (size_t i = 0; i < l->last.len; i++)
			reversed[i] = l->last.offer[l->last.len - 1 - i];
		if (!l->silent)
			registration_answer(l->registration, &l->last, reversed, l->last.len,
					    l->relay, now);
	}
	while (registration_next_relayed(l->registration, &l->last)) {
		l->relayed++;
		registration_relay(l->registration, &l->last, l->last.offer, l->last.len);
	}
}

static void listening_input(void *core, const struct event *ev, nk_time now)
{
	struct listening *l = core;
	const struct registration_config config = {
		.socket = SOCKET, .broker = l->broker, .identity = &l->identity};

	if (ev->kind == EVENT_OPENED && l->registration == NULL) {
		l->registration = registration_new(&config, &l->rng, now);
		need(l->registration != NULL);
	}
	if (l->registration != NULL && registration_input(l->registration, ev, now))
		answer(l, now);
}

static bool listening_output(void *core, struct action *action, nk_time now)
{
	struct listening *l = core;

	if (!l->opened) {
		l->opened = true;
		open_socket(action);
		return true;
	}
	return l->registration != NULL && registration_output(l->registration, action, now);
}

static nk_time listening_deadline(const void *core)
{
	const struct listening *l = core;

	return l->registration != NULL ? registration_deadline(l->registration) : NK_NEVER;
}

static int busy(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops listening_ops = {
	.input = listening_input,
	.output = listening_output,
	.deadline = listening_deadline,
	.status = busy,
};

static void calling_input(void *core, const struct event *ev, nk_time now)
{
	struct calling *c = core;
	uint8_t body[RENDEZVOUS_BODY_MAX];
	struct rung answer;
	size_t len;

	if (!ring_input(c->ring, ev, now))
		return;
	if (ring_state(c->ring) == RING_READY && !c->offered) {
		c->offered = true;
		need(ring_offer(c->ring, c->offer, sizeof(c->offer), now) == 0);
	}
	while (ring_next_answer(c->ring, &answer)) {
		if (c->answers++ > 0)
			continue;
		memcpy(c->answer, answer.offer, answer.len);
		c->answer_len = answer.len;
		c->answered_at = now;
		ring_settled(c->ring);
	}
	while (ring_next_relayed(c->ring, body, &len))
		c->relayed++;
}

static bool calling_output(void *core, struct action *action, nk_time now)
{
	struct calling *c = core;

	if (!c->opened) {
		c->opened = true;
		open_socket(action);
		return true;
	}
	if (c->relays > 0 && c->next_relay <= now) {
		c->relays--;
		c->next_relay = now + NK_S;
		ring_relay(c->ring, c->offer, sizeof(c->offer));
	}
	return ring_output(c->ring, action, now);
}

static nk_time calling_deadline(const void *core)
{
	const struct calling *c = core;

	return nk_min(c->relays > 0 ? c->next_relay : NK_NEVER, ring_deadline(c->ring));
}

static const struct core_ops calling_ops = {
	.input = calling_input,
	.output = calling_output,
	.deadline = calling_deadline,
	.status = busy,
};

static int add_client(struct meeting *m, uint8_t network, double loss, int *nat)
{
	const struct link_spec link = {.delay = MEETING_ONE_WAY, .loss = loss};
	const struct addr inside = addr_v4(10, 0, network, 2, 0);
	struct nat_spec spec = {OPEN_NAT};
	int host;

	spec.filtering = NAT_APD;
	spec.external[0] = addr_v4(203, 0, 113, network, 0);
	*nat = world_add_nat(m->world, &spec, -1);
	need(*nat >= 0);
	host = world_add_host(m->world, &inside, 1, *nat);
	need(host >= 0);
	world_set_link(m->world, host, &link, &link);
	return host;
}

static void new_broker(struct meeting *m, uint64_t seed)
{
	struct rng rng;
	uint8_t bytes[32];

	broker_free(m->broker);
	rng_seed_from_number(&rng, seed);
	rng_bytes(&rng, bytes, sizeof(bytes));
	m->broker = broker_new(&m->config, bytes);
	need(m->broker != NULL);
}

static void start_broker(struct meeting *m)
{
	broker_start(m->broker, world_now(m->world));
	world_attach(m->world, m->broker_host, &broker_ops, m->broker);
}

void meeting_restart_broker(struct meeting *m, uint64_t seed)
{
	new_broker(m, seed);
	start_broker(m);
}

int meeting_restart_from(struct meeting *m, uint64_t seed, const uint8_t *ledger, size_t len)
{
	int known;

	new_broker(m, seed);
	known = ledger_read(m->broker, ledger, len, 0, world_now(m->world));
	start_broker(m);
	return known;
}

void meeting_stop_broker(struct meeting *m)
{
	world_attach(m->world, m->broker_host, NULL, NULL);
	broker_free(m->broker);
	m->broker = NULL;
}

void meeting_open(struct meeting *m, struct broker_config config, double loss, uint64_t seed)
{
	uint8_t secret[32] = {1, 2, 3};

	need(crypto_init() == 0);
	memset(m, 0, sizeof(*m));
	config.listen[0] = addr_v4(192, 0, 2, 1, 0);
	config.listen_count = 1;
	m->config = config;
	m->broker_addr = addr_with_port(config.listen[0], config.port);
	m->world = world_new(seed);
	need(m->world != NULL);
	m->broker_host = world_add_host(m->world, config.listen, 1, -1);
	need(m->broker_host >= 0);
	m->listener_host = add_client(m, 1, loss, &m->listener_nat);
	m->caller_host = add_client(m, 2, loss, &m->caller_nat);
	meeting_restart_broker(m, seed);

	identity_from_seed(&m->listener.identity, secret);
	m->listener.broker = m->broker_addr;
	rng_seed_from_number(&m->listener.rng, seed + 1);
	world_attach(m->world, m->listener_host, &listening_ops, &m->listener);
}

void meeting_close(struct meeting *m)
{
	registration_free(m->listener.registration);
	ring_free(m->caller.ring);
	world_free(m->world);
	broker_free(m->broker);
}

void meeting_ring(struct meeting *m, const uint8_t key[static 32])
{
	struct ring_config config = {.socket = SOCKET, .broker = m->broker_addr};

	ring_free(m->caller.ring);
	memset(&m->caller, 0, sizeof(m->caller));
	memcpy(config.callee, key, sizeof(config.callee));
	for (size_t i = 0; i < sizeof(m->caller.offer); i++)
		m->caller.offer[i] = (uint8_t)i;
	rng_seed_from_number(&m->caller.rng, 77);
	m->caller.ring = ring_new(&config, &m->caller.rng, world_now(m->world));
	need(m->caller.ring != NULL);
	world_attach(m->world, m->caller_host, &calling_ops, &m->caller);
}

void meeting_wait(struct meeting *m, nk_time d)
{
	world_run(m->world, NULL, world_now(m->world) + d);
}

bool meeting_until_held(struct meeting *m, nk_time within)
{
	const nk_time end = world_now(m->world) + within;

	while (m->listener.registration == NULL ||
	       registration_state(m->listener.registration) != REGISTRATION_HELD) {
		if (world_now(m->world) >= end)
			return false;
		meeting_wait(m, STEP);
	}
	return true;
}

bool meeting_until_answered(struct meeting *m, nk_time within)
{
	const nk_time end = world_now(m->world) + within;

	while (m->caller.answers == 0 && world_now(m->world) < end)
		meeting_wait(m, STEP);
	return m->caller.answers > 0;
}

void meeting_relay(struct meeting *m, unsigned packets)
{
	m->caller.relays = packets;
	world_tell(m->world, m->caller_host, &(struct event){.kind = EVENT_RESUMED});
}
