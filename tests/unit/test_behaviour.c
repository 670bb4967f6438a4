/* Mapping and filtering: how ports vote, on answers made by hand. Whole classifications are in test_classify.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/probe/classify.h"
#include "near.h"

static struct classify c;
static struct exchanges x;
static struct rng rng;
static struct budget budget;
static struct probe_result result;
static struct probe_options options;
static struct class_finding found;
static struct addr server;

static int set_up(void **state)
{
	(void)state;
	server = addr_v4(192, 0, 2, 1, 3478);
	rng_seed_from_number(&rng, 1);
	exchanges_init(&x, &rng);
	budget_init(&budget, 1000, 0);
	memset(&result, 0, sizeof(result));
	options = (struct probe_options){.mappings = 256, .pace = 20 * NK_MS};
	c = (struct classify){.options = &options,
			      .exchanges = &x,
			      .budget = &budget,
			      .result = &result,
			      .server = server,
			      .ports = CLASSIFY_PORTS,
			      .alternate = true};
	return crypto_init();
}

/* An exchange that was answered, or given up if @port is 0. */
static struct exchange *answered(uint16_t port)
{
	struct exchange *e = exchange_add(&x, CLASSIFY_SOCKETS, &server, 1, 0);

	assert_non_null(e);
	e->state = port != 0 ? EXCHANGE_ANSWERED : EXCHANGE_FAILED;
	if (port != 0)
		e->xor_mapped = addr_v4(203, 0, 113, 9, port);
	return e;
}

static void mapped(unsigned s, uint16_t primary, uint16_t port, uint16_t ip, uint16_t both)
{
	c.map[s][DEST_PRIMARY] = answered(primary);
	c.map[s][DEST_PORT] = answered(port);
	c.map[s][DEST_IP] = answered(ip);
	c.map[s][DEST_BOTH] = answered(both);
}

static void mapped_as(unsigned s, enum nat_class cls)
{
	const uint16_t p = (uint16_t)(10000 + 10 * s);

	if (cls == CLASS_ENDPOINT_INDEPENDENT)
		mapped(s, p, p, p, p);
	else if (cls == CLASS_ADDRESS_DEPENDENT)
		mapped(s, p, p, p + 1, p + 1);
	else if (cls == CLASS_ADDRESS_AND_PORT_DEPENDENT)
		mapped(s, p, p + 1, p + 2, p + 3);
	else
		mapped(s, 0, p, p, p);
}

static void check_mapping(enum nat_class cls, bool inconsistent)
{
	behaviour_mapping(&c, &found);
	assert_int_equal(found.cls, cls);
	assert_int_equal(found.inconsistent, inconsistent);
}

static void test_mapping_classes(void **state)
{
	for (unsigned cls = CLASS_ENDPOINT_INDEPENDENT; cls < CLASS_COUNT; cls++) {
		set_up(state);
		for (unsigned s = 0; s < 3; s++)
			mapped_as(s, (enum nat_class)cls);
		check_mapping((enum nat_class)cls, false);
		assert_int_equal(found.votes[cls], 3);
		assert_near(found.p, behaviour_certainty(3), 1e-9);
		assert_int_equal(found.why_kind, WHY_NONE);
	}
}

static void test_mapping_one_pair_differs(void **state)
{
	(void)state;
	/* The two ports of the alternate address alone differ. */
	for (unsigned s = 0; s < 3; s++)
		mapped(s, 1000, 1000, 2000, 2001);
	check_mapping(CLASS_ADDRESS_AND_PORT_DEPENDENT, false);
}

static void test_mapping_inconsistent(void **state)
{
	(void)state;
	mapped_as(0, CLASS_ENDPOINT_INDEPENDENT);
	mapped_as(1, CLASS_ADDRESS_AND_PORT_DEPENDENT);
	mapped_as(2, CLASS_ENDPOINT_INDEPENDENT);
	check_mapping(CLASS_ENDPOINT_INDEPENDENT, true);
	assert_int_equal(found.votes[CLASS_ENDPOINT_INDEPENDENT], 2);
	assert_int_equal(found.votes[CLASS_ADDRESS_AND_PORT_DEPENDENT], 1);
	assert_near(found.p, 3.0 / 5, 1e-9);
}

/* A port whose answers were lost does not vote, and does not make the others inconsistent. */
static void test_mapping_losses(void **state)
{
	(void)state;
	mapped_as(0, CLASS_UNKNOWN);
	mapped(1, 1000, 1000, 0, 1000);
	mapped_as(2, CLASS_ADDRESS_DEPENDENT);
	check_mapping(CLASS_ADDRESS_DEPENDENT, false);
	assert_int_equal(found.votes[CLASS_UNKNOWN], 2);

	mapped_as(2, CLASS_UNKNOWN);
	check_mapping(CLASS_UNKNOWN, false);
	assert_int_equal(found.why_kind, WHY_PATH);
	assert_near(found.p, 0, 0);
	assert_true(found.why[0] != '\0');
}

static void test_mapping_errors_are_no_answers(void **state)
{
	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		mapped_as(s, CLASS_ENDPOINT_INDEPENDENT);
		c.map[s][DEST_IP]->error = 420;
	}
	check_mapping(CLASS_UNKNOWN, false);
}

static void test_mapping_no_alternate(void **state)
{
	(void)state;
	c.alternate = false;
	for (unsigned s = 0; s < 3; s++)
		c.map[s][DEST_PRIMARY] = answered(1000);
	check_mapping(CLASS_UNKNOWN, false);
	assert_int_equal(found.why_kind, WHY_SERVER);

	/* Where nothing is translated there is nothing to find out. */
	result.nat.answer = TRI_NO;
	result.nat.p = 0.9;
	check_mapping(CLASS_ENDPOINT_INDEPENDENT, false);
	assert_int_equal(found.why_kind, WHY_NONE);
	assert_string_equal(found.why, "");
	assert_near(found.p, 0.9, 1e-9);
}

/* One round: which of both changed, port changed and plain answer came. */
static void filtered(unsigned s, bool both, bool port, bool plain)
{
	struct exchange **round = c.filter[s][c.rounds[s]++];

	round[FILTER_BOTH] = answered(both ? 1000 : 0);
	round[FILTER_PORT] = answered(port ? 1000 : 0);
	round[FILTER_PLAIN] = answered(plain ? 1000 : 0);
}

static void filtered_as(unsigned s, enum nat_class cls)
{
	for (unsigned r = 0; r < 3; r++)
		filtered(s, cls == CLASS_ENDPOINT_INDEPENDENT,
			 cls == CLASS_ENDPOINT_INDEPENDENT || cls == CLASS_ADDRESS_DEPENDENT,
			 cls != CLASS_UNKNOWN);
}

static void check_filtering(enum nat_class cls, enum why_kind why)
{
	behaviour_filtering(&c, &found);
	assert_int_equal(found.cls, cls);
	assert_int_equal(found.why_kind, why);
	assert_int_equal(cls == CLASS_UNKNOWN, found.why[0] != '\0');
}

static void test_filtering_classes(void **state)
{
	for (unsigned cls = CLASS_ENDPOINT_INDEPENDENT; cls < CLASS_COUNT; cls++) {
		set_up(state);
		c.check = answered(1000);
		for (unsigned s = 0; s < 3; s++)
			filtered_as(s, (enum nat_class)cls);
		check_filtering((enum nat_class)cls, WHY_NONE);
		assert_false(found.inconsistent);
		assert_int_equal(found.votes[cls], 3);
		assert_true(found.p > 0.9);
	}
}

/* Silence counts only if the plain answers came. */
static void test_filtering_controls(void **state)
{
	(void)state;
	c.check = answered(1000);
	c.ports = 1;
	filtered(0, false, false, true);
	assert_true(behaviour_filter_void(&c, 0));
	check_filtering(CLASS_UNKNOWN, WHY_PATH);
	filtered(0, false, false, false);
	check_filtering(CLASS_UNKNOWN, WHY_PATH);
	filtered(0, false, false, true);
	assert_false(behaviour_filter_void(&c, 0));
	check_filtering(CLASS_ADDRESS_AND_PORT_DEPENDENT, WHY_NONE);
	filtered(0, false, true, false);
	check_filtering(CLASS_ADDRESS_DEPENDENT, WHY_NONE);
	filtered(0, true, false, false);
	check_filtering(CLASS_ENDPOINT_INDEPENDENT, WHY_NONE);
}

/* An answer from elsewhere that came is proof, though the other ports saw none. */
static void test_filtering_inconsistent(void **state)
{
	(void)state;
	c.check = answered(1000);
	filtered_as(0, CLASS_ADDRESS_AND_PORT_DEPENDENT);
	filtered_as(1, CLASS_ENDPOINT_INDEPENDENT);
	filtered_as(2, CLASS_ADDRESS_AND_PORT_DEPENDENT);
	check_filtering(CLASS_ENDPOINT_INDEPENDENT, WHY_NONE);
	assert_true(found.inconsistent);
	assert_true(found.p < 0.9);
}

static void test_filtering_server_faults(void **state)
{
	bool *const faults[] = {&c.change_ignored, &c.change_refused, &c.other_silent};

	for (unsigned i = 0; i < 4; i++) {
		set_up(state);
		c.check = answered(1000);
		for (unsigned s = 0; s < 3; s++)
			filtered_as(s, CLASS_ADDRESS_AND_PORT_DEPENDENT);
		if (i < 3)
			*faults[i] = true;
		else
			c.alternate = false;
		check_filtering(CLASS_UNKNOWN, WHY_SERVER);
		assert_near(found.p, 0, 0);
	}
}

/* Nothing comes even from an address that was contacted: it is the server. */
static void test_filtering_unchecked(void **state)
{
	(void)state;
	c.check = answered(0);
	for (unsigned s = 0; s < 3; s++)
		filtered_as(s, CLASS_ADDRESS_AND_PORT_DEPENDENT);
	result.mapping.cls = CLASS_ENDPOINT_INDEPENDENT;
	check_filtering(CLASS_UNKNOWN, WHY_SERVER);

	/* Where the mapping differs by destination that answer could not come: less sure. */
	result.mapping.cls = CLASS_ADDRESS_AND_PORT_DEPENDENT;
	check_filtering(CLASS_ADDRESS_AND_PORT_DEPENDENT, WHY_NONE);
	assert_true(found.p <= 0.9);
}

static void test_nat(void **state)
{
	struct fact f;

	(void)state;
	behaviour_nat(&c, &f);
	assert_int_equal(f.answer, TRI_UNKNOWN);
	assert_int_equal(f.why_kind, WHY_PATH);

	for (unsigned s = 0; s < 3; s++) {
		c.map[s][DEST_PRIMARY] = answered(1000);
		c.local[s] = c.map[s][DEST_PRIMARY]->xor_mapped;
	}
	behaviour_nat(&c, &f);
	assert_int_equal(f.answer, TRI_NO);
	assert_int_equal(f.trials, 3);
	c.local[1].port++;
	behaviour_nat(&c, &f);
	assert_int_equal(f.answer, TRI_YES);
}

static void test_alg(void **state)
{
	struct exchange *e;
	struct fact f;

	(void)state;
	answered(0);
	e = answered(1000);
	behaviour_alg(&c, &f);
	assert_int_equal(f.answer, TRI_UNKNOWN);
	assert_int_equal(f.why_kind, WHY_SERVER);
	e->mapped = e->xor_mapped;
	behaviour_alg(&c, &f);
	assert_int_equal(f.answer, TRI_NO);
	e = answered(1001);
	e->mapped = addr_v4(192, 0, 2, 200, 1001);
	behaviour_alg(&c, &f);
	assert_int_equal(f.answer, TRI_YES);
	assert_int_equal(f.trials, 2);
}

static void test_pooling(void **state)
{
	enum pooling p;
	unsigned trials;

	(void)state;
	answered(1000);
	behaviour_pooling(&c, &p, &trials);
	assert_int_equal(p, POOL_UNKNOWN);
	answered(0);
	answered(1001);
	behaviour_pooling(&c, &p, &trials);
	assert_int_equal(p, POOL_PAIRED);
	assert_int_equal(trials, 2);
	answered(1002)->xor_mapped = addr_v4(203, 0, 113, 10, 1002);
	behaviour_pooling(&c, &p, &trials);
	assert_int_equal(p, POOL_ARBITRARY);
}

static void test_certainty(void **state)
{
	(void)state;
	assert_near(behaviour_certainty(0), 0.45 / 0.55, 1e-9);
	for (unsigned n = 0; n < 20; n++)
		assert_true(behaviour_certainty(n) < behaviour_certainty(n + 1));
	assert_true(behaviour_certainty(20) < 1);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mapping_classes),
		TEST(test_mapping_one_pair_differs),
		TEST(test_mapping_inconsistent),
		TEST(test_mapping_losses),
		TEST(test_mapping_errors_are_no_answers),
		TEST(test_mapping_no_alternate),
		TEST(test_filtering_classes),
		TEST(test_filtering_controls),
		TEST(test_filtering_inconsistent),
		TEST(test_filtering_server_faults),
		TEST(test_filtering_unchecked),
		TEST(test_nat),
		TEST(test_alg),
		TEST(test_pooling),
		TEST(test_certainty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
