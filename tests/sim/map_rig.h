/* What suites of whole natmap runs have in common: how one is played, and what is to be found. */
#ifndef TESTS_SIM_MAP_RIG_H
#define TESTS_SIM_MAP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "map_scene.h"

#define QUICK (2 * NK_S) /* all but the enumeration is there by then */

static inline struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static inline void speaks(struct map_plan *plan, bool pcp, bool nat_pmp)
{
	plan->gateway.pcp = pcp;
	plan->gateway.nat_pmp = nat_pmp;
	plan->gateway_at = plan->node_count - 1;
}

static inline const struct natmap_result *play(struct map_scene *s, const struct map_plan *plan,
					       int want)
{
	const struct natmap_result *r;

	map_set(s, plan);
	assert_int_equal(map_play(s), want);
	r = natmap_result(s->map);
	assert_int_equal(world_stats(s->world)->late, 0);
	assert_true(r->quick_done);
	assert_int_equal(r->complete, want == CORE_DONE);
	return r;
}

static inline void assert_verdict(const struct natmap_result *r, enum natmap_verdict want, double p)
{
	assert_string_equal(natmap_verdict_name(r->verdict), natmap_verdict_name(want));
	assert_true(r->p >= p);
}

static inline void assert_hop(const struct natmap_result *r, unsigned number, const char *address)
{
	const struct addr a = at(address);

	assert_true(number <= r->path.count);
	assert_true(addr_same_ip(&r->path.hops[number - 1].address, &a));
}

static inline void assert_seen_at(const struct natmap_result *r, const char *address)
{
	const struct addr a = at(address);

	assert_int_equal(r->public_count, 1);
	assert_true(addr_same_ip(&r->public_addrs[0], &a));
}

#endif
