/*
 * The gatherer behind every NAT of the zoo, with and without loss: what it says of
 * the NAT may be unknown, and must not be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "gatherer.h"
#include "judge.h"
#include "stage.h"
#include "zoo_file.h"

static const struct link_spec links[] = {
	{.delay = 500},
	{.delay = 20 * NK_MS, .jitter = 2 * NK_MS},
	{.delay = 150 * NK_MS, .jitter = 5 * NK_MS},
	{.delay = 20 * NK_MS, .jitter = 2 * NK_MS, .loss = 0.05},
	{.delay = 20 * NK_MS, .burst_enter = 3.0 / 97 / 50, .burst_mean = 50 * NK_MS},
	{.delay = 10}, /* answers come before the next question has left */
};
#define LINKS (sizeof(links) / sizeof(links[0]))

/* NATKIT_SEEDS of each are a longer look. */
static unsigned seeds(unsigned in_short)
{
	const char *text = getenv("NATKIT_SEEDS");

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : in_short;
}

static enum outcome judge_mapping(const struct nat_hint *h, const struct nat_spec *n)
{
	static const enum hint_mapping is[] = {HINT_MAPPING_EI, HINT_MAPPING_AD, HINT_MAPPING_APD};

	if (h->mapping == HINT_MAPPING_UNKNOWN)
		return UNKNOWN;
	return h->mapping == (n->translate ? is[n->mapping] : HINT_MAPPING_EI) ? RIGHT : WRONG;
}

static enum outcome judge_ports(const struct nat_hint *h, const struct nat_spec *n)
{
	static const enum hint_ports is[] = {HINT_PORTS_KEPT, HINT_PORTS_SEQUENTIAL,
					     HINT_PORTS_RANDOM};

	if (h->ports == HINT_PORTS_UNKNOWN)
		return UNKNOWN;
	if (h->ports == HINT_PORTS_SEQUENTIAL && h->step != (n->port_step == 0 ? 1 : n->port_step))
		return WRONG;
	return h->ports == (n->translate ? is[n->ports] : HINT_PORTS_KEPT) ? RIGHT : WRONG;
}

/* An endpoint-independent mapping that filters is opened by TTL 2; others cannot be told. */
static enum outcome judge_ttl(const struct nat_hint *h, const struct nat_spec *n)
{
	if (h->opener_ttl == 0)
		return UNKNOWN;
	return h->opener_ttl == 2 && n->filtering != NAT_EI ? RIGHT : WRONG;
}

static void count(unsigned sum[OUTCOMES], enum outcome o, const struct zoo_preset *p, unsigned link,
		  uint64_t seed, const char *what)
{
	sum[o]++;
	if (o == WRONG)
		print_message("%s, link %u, seed %u: %s is wrong\n", p->name, link, (unsigned)seed,
			      what);
}

static void the_zoo_is_told_right(void **state)
{
	struct zoo *z = zoo_from_file(NULL);
	const struct zoo_preset *p;

	(void)state;
	for (unsigned link = 0; link < LINKS; link++) {
		unsigned mapping[OUTCOMES] = {0}, ports[OUTCOMES] = {0}, ttl[OUTCOMES] = {0};

		for (unsigned i = 0; (p = zoo_at(z, i)) != NULL; i++) {
			for (uint64_t seed = 1; seed <= seeds(2); seed++) {
				struct gatherer_plan plan = {.seed = seed * 64 + i,
							     .nats = {p->spec},
							     .nat_count = 1,
							     .link = links[link],
							     .limit = 2 * NK_S};
				struct gatherer_stage st;
				const struct nat_hint *h;

				if (p->spec.nat64)
					continue;
				plan.nats[0].external[0] = addr_v4(203, 0, 113, 1, 0);
				plan.nats[0].external_count = 1;
				h = &gatherer_play(&st, &plan)->hint;
				count(mapping, judge_mapping(h, &p->spec), p, link, seed,
				      "mapping");
				count(ports, judge_ports(h, &p->spec), p, link, seed, "ports");
				count(ttl, judge_ttl(h, &p->spec), p, link, seed, "ttl");
				gatherer_strike(&st);
			}
		}
		print_message("link %u: mapping %u right %u unknown %u wrong, ports %u %u %u, ttl "
			      "%u %u %u\n",
			      link, mapping[RIGHT], mapping[UNKNOWN], mapping[WRONG], ports[RIGHT],
			      ports[UNKNOWN], ports[WRONG], ttl[RIGHT], ttl[UNKNOWN], ttl[WRONG]);
		assert_int_equal(mapping[WRONG] + ports[WRONG] + ttl[WRONG], 0);
	}
	zoo_free(z);
}

/* Linux behind plain routers, each of which takes one off the TTL. */
static struct gatherer_plan behind(unsigned routers_inside, unsigned nats, unsigned routers_outside,
				   uint64_t seed, const struct link_spec *link)
{
	struct gatherer_plan plan = {.seed = seed, .link = *link, .limit = 2 * NK_S};

	plan.nat_count = routers_inside + nats + routers_outside;
	for (unsigned i = 0; i < plan.nat_count; i++) {
		plan.router[i] = i < routers_outside || i >= routers_outside + nats;
		plan.nats[i] = stage_linux(30, 120);
		plan.nats[i].external[0] = i == routers_outside
						   ? addr_v4(203, 0, 113, 1, 0)
						   : addr_v4(100, 80, (uint8_t)i, 1, 0);
	}
	return plan;
}

/* The TTL must pass the innermost and the outermost of our NATs, and need not pass what is beyond. */
static void ttl_is_right_behind_routers(void **state)
{
	unsigned known = 0, all = 0;

	(void)state;
	for (unsigned in = 0; in <= 2; in++)
		for (unsigned nats = 1; in + nats <= GATHERER_NATS; nats++)
			for (unsigned out = 0; in + nats + out <= GATHERER_NATS; out++)
				for (unsigned link = 0; link < LINKS; link++)
					for (uint64_t seed = 1; seed <= seeds(4); seed++, all++) {
						const struct gatherer_plan plan =
							behind(in, nats, out, seed, &links[link]);
						struct gatherer_stage st;
						const struct nat_hint *h =
							&gatherer_play(&st, &plan)->hint;

						if (h->opener_ttl != 0)
							assert_int_equal(h->opener_ttl,
									 in + nats + 1);
						assert_int_equal(h->broker_hops,
								 plan.nat_count + 1);
						known += h->opener_ttl != 0;
						gatherer_strike(&st);
					}
	print_message("the TTL is known in %u of %u, and right\n", known, all);
	assert_true(known * 10 >= all * 9);
}

/* No NAT: nothing to open, and no opener. */
static void no_nat_needs_no_opener(void **state)
{
	const struct gatherer_plan plan = {.seed = 1, .link = links[1], .limit = 2 * NK_S};
	struct gatherer_stage st;
	const struct gather_result *r = gatherer_play(&st, &plan);

	(void)state;
	assert_int_equal(r->hint.opener_ttl, 0);
	assert_int_equal(r->hint.mapping, HINT_MAPPING_EI);
	assert_int_equal(r->hint.ports, HINT_PORTS_KEPT);
	assert_int_equal(r->candidates.count, 1);
	assert_int_equal(r->candidates.list[0].kind, CANDIDATE_HOST);
	gatherer_strike(&st);
}

/* A broker of one address tells a port-dependent mapping by its other port, and no more. */
static void one_address_is_enough_for_some(void **state)
{
	static const enum nat_behaviour mappings[] = {NAT_EI, NAT_AD, NAT_APD};
	static const enum hint_mapping hints[] = {HINT_MAPPING_UNKNOWN, HINT_MAPPING_UNKNOWN,
						  HINT_MAPPING_APD};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct gatherer_plan plan = behind(0, 1, 0, 1, &links[1]);
		struct gatherer_stage st;

		plan.nats[0].mapping = mappings[i];
		plan.nats[0].ports = NAT_PORTS_RANDOM;
		plan.one_address = true;
		assert_int_equal(gatherer_play(&st, &plan)->hint.mapping, hints[i]);
		gatherer_strike(&st);
	}
}

/* Two NATs one behind the other are as hard as the harder of them. */
static void the_harder_of_two_counts(void **state)
{
	(void)state;
	for (unsigned harder = 0; harder < 2; harder++) {
		struct gatherer_plan plan = behind(0, 2, 0, 1, &links[1]);
		struct gatherer_stage st;
		const struct nat_hint *h;

		plan.nats[harder].mapping = NAT_APD;
		plan.nats[harder].ports = NAT_PORTS_RANDOM;
		h = &gatherer_play(&st, &plan)->hint;
		assert_int_equal(h->mapping, HINT_MAPPING_APD);
		assert_true(h->ports == HINT_PORTS_RANDOM);
		gatherer_strike(&st);
	}
}

static void a_fresh_socket_is_left_where_it_helps(void **state)
{
	static const enum nat_behaviour mappings[] = {NAT_EI, NAT_AD, NAT_APD};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct gatherer_plan plan = behind(0, 1, 0, 1, &links[1]);
		struct gatherer_stage st;
		const struct gather_result *r;
		const struct candidate *last;

		plan.nats[0].mapping = mappings[i];
		r = gatherer_play(&st, &plan);
		last = &r->candidates.list[r->candidates.count - 1];
		assert_int_equal(r->fresh, mappings[i] != NAT_EI);
		assert_int_equal(r->candidates.count, r->fresh ? 3 : 2);
		assert_int_equal(last->kind, CANDIDATE_SERVER_REFLEXIVE);
		assert_true(addr_same_ip(&last->addr, &plan.nats[0].external[0]));
		gatherer_strike(&st);
	}
}

/* A silent broker: nothing is known, and it ends in time. */
static void silence_ends_in_time(void **state)
{
	struct gatherer_plan plan = behind(0, 1, 0, 1, &links[1]);
	struct gatherer_stage st;
	const struct gather_result *r;

	(void)state;
	plan.link.loss = 1;
	r = gatherer_play(&st, &plan);
	assert_false(r->server_heard);
	assert_int_equal(r->hint.mapping, HINT_MAPPING_UNKNOWN);
	assert_int_equal(r->hint.ports, HINT_PORTS_UNKNOWN);
	assert_int_equal(r->candidates.count, 1);
	assert_true(world_now(st.world) <= 2 * NK_S + 100 * NK_MS);
	gatherer_strike(&st);
}

/* Two round trips and a half, and less than 30 ms. */
static void it_is_quick(void **state)
{
	(void)state;
	for (unsigned link = 0; link < 3; link++) {
		const struct gatherer_plan plan = behind(0, 1, 0, 1, &links[link]);
		struct gatherer_stage st;

		gatherer_play(&st, &plan);
		assert_true(world_now(st.world) <=
			    5 * (links[link].delay + links[link].jitter) + 30 * NK_MS);
		gatherer_strike(&st);
	}
}

/* Steps as they are, whatever others do meanwhile, and around the end of the range. */
static void steps_are_told_right(void **state)
{
	static const int steps[] = {1, -1, 2, 7, -16};

	(void)state;
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		for (uint64_t seed = 1; seed <= seeds(20); seed++) {
			struct gatherer_plan plan = behind(0, 1, 0, seed, &links[seed % LINKS]);
			struct gatherer_stage st;
			const struct nat_hint *h;

			plan.nats[0].mapping = NAT_APD;
			plan.nats[0].ports = NAT_PORTS_SEQUENTIAL;
			plan.nats[0].port_step = steps[i];
			plan.nats[0].port_lo = 20000;
			plan.nats[0].port_hi = 20400;
			h = &gatherer_play(&st, &plan)->hint;
			if (h->ports == HINT_PORTS_SEQUENTIAL)
				assert_int_equal(h->step, steps[i]);
			else
				assert_int_equal(h->ports, HINT_PORTS_UNKNOWN);
			gatherer_strike(&st);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zoo_is_told_right),
		cmocka_unit_test(ttl_is_right_behind_routers),
		cmocka_unit_test(no_nat_needs_no_opener),
		cmocka_unit_test(one_address_is_enough_for_some),
		cmocka_unit_test(the_harder_of_two_counts),
		cmocka_unit_test(a_fresh_socket_is_left_where_it_helps),
		cmocka_unit_test(silence_ends_in_time),
		cmocka_unit_test(it_is_quick),
		cmocka_unit_test(steps_are_told_right),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
