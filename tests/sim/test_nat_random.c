/*
 * The NAT model against a second one that is too simple to be wrong: arrays that
 * are searched from end to end. Thousands of packets at random, few endpoints, so
 * that all happens at once: expiry, eviction, strangers, return after expiry.
 */
#include <string.h>

#include "nat_bench.h"
#include "sim/life.h"

#define HELD_MAX 4096

/* A mapping, or with @remote what filtering lets in to the mapping of the same serial number. */
struct entry {
	struct life life;
	unsigned serial;
	struct addr inside, remote, external;
	nk_time used;
};

struct model {
	struct nat_spec spec;
	struct entry mappings[HELD_MAX], filters[HELD_MAX];
	unsigned mapping_count, filter_count, serial;
};

static struct addr mask(struct addr a, enum nat_behaviour b)
{
	if (b == NAT_APD)
		return a;
	return b == NAT_AD ? addr_with_port(a, 0) : (struct addr){.port = 0};
}

static void remove_at(struct entry *list, unsigned *count, unsigned i)
{
	memmove(&list[i], &list[i + 1], (--*count - i) * sizeof(*list));
}

static void unmap(struct model *m, unsigned i)
{
	const unsigned serial = m->mappings[i].serial;

	remove_at(m->mappings, &m->mapping_count, i);
	for (unsigned f = m->filter_count; f-- > 0;)
		if (m->filters[f].serial == serial)
			remove_at(m->filters, &m->filter_count, f);
}

static void forget(struct model *m, nk_time now)
{
	for (unsigned i = m->mapping_count; i-- > 0;)
		if (m->mappings[i].life.ends <= now)
			unmap(m, i);
	for (unsigned i = m->filter_count; i-- > 0;)
		if (m->filters[i].life.ends <= now)
			remove_at(m->filters, &m->filter_count, i);
}

static bool make_room(struct model *m, const struct addr *inside)
{
	unsigned held = 0, oldest = HELD_MAX;

	for (unsigned i = 0; i < m->mapping_count; i++) {
		if (!addr_same_ip(&m->mappings[i].inside, inside))
			continue;
		held++;
		if (oldest == HELD_MAX || m->mappings[i].used < m->mappings[oldest].used)
			oldest = i;
	}
	if (held < m->spec.quota)
		return true;
	if (m->spec.quota_policy == NAT_QUOTA_REFUSE)
		return false;
	unmap(m, oldest);
	return true;
}

static struct entry *filter_of(struct model *m, unsigned serial, struct addr remote)
{
	for (unsigned i = 0; i < m->filter_count; i++)
		if (m->filters[i].serial == serial && addr_eq(&m->filters[i].remote, &remote))
			return &m->filters[i];
	return NULL;
}

static void pass_filter(struct model *m, unsigned serial, struct addr to, nk_time now)
{
	const struct addr key = mask(to, m->spec.filtering);
	struct entry *f = filter_of(m, serial, key);

	if (f != NULL)
		life_touch(&f->life, &m->spec, 1, true, now);
	else
		m->filters[m->filter_count++] = (struct entry){
			life_begin(&m->spec, 0, 1, true, now), serial, .remote = key};
}

/* What the model says of a packet out: whether it passes, and if its mapping was there, as what. */
static bool model_out(struct model *m, struct addr from, struct addr to, nk_time now,
		      struct entry **found)
{
	const struct addr key = mask(to, m->spec.mapping);

	forget(m, now);
	*found = NULL;
	for (unsigned i = 0; i < m->mapping_count; i++)
		if (addr_eq(&m->mappings[i].inside, &from) && addr_eq(&m->mappings[i].remote, &key))
			*found = &m->mappings[i];
	if (*found != NULL) {
		life_touch(&(*found)->life, &m->spec, 1, true, now);
	} else {
		if (!make_room(m, &from))
			return false;
		*found = &m->mappings[m->mapping_count++];
		**found = (struct entry){life_begin(&m->spec, 0, 1, true, now), ++m->serial, from,
					 key, .used = now};
	}
	(*found)->used = now;
	pass_filter(m, (*found)->serial, to, now);
	return true;
}

static struct entry *model_in(struct model *m, struct addr from, struct addr to, nk_time now)
{
	forget(m, now);
	for (unsigned i = 0; i < m->mapping_count; i++) {
		struct entry *e = &m->mappings[i];
		struct entry *f = filter_of(m, e->serial, mask(from, m->spec.filtering));

		if (!addr_eq(&e->external, &to))
			continue;
		if (f == NULL && m->spec.filtering != NAT_EI)
			return NULL;
		if (f != NULL && m->spec.filtering != NAT_EI)
			life_touch(&f->life, &m->spec, 1, false, now);
		life_touch(&e->life, &m->spec, 1, false, now);
		e->used = now;
		return e;
	}
	return NULL;
}

static void one_packet(struct model *m, struct nat *n, struct rng *dice, nk_time now)
{
	const struct addr inside = addr_v4(100, 64, 0, (uint8_t)(2 + rng_below(dice, 2)),
					   (uint16_t)(5000 + rng_below(dice, 4)));
	const struct addr peer = addr_v4(192, 0, 2, (uint8_t)(1 + rng_below(dice, 3)),
					 (uint16_t)(1000 + rng_below(dice, 3)));
	struct entry *e;

	if (rng_below(dice, 2) == 0) {
		const struct addr seen = out(n, inside, peer, now);
		const bool passed = seen.port != 0;

		assert_int_equal(model_out(m, inside, peer, now, &e), passed);
		if (passed && e->external.port != 0)
			assert_true(addr_eq(&e->external, &seen));
		else if (passed)
			e->external = seen;
		return;
	}

	const struct addr to = m->mapping_count == 0
				       ? addr_v4(203, 0, 113, 1, 4000)
				       : m->mappings[rng_below(dice, m->mapping_count)].external;
	const struct addr got = in(n, peer, to, now);

	e = model_in(m, peer, to, now);
	assert_int_equal(e != NULL, got.port != 0);
	if (e != NULL)
		assert_true(addr_eq(&got, &e->inside));
}

static struct nat_spec random_spec(struct rng *dice)
{
	return (struct nat_spec){
		.translate = true,
		.mapping = (enum nat_behaviour)rng_below(dice, 3),
		.filtering = (enum nat_behaviour)rng_below(dice, 3),
		.ports = (enum nat_ports)rng_below(dice, 3),
		.port_step = (int)rng_below(dice, 9) - 4,
		.t_first = (1 + rng_below(dice, 60)) * NK_S,
		.t_replied = (1 + rng_below(dice, 60)) * NK_S,
		.t_stream = (1 + rng_below(dice, 60)) * NK_S,
		.stream_after = rng_below(dice, 3) * NK_S,
		.refresh_out = rng_below(dice, 4) > 0,
		.refresh_in = rng_below(dice, 4) > 0,
		.quota = 3 + rng_below(dice, 20),
		.quota_policy = (enum nat_quota)rng_below(dice, 2),
		.external = {addr_v4(203, 0, 113, 1, 0), addr_v4(203, 0, 113, 2, 0)},
		.external_count = 1 + rng_below(dice, 2),
		.arbitrary_pooling = rng_below(dice, 2) > 0,
	};
}

static void test_random(void **state)
{
	static struct model m;
	struct rng dice, nat_rng;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct nat *n;
		nk_time now = 0;

		rng_seed_from_number(&dice, seed);
		rng_seed_from_number(&nat_rng, seed);
		m = (struct model){.spec = random_spec(&dice)};
		n = nat_new(&m.spec, &nat_rng);
		assert_non_null(n);
		for (unsigned i = 0; i < 2000; i++) {
			now += 1 +
			       rng_below(&dice, rng_below(&dice, 8) == 0 ? 20 * NK_S : NK_S / 4);
			one_packet(&m, n, &dice, now);
			forget(&m, now); /* a change of state may end a timer at once */
			assert_int_equal(nat_held(n, now), m.mapping_count);
		}
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
