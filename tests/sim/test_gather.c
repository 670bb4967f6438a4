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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zoo_is_told_right),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
