/*
 * A network of NATs in NATs of every kind, with bad links and any packets at all, that changes all
 * the time: nothing is read or written that should not be, no packet goes round for ever, and the
 * same seed gives the same run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../unit/ip_packets.h"
#include "base/crypto.h"
#include "sim/dict.h"
#include "sim/net.h"
#include "sim/packet_ip.h"

#define NODES  12
#define HOSTS  24
#define EVENTS 20000

struct run {
	struct net *net;
	struct rng rng;
	nk_time now;
	uint64_t trace, delivered;
};

static uint32_t below(struct run *r, uint32_t n)
{
	return rng_below(&r->rng, n);
}

static bool chance(struct run *r, uint32_t one_in)
{
	return below(r, one_in) == 0;
}

/* One of few addresses, so that packets meet; some are nobody's, some a NAT64's. */
static struct addr any_addr(struct run *r, bool v4)
{
	static const uint8_t nets[][12] = {{0x20, 0x01, 0x0d, 0xb8}, {0, 0x64, 0xff, 0x9b}};
	const uint16_t port = (uint16_t)below(r, 6);
	struct addr a = addr_v4(100, 64, 0, (uint8_t)below(r, NODES + HOSTS + 2), port);

	if (!v4)
		memcpy(a.ip, nets[chance(r, 4)], sizeof(nets[0]));
	return a;
}

static nk_time any_time(struct run *r)
{
	return (1 + below(r, 20)) * NK_S;
}

static struct nat_spec any_spec(struct run *r)
{
	return (struct nat_spec){
		.translate = !chance(r, 4),
		.nat64 = chance(r, 4),
		.mapping = (enum nat_behaviour)below(r, 3),
		.filtering = (enum nat_behaviour)below(r, 3),
		.ports = (enum nat_ports)below(r, 3),
		.t_first = any_time(r),
		.t_replied = any_time(r),
		.t_stream = any_time(r),
		.refresh_out = !chance(r, 4),
		.refresh_in = chance(r, 2),
		.flow_timers = chance(r, 2),
		.hairpin = (enum nat_hairpin)below(r, 3),
		.quota = chance(r, 2) ? below(r, 5) : 0,
		.quota_policy = (enum nat_quota)below(r, 3),
		.full_answer = (enum nat_answer)below(r, 4),
		.self_clash = chance(r, 4),
		.ttl_first = chance(r, 2),
		.syn_answer = (enum nat_answer)below(r, 4),
		.syn_hold = chance(r, 2) ? any_time(r) : 0,
		.tcp_pickup = chance(r, 2),
		.tcp_lost = (enum nat_answer)below(r, 4),
		.fragments = (enum nat_fragments)below(r, 3),
		.alg = chance(r, 4),
		.external = {any_addr(r, true), any_addr(r, false)},
		.external_count = 1 + below(r, 2),
	};
}

static struct link_spec any_link(struct run *r)
{
	return (struct link_spec){
		.delay = below(r, 50) * NK_MS,
		.jitter = below(r, 5) * NK_MS,
		.loss = chance(r, 4) ? 0.2 : 0,
		.duplicate = chance(r, 4) ? 0.2 : 0,
		.reorder = chance(r, 4) ? 0.2 : 0,
		.reorder_by = 10 * NK_MS,
		.mtu = chance(r, 2) ? 60 + below(r, 1500) : 0,
	};
}

static void deliver(void *user, int host, const struct packet *p, nk_time now)
{
	static uint8_t bytes[4096];
	struct run *r = user;

	r->delivered++;
	r->trace = dict_hash(&now, sizeof(now), r->trace + (uint64_t)host);
	r->trace = dict_hash(bytes, packet_write(p, bytes, sizeof(bytes)), r->trace);
}

static void send_made(struct run *r)
{
	const bool v4 = chance(r, 2);
	struct packet *p = net_get(r->net, 0);

	assert_non_null(p);
	p->kind = (enum packet_kind)below(r, 5);
	p->from = any_addr(r, v4);
	p->to = any_addr(r, v4);
	if (p->kind == PACKET_QUERY)
		p->to.port = p->from.port;
	else if (p->kind == PACKET_ERROR || p->kind == PACKET_OTHER)
		p->to.port = p->from.port = 0;
	p->ttl = (uint8_t)below(r, 8);
	p->dont_fragment = v4 && chance(r, 2);
	p->reply = chance(r, 2);
	p->flags = (uint8_t)below(r, 32);
	p->error = (enum packet_error)below(r, PACKET_ERROR_OTHER);
	p->quote = (struct packet_quote){
		.kind = (enum packet_kind)below(r, 5),
		.from = any_addr(r, v4),
		.to = any_addr(r, v4),
		.size = 48 + below(r, 1500),
	};
	p->size = 96 + below(r, 3000);
	net_send(r->net, (int)below(r, HOSTS), p, r->now);
}

/* What Linux once sent, from someone else. */
static void send_real(struct run *r)
{
	size_t len;
	uint8_t *bytes = linux_bytes(below(r, LINUX_PACKETS), &len);
	struct packet *p = net_get(r->net, len);
	bool v4;

	assert_non_null(p);
	memcpy(p->data, bytes, len);
	free(bytes);
	p->len = len;
	assert_int_equal(packet_read(p), 0);
	v4 = addr_family(&p->to) == ADDR_V4;
	p->from = addr_with_port(any_addr(r, v4), p->from.port);
	p->to = addr_with_port(any_addr(r, v4), p->to.port);
	p->ttl = (uint8_t)below(r, 8);
	net_send(r->net, (int)below(r, HOSTS), p, r->now);
}

static void change(struct run *r)
{
	const int node = (int)below(r, NODES), host = (int)below(r, HOSTS);
	const struct link_spec up = any_link(r), down = any_link(r);
	const struct nat_spec spec = any_spec(r);
	const struct addr to = any_addr(r, chance(r, 2));

	switch (below(r, 5)) {
	case 0:
		net_set_link(r->net, host, &up, &down);
		break;
	case 1:
		net_set_node_link(r->net, node, &up, &down);
		break;
	case 2:
		assert_true(net_readdress_host(r->net, host, 0, &to));
		break;
	case 3:
		assert_true(net_reboot(r->net, node));
		break;
	default:
		assert_true(net_replace_nat(r->net, node, &spec));
	}
}

static void build(struct run *r)
{
	const struct net_hooks hooks = {.deliver = deliver, .user = r};

	r->net = net_new(&hooks, &r->rng);
	assert_non_null(r->net);
	for (int i = 0; i < NODES; i++) {
		const struct nat_spec spec = any_spec(r);
		const struct addr inside[] = {any_addr(r, true), any_addr(r, false)};

		assert_int_equal(net_add_node(r->net, chance(r, 4) ? NULL : &spec, inside,
					      below(r, 3), (int)below(r, (uint32_t)i + 1) - 1),
				 i);
	}
	for (int i = 0; i < HOSTS; i++) {
		const struct addr addrs[] = {any_addr(r, true), any_addr(r, false)};

		assert_int_equal(net_add_host(r->net, addrs, 2, (int)below(r, NODES + 1) - 1), i);
	}
}

/* All that is due until then; a packet makes few steps, whatever it meets. */
static void settle(struct run *r, nk_time until)
{
	for (unsigned steps = 0; net_next(r->net) <= until; steps++) {
		assert_true(steps < 10000);
		r->now = nk_max(r->now, net_next(r->net));
		assert_true(net_turn(r->net, r->now));
	}
	r->now = until;
}

static uint64_t run(uint64_t seed)
{
	struct run r = {.delivered = 0};

	rng_seed_from_number(&r.rng, seed);
	build(&r);
	for (unsigned i = 0; i < EVENTS; i++) {
		if (chance(&r, 100))
			change(&r);
		if (chance(&r, 2))
			send_made(&r);
		else
			send_real(&r);
		settle(&r, r.now + below(&r, 20) * NK_MS);
	}
	settle(&r, r.now + 60 * NK_S);
	assert_true(net_next(r.net) == NK_NEVER);
	assert_true(r.delivered > EVENTS / 20);
	net_free(r.net);
	return r.trace;
}

static void test_random(void **state)
{
	uint64_t first;

	(void)state;
	assert_int_equal(crypto_init(), 0);
	first = run(1);
	assert_true(run(1) == first);
	for (uint64_t seed = 2; seed < 12; seed++)
		assert_true(run(seed) != first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
