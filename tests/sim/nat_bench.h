/* One NAT on a bench: packets in, packets out, and a clock that the test turns. */
#ifndef TESTS_SIM_NAT_BENCH_H
#define TESTS_SIM_NAT_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "sim/nat.h"

#define SYN    PACKET_SYN
#define SYNACK (PACKET_SYN | PACKET_ACK)
#define ACK    PACKET_ACK
#define FIN    (PACKET_FIN | PACKET_ACK)
#define RST    PACKET_RST

#define T0     (5 * NK_S)

static struct rng rng;

static inline struct addr x(uint16_t port)
{
	return addr_v4(100, 64, 0, 2, port);
}

static inline struct addr y(uint16_t port)
{
	return addr_v4(100, 64, 0, 3, port);
}

static inline struct addr remote(uint8_t host, uint16_t port)
{
	return addr_v4(192, 0, 2, host, port);
}

static inline struct addr web(void)
{
	return remote(1, 80);
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

static inline struct nat_spec linux_spec(void)
{
	struct nat_spec spec = plain_spec();

	spec.filtering = NAT_APD;
	spec.port_overload = true;
	return spec;
}

static inline bool same(struct addr a, struct addr b)
{
	return addr_eq(&a, &b);
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

static inline struct packet tcp(struct addr from, struct addr to, uint8_t flags)
{
	struct packet p = udp(from, to);

	p.kind = PACKET_TCP;
	p.flags = flags;
	return p;
}

/* An ICMP query with the identifier @id, or the answer to it. */
static inline struct packet ping(struct addr from, struct addr to, uint16_t id, bool reply)
{
	struct packet p = udp(addr_with_port(from, id), addr_with_port(to, id));

	p.kind = PACKET_QUERY;
	p.reply = reply;
	return p;
}

static inline struct packet other(struct addr from, struct addr to, uint8_t protocol)
{
	struct packet p = udp(addr_with_port(from, 0), addr_with_port(to, 0));

	p.kind = PACKET_OTHER;
	p.protocol = protocol;
	return p;
}

/* What @router says of a packet that came to it as @about. */
static inline struct packet error_about(const struct packet *about, struct addr router)
{
	struct packet e = {.ttl = 64, .fragments = 1};

	packet_make_error(&e, about, &router, PACKET_NO_PORT, 0);
	return e;
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

/* The same with TCP, which is let in or not. */
static inline struct addr tcp_out(struct nat *n, struct addr from, struct addr to, uint8_t flags,
				  nk_time at)
{
	struct packet p = tcp(from, to, flags);

	return passes_out(n, &p, at) ? p.from : (struct addr){.port = 0};
}

static inline bool tcp_in(struct nat *n, struct addr from, struct addr to, uint8_t flags,
			  nk_time at)
{
	struct packet p = tcp(from, to, flags);

	return passes_in(n, &p, at);
}

/* The connection that x(5000) opens to web(); it is established at @at. */
static inline struct addr establish(struct nat *n, nk_time at)
{
	const struct addr e = tcp_out(n, x(5000), web(), SYN, at);

	assert_int_not_equal(e.port, 0);
	assert_true(tcp_in(n, web(), e, SYNACK, at));
	assert_true(same(tcp_out(n, x(5000), web(), ACK, at), e));
	return e;
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

/* Whether remote 1 still gets in to x(5000) at @external, at @at exactly the last moment. */
static inline void check_ends(struct nat *n, struct addr external, nk_time at)
{
	assert_true(nat_held(n, at - 1) > 0);
	assert_int_equal(nat_held(n, at), 0);
	assert_int_equal(in(n, remote(1, 1000), external, at).port, 0);
}

#endif
