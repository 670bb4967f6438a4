/* One NAT on a bench: packets in, packets out, and a clock that the test turns. */
#ifndef TESTS_SIM_NAT_BENCH_H
#define TESTS_SIM_NAT_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "sim/nat.h"

static struct rng rng;

static inline struct addr x(uint16_t port)
{
	return addr_v4(100, 64, 0, 2, port);
}

static inline struct addr remote(uint8_t host, uint16_t port)
{
	return addr_v4(192, 0, 2, host, port);
}

static inline struct nat_spec plain_spec(void)
{
	return (struct nat_spec){
		.translate = true,
		.mapping = NAT_EI,
		.filtering = NAT_EI,
		.ports = NAT_PORTS_PRESERVE,
		.t_first = 30 * NK_S,
		.t_replied = 60 * NK_S,
		.t_stream = 120 * NK_S,
		.stream_after = 2 * NK_S,
		.refresh_out = true,
		.refresh_in = true,
		.external = {addr_v4(203, 0, 113, 1, 0)},
		.external_count = 1,
	};
}

static inline struct nat *make(const struct nat_spec *spec)
{
	struct nat *n;

	rng_seed_from_number(&rng, 1);
	n = nat_new(spec, &rng);
	assert_non_null(n);
	return n;
}

static inline struct packet udp(struct addr from, struct addr to)
{
	return (struct packet){
		.kind = PACKET_UDP, .from = from, .to = to, .ttl = 64, .fragments = 1};
}

static inline bool passes_out(struct nat *n, struct packet *p, nk_time at)
{
	enum nat_answer answer;

	return nat_out(n, p, &answer, at) == NAT_PASS;
}

static inline bool passes_in(struct nat *n, struct packet *p, nk_time at)
{
	enum nat_answer answer;

	return nat_in(n, p, &answer, at) == NAT_PASS;
}

/* How the outside sees a packet from @from, or all zero if it does not go through. */
static inline struct addr out(struct nat *n, struct addr from, struct addr to, nk_time at)
{
	struct packet p = udp(from, to);

	return passes_out(n, &p, at) ? p.from : (struct addr){.port = 0};
}

/* The inside endpoint that a packet reaches, or all zero. */
static inline struct addr in(struct nat *n, struct addr from, struct addr to, nk_time at)
{
	struct packet p = udp(from, to);

	return passes_in(n, &p, at) ? p.to : (struct addr){.port = 0};
}

static inline bool reaches(struct nat *n, struct addr from, struct addr to, struct addr inside,
			   nk_time at)
{
	const struct addr got = in(n, from, to, at);

	if (got.port == 0)
		return false;
	assert_true(addr_eq(&got, &inside));
	return true;
}

static inline bool same(struct addr a, struct addr b)
{
	return addr_eq(&a, &b);
}

#endif
