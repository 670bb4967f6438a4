/* Nothing is left on the gateway: whenever the end comes, and whatever is lost on the way. */
#include "portmap_rig.h"

/* The mapping was made, its answer was lost each time: it is removed before the next protocol is tried. */
static void test_unheard_mapping_is_removed(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.drop_answers[RIG_PCP] = 2;
	r.natpmp_result = NATPMP_NO_RESOURCES;
	r.igd_result = 718;
	r.config.strict = true;
	r.config.external_port = 8080;
	rig_start(&r);
	rig_pass(&r, 5 * NK_S);
	assert_int_equal(rig_mappings(&r), 1);
	rig_pass(&r, 15 * NK_S);
	assert_false(rig_result(&r)->left_behind);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_PCP], PORTMAP_SILENT);
	rig_check_failed(&r, PORTMAP_NO_RESOURCES);
}

/* Made, its answer lost, and then refused: the error is about the second request alone. */
static void test_unheard_then_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_PCP);
	r.drop_answers[RIG_PCP] = 1;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	assert_int_equal(rig_mappings(&r), 1);
	r.pcp_result = PCP_NO_RESOURCES;
	rig_pass(&r, 5 * NK_S);
	rig_check_failed(&r, PORTMAP_NO_RESOURCES);
}

/* That is how miniupnpd says that there is nothing to remove: to remove takes no resources. */
static void test_nothing_to_remove(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.pcp_remove_result = PCP_NO_RESOURCES;
	r.p = portmap_new_removal(&r.config, PORTMAP_PCP, 9000, &r.rng, r.now);
	rig_pass(&r, 2 * NK_S);
	assert_int_equal(portmap_status(r.p), CORE_DONE);
	assert_false(rig_result(&r)->left_behind);
	rig_end(&r);

	rig_init(&r);
	r.pcp_remove_result = PCP_NOT_AUTHORIZED;
	r.p = portmap_new_removal(&r.config, PORTMAP_PCP, 9000, &r.rng, r.now);
	rig_pass(&r, 2 * NK_S);
	assert_true(rig_result(&r)->left_behind);
	assert_int_equal(rig_result(&r)->why, PORTMAP_NOT_AUTHORIZED);
	rig_end(&r);
}

/* If the removal is not answered either, that is told, and until when it lasts. */
static void test_left_behind(void **state)
{
	struct rig r;

	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_PCP);
	r.drop_answers[RIG_PCP] = 100;
	rig_start(&r);
	rig_pass(&r, 12 * NK_S); /* 9 s are for making it: another protocol would wait */
	assert_int_equal(rig_result(&r)->state, PORTMAP_FAILED);
	assert_true(rig_result(&r)->left_behind);
	assert_in_range(rig_result(&r)->expires - r.now, 3500 * NK_S, 3600 * NK_S);
	rig_end(&r);

	(void)state;
	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_NAT_PMP);
	rig_start(&r);
	rig_pass(&r, NK_S);
	r.drop_requests[RIG_NAT_PMP] = 100;
	rig_release(&r);
	assert_int_equal(rig_mappings(&r), 1);
	assert_true(rig_result(&r)->left_behind);
	assert_in_range(rig_result(&r)->expires - r.now, 3500 * NK_S, 3600 * NK_S);
	rig_end(&r);
}

/* A gateway that serves others first may hear of it late. */
static void test_busy_gateway(void **state)
{
	(void)state;
	for (enum portmap_protocol p = PORTMAP_PCP; p <= PORTMAP_NAT_PMP; p++) {
		struct rig r;

		rig_init(&r);
		r.config.protocols = PORTMAP_BIT(p);
		rig_start(&r);
		rig_pass(&r, NK_S);
		r.drop_requests[rig_asked[p]] = 4;
		rig_release(&r);
		assert_int_equal(rig_mappings(&r), 0);
		assert_false(rig_result(&r)->left_behind);
		rig_end(&r);
	}
}

/* Whenever it is: nothing is left, but for one that was to be left and was there. */
static void release_at(enum portmap_protocol by, bool detach, nk_time at)
{
	struct rig r;
	unsigned requests;
	bool held;

	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(by);
	r.config.detach = detach;
	r.igd = at / NK_MS % 2 == 0 ? 1 : 2;
	r.taken = 8080;
	rig_start(&r);
	rig_pass(&r, at);
	held = rig_result(&r)->state == PORTMAP_HELD;
	requests = r.requests[RIG_IGD];
	rig_release(&r);
	assert_int_equal(rig_mappings(&r), held && detach);
	assert_false(rig_result(&r)->left_behind);
	/* What is under way is not gone on with, but removed. */
	assert_in_range(r.requests[RIG_IGD], requests, requests + 1);
	rig_end(&r);
}

static void test_release_while_asking(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		for (unsigned detach = 0; detach < 2; detach++)
			for (nk_time at = 0; at < 30 * NK_MS; at += NK_MS)
				release_at(p, detach, at);
}

/* The answer of a request of before is not that of the removal. */
static void test_late_answer(void **state)
{
	uint8_t bytes[PCP_MAX];
	struct pcp_msg m;
	struct rig r;

	(void)state;
	for (unsigned natpmp = 0; natpmp < 2; natpmp++) {
		rig_init(&r);
		r.config.protocols = PORTMAP_BIT(natpmp ? PORTMAP_NAT_PMP : PORTMAP_PCP);
		rig_start(&r);
		rig_pass(&r, 100 * NK_MS);
		portmap_release(r.p, r.now);
		r.drop_requests[natpmp ? RIG_NAT_PMP : RIG_PCP] = 1;
		rig_pass(&r, 10 * NK_MS);
		m = r.last_pcp;
		m.response = true;
		if (natpmp)
			rig_datagram(&r, RIG_FIRST + 2, PCP_PORT,
				     "\0\x82\0\0\0\0\x03\xe8\x1f\x90\x1f\x90\0\0\x0e\x10", 16);
		else
			rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, bytes, pcp_write(bytes, &m));
		rig_pass(&r, 5 * NK_S);
		assert_int_equal(rig_mappings(&r), 0);
		assert_int_equal(portmap_status(r.p), CORE_DONE);
		rig_end(&r);
	}
}

static void test_detached(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned claimed = 0; claimed < 2; claimed++) {
		rig_init(&r);
		r.config.detach = true;
		rig_start(&r);
		rig_pass(&r, NK_S);
		if (claimed)
			portmap_claim(r.p);
		rig_release(&r);
		assert_int_equal(rig_mappings(&r), !claimed);
		assert_false(rig_result(&r)->left_behind);
		rig_end(&r);
	}
}

/* Nothing else may happen after which it would be looked at again. */
static void test_release_is_due_at_once(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		struct rig r;

		rig_init(&r);
		r.config.protocols = PORTMAP_BIT(p);
		rig_start(&r);
		rig_pass(&r, NK_S);
		portmap_release(r.p, r.now);
		assert_true(portmap_deadline(r.p) <= r.now);
		rig_release(&r);
		rig_end(&r);
	}
}

/* What an earlier run has left is removed, and nothing is made. */
static void test_removal(void **state)
{
	static const enum portmap_protocol all[] = {PORTMAP_PCP, PORTMAP_NAT_PMP, PORTMAP_UPNP};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rig r;

		rig_init(&r);
		rig_put(&r, 6, &r.config.internal, 9000, 3600);
		r.p = portmap_new_removal(&r.config, all[i], 9000, &r.rng, r.now);
		rig_pass(&r, 2 * NK_S);
		assert_int_equal(portmap_status(r.p), CORE_DONE);
		assert_int_equal(rig_result(&r)->state, PORTMAP_GONE);
		assert_false(rig_result(&r)->left_behind);
		assert_int_equal(rig_mappings(&r), 0);
		rig_end(&r);

		rig_init(&r);
		rig_only(&r, RIG_PROTOCOLS, RIG_PROTOCOLS);
		r.p = portmap_new_removal(&r.config, all[i], 9000, &r.rng, r.now);
		rig_pass(&r, 8 * NK_S);
		assert_int_equal(portmap_status(r.p), CORE_DONE);
		assert_true(rig_result(&r)->left_behind);
		rig_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unheard_mapping_is_removed),
		cmocka_unit_test(test_unheard_then_refused),
		cmocka_unit_test(test_nothing_to_remove),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_busy_gateway),
		cmocka_unit_test(test_release_while_asking),
		cmocka_unit_test(test_late_answer),
		cmocka_unit_test(test_detached),
		cmocka_unit_test(test_release_is_due_at_once),
		cmocka_unit_test(test_removal),
	};

	return cmocka_run_group_tests_name("portmap_remove", tests, NULL, NULL);
}
