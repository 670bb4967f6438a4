/* A network without clock or cores, and what came of what was sent. */
#ifndef TESTS_SIM_NET_RIG_H
#define TESTS_SIM_NET_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/ip_packets.h"
#include "base/crypto.h"
#include "sim/net.h"
#include "sim/packet_ip.h"

#include "open_nat.h"

/* clang-format off */
#define V6(net, host, p)  {.ip = {0x20, 0x01, 0x0d, 0xb8, 0, net, [15] = host}, .port = p}
/* clang-format on */

static const struct addr server = V4(192, 0, 2, 1, 3478), server6 = V6(0, 1, 3478);
static const struct addr client = V4(100, 64, 0, 2, 5000), client6 = V6(1, 2, 5000);
static const struct addr neighbour = V4(100, 64, 0, 3, 5000);
static const struct addr gateway = V4(100, 64, 0, 1, 0), gateway6 = V6(1, 1, 0);
static const struct addr internet = V4(192, 0, 0, 8, 0);
static const struct addr nowhere = V4(192, 0, 2, 99, 1);

static const struct nat_spec nat = {OPEN_NAT};

#define GOT_MAX 256

struct got {
	int host;
	nk_time at;
	struct packet packet;
};

/* Client and neighbour behind node 0, which is a NAT or a router, and the server outside. */
struct rig {
	struct net *net;
	struct rng rng;
	int client, neighbour, server;
	struct got got[GOT_MAX];
	unsigned count;
	nk_time now;
	char places[256];
	uint8_t bytes[2048];
	size_t len;
};

static inline void deliver(void *user, int host, const struct packet *p, nk_time now)
{
	struct rig *r = user;

	assert_true(r->count < GOT_MAX);
	r->got[r->count++] = (struct got){host, now, *p};
	r->len = p->len;
	if (p->raw)
		r->len = packet_write(p, r->bytes, sizeof(r->bytes));
	else if (p->len <= sizeof(r->bytes))
		memcpy(r->bytes, p->data, p->len);
}

static inline void tap(void *user, enum net_place place, int number, const struct packet *p,
		       nk_time now)
{
	static const char *const names[] = {"host", "in", "out"};
	struct rig *r = user;
	const size_t at = strlen(r->places);

	(void)p, (void)now;
	snprintf(r->places + at, sizeof(r->places) - at, "%s%d ", names[place], number);
}

static inline void rig_open(struct rig *r, const struct nat_spec *spec)
{
	const struct net_hooks hooks = {.deliver = deliver, .tap = tap, .user = r};
	const struct addr inside[] = {gateway, gateway6}, two[] = {client, client6};
	const struct addr servers[] = {server, server6};

	memset(r, 0, sizeof(*r));
	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&r->rng, 1);
	r->net = net_new(&hooks, &r->rng);
	assert_non_null(r->net);
	assert_int_equal(net_add_node(r->net, spec, inside, 2, NET_INTERNET), 0);
	r->client = net_add_host(r->net, two, 2, 0);
	r->neighbour = net_add_host(r->net, &neighbour, 1, 0);
	r->server = net_add_host(r->net, servers, 2, NET_INTERNET);
	assert_true(r->client == 0 && r->neighbour == 1 && r->server == 2);
}

static inline void settle(struct rig *r, nk_time how_long)
{
	const nk_time until = r->now + how_long;

	while (net_next(r->net) <= until) {
		r->now = net_next(r->net) > r->now ? net_next(r->net) : r->now;
		assert_true(net_turn(r->net, r->now));
	}
	assert_false(net_turn(r->net, r->now));
	r->now = until;
}

static inline struct packet udp(struct addr from, struct addr to, size_t payload)
{
	return (struct packet){
		.kind = PACKET_UDP,
		.from = from,
		.to = to,
		.ttl = PACKET_TTL,
		.fragments = 1,
		.size = addr_overhead(&to) + payload,
	};
}

static inline struct packet syn(struct addr from, struct addr to)
{
	struct packet p = udp(from, to, 12);

	p.kind = PACKET_TCP;
	p.flags = PACKET_SYN;
	p.seq = 1000;
	return p;
}

/* Sends a packet without payload and lets it go where it goes within a second. */
static inline void send_packet(struct rig *r, int host, const struct packet *p)
{
	struct packet *out = net_get(r->net, 0);
	uint8_t *data;

	assert_non_null(out);
	data = out->data;
	*out = *p;
	out->data = data;
	r->count = 0;
	r->places[0] = 0;
	net_send(r->net, host, out, r->now);
	settle(r, NK_S);
}

/* What came last is that error, for the client, from there, and about what it sent. */
static inline void expect_error(const struct rig *r, enum packet_error error,
				const struct addr *from, const struct packet *about)
{
	const struct packet *e = &r->got[0].packet;

	assert_int_equal(r->count, 1);
	assert_int_equal(e->kind, PACKET_ERROR);
	assert_int_equal(e->error, error);
	assert_true(addr_same_ip(&e->from, from));
	assert_true(addr_same_ip(&e->to, &about->from));
	assert_true(addr_eq(&e->quote.from, &about->from));
	assert_true(addr_eq(&e->quote.to, &about->to));
	assert_int_equal(e->quote.kind, about->kind);
}

#endif
