/* A host behind a NAT, whose gateway opens ports, and somebody outside. */
#ifndef TESTS_SIM_GATEWAY_RIG_H
#define TESTS_SIM_GATEWAY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "open_nat.h"
#include "puppet.h"
#include "sim/nat_forward.h"
#include "sim/port_host.h"

static const struct addr gateway_addr = V4(192, 168, 1, 1, 0);
static const struct addr gateway_other = V4(192, 168, 1, 254, 0);
static const struct addr inside_addr = V4(192, 168, 1, 2, 0);
static const struct addr outside_addr = V4(192, 0, 2, 9, 0);

/**
 * struct gateway_rig - All of it; gateway_rig_free() at the end
 * @nat, @inside, @outside: Numbers in @world
 */
struct gateway_rig {
	struct world *world;
	int nat, inside, outside;
	struct port_host gateway;
};

/* A NAT that maps each destination anew at random, and lets in only who was spoken to. */
static inline struct nat_spec closed_nat(void)
{
	return (struct nat_spec){
		OPEN_NAT,
		.mapping = NAT_APD,
		.filtering = NAT_APD,
		.ports = NAT_PORTS_RANDOM,
	};
}

/* @spec: NULL for closed_nat() */
static inline void gateway_rig_make(struct gateway_rig *g, const struct nat_spec *spec,
				    const struct port_rules *rules, uint64_t seed)
{
	const struct nat_spec closed = closed_nat();
	const struct addr both[] = {gateway_addr, gateway_other};
	int gateway;

	g->world = world_new(seed);
	assert_non_null(g->world);
	g->nat = world_add_nat(g->world, spec != NULL ? spec : &closed, NET_INTERNET);
	gateway = world_add_host(g->world, both, 2, g->nat);
	g->inside = world_add_host(g->world, &inside_addr, 1, g->nat);
	g->outside = world_add_host(g->world, &outside_addr, 1, NET_INTERNET);
	assert_int_equal(g->outside, 2);
	port_host_start(&g->gateway, g->world, gateway, g->nat, &gateway_addr, &gateway_other,
			rules, seed);
}

static inline void gateway_rig_free(struct gateway_rig *g)
{
	world_free(g->world);
}

/* What is open on the NAT. */
static inline unsigned gateway_rig_open(const struct gateway_rig *g)
{
	return nat_forwards(world_nat(g->world, g->nat), world_now(g->world));
}

#endif
