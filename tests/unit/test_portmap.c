/* A mapping is made by the best protocol there is, whatever the gateway does. */
#include "portmap_rig.h"

static void test_each_protocol(void **state)
{
	static const enum portmap_protocol all[] = {PORTMAP_PCP, PORTMAP_NAT_PMP, PORTMAP_UPNP};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (uint8_t udp = 0; udp < 2; udp++) {
			struct rig r;

			rig_init(&r);
			r.config.protocols = PORTMAP_BIT(all[i]);
			r.config.ip_protocol = udp ? 17 : 6;
			rig_start(&r);
			rig_pass(&r, 100 * NK_MS);
			rig_check_held(&r, all[i], 8080);
			assert_in_range(rig_result(&r)->lease_s, 3599, 3600);
			assert_int_equal(r.table[0].protocol, r.config.ip_protocol);
			rig_end_clean(&r);
		}
	}
}

static void test_prefers_pcp(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_pass(&r, 2 * NK_S);
	rig_check_held(&r, PORTMAP_PCP, 8080);
	assert_int_equal(r.requests[RIG_NAT_PMP] + r.requests[RIG_IGD], 0);
	assert_true(portmap_gateway(r.p)->offer[PORTMAP_UPNP].usable);
	rig_end_clean(&r);
}

/* A gateway that knows PCP no more says so at once; one that is silent is waited for, up to the limit. */
static void test_falls_back(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.speaks[RIG_PCP] = false;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	rig_check_held(&r, PORTMAP_NAT_PMP, 8080);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_PCP], PORTMAP_UNSUPPORTED);
	rig_end_clean(&r);

	rig_init(&r);
	rig_only(&r, RIG_SSDP, RIG_IGD);
	rig_start(&r);
	rig_pass(&r, 900 * NK_MS);
	assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
	rig_pass(&r, 200 * NK_MS);
	rig_check_held(&r, PORTMAP_UPNP, 8080);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_PCP], PORTMAP_SILENT);
	rig_end_clean(&r);
}

/* A closed port is not waited for. */
static void test_closed_port(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.closed = true;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	rig_check_held(&r, PORTMAP_UPNP, 8080);
	rig_end_clean(&r);
}

static void test_nobody(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_only(&r, RIG_PROTOCOLS, RIG_PROTOCOLS);
	rig_start(&r);
	rig_pass(&r, 3100 * NK_MS);
	rig_check_failed(&r, PORTMAP_SILENT);
}

/* Of a protocol that was not asked nothing is told: the others were silent. */
static void test_no_worker(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_only(&r, RIG_PROTOCOLS, RIG_PROTOCOLS);
	r.config.upnp = NULL;
	rig_start(&r);
	rig_pass(&r, 3100 * NK_MS);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_UPNP], PORTMAP_OK);
	rig_check_failed(&r, PORTMAP_SILENT);
}

/* A gateway that serves others first answers late: that is not silence. */
static void test_busy_gateway(void **state)
{
	(void)state;
	for (enum portmap_protocol p = PORTMAP_PCP; p <= PORTMAP_NAT_PMP; p++) {
		struct rig r;

		rig_init(&r);
		r.config.protocols = PORTMAP_BIT(p);
		rig_only(&r, RIG_PROTOCOLS, RIG_PROTOCOLS);
		rig_start(&r);
		rig_pass(&r, 1500 * NK_MS);
		assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
		r.speaks[rig_asked[p]] = true;
		rig_pass(&r, 500 * NK_MS);
		rig_check_held(&r, p, 8080);
		rig_end_clean(&r);
	}
}

/* What each protocol refuses with is told, and the best one's is the reason. */
static void test_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.pcp_result = PCP_ADDRESS_MISMATCH;
	r.natpmp_result = NATPMP_NOT_AUTHORIZED;
	r.igd_result = 606;
	rig_start(&r);
	rig_pass(&r, 2 * NK_S);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_PCP], PORTMAP_ADDRESS_MISMATCH);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_NAT_PMP], PORTMAP_NOT_AUTHORIZED);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_UPNP], PORTMAP_NOT_AUTHORIZED);
	assert_int_equal(rig_result(&r)->code[PORTMAP_PCP], 12);
	assert_int_equal(rig_result(&r)->code[PORTMAP_UPNP], 606);
	rig_check_failed(&r, PORTMAP_ADDRESS_MISMATCH);
}

/* Another program has it by PCP: NAT-PMP, which knows no programs, would take it from that one. */
static void test_taken_by_another_program(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_put(&r, 6, &r.config.internal, 8080, 3600);
	r.pcp_result = PCP_NOT_AUTHORIZED;
	r.igd_result = 718;
	r.config.strict = true;
	rig_start(&r);
	rig_pass(&r, 10 * NK_S);
	assert_int_equal(rig_result(&r)->state, PORTMAP_FAILED);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_NAT_PMP], PORTMAP_NOT_AUTHORIZED);
	assert_int_equal(r.requests[RIG_NAT_PMP], 0);
	assert_int_equal(rig_mappings(&r), 1);
	rig_end(&r);
}

/* Requests and answers are lost: it comes to the same, and leaves the same. */
static void test_loss(void **state)
{
	(void)state;
	for (unsigned lost = 0; lost <= 2; lost++) {
		for (unsigned answers = 0; answers < 2; answers++) {
			struct rig r;

			rig_init(&r);
			r.config.protocols = PORTMAP_BIT(PORTMAP_NAT_PMP);
			(answers ? r.drop_answers : r.drop_requests)[RIG_NAT_PMP] = lost;
			rig_start(&r);
			rig_pass(&r, 2 * NK_S);
			rig_check_held(&r, PORTMAP_NAT_PMP, 8080);
			r.drop_answers[RIG_NAT_PMP] = lost;
			rig_end_clean(&r);
		}
	}
}

/* RFC 6887 section 8.1.1: 3 s, give or take a tenth. */
static void test_pcp_waits(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_PCP);
	r.drop_requests[RIG_PCP] = 1;
	rig_start(&r);
	rig_pass(&r, 2650 * NK_MS);
	assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
	rig_pass(&r, 700 * NK_MS);
	rig_check_held(&r, PORTMAP_PCP, 8080);
	rig_end_clean(&r);
}

/* NAT-PMP has no nonces: the internal port is what tells whose an answer is. */
static void test_other_internal_port(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_NAT_PMP);
	r.drop_requests[RIG_NAT_PMP] = 3;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT,
		     "\0\x82\0\0\0\0\x03\xe8\x1f\x91\x1f\x90\0\0\x0e\x10", 16);
	rig_pass(&r, 100 * NK_MS);
	assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
	rig_pass(&r, 3 * NK_S);
	rig_check_held(&r, PORTMAP_NAT_PMP, 8080);
	rig_end_clean(&r);
}

/* Who answers something else is not silent, and is not told as that. */
static void test_odd_answers_only(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_NAT_PMP);
	r.drop_requests[RIG_NAT_PMP] = ~0u;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT,
		     "\0\x82\0\0\0\0\x03\xe8\x1f\x91\x1f\x90\0\0\x0e\x10", 16);
	rig_pass(&r, 30 * NK_S);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_NAT_PMP], PORTMAP_LIED);
	rig_check_failed(&r, PORTMAP_LIED);
}

/* A refusal that is cut after its header is one all the same. */
static void test_cut_refusal(void **state)
{
	static const uint8_t refusal[24] = {PCP_VERSION, 0x80 | PCP_MAP, 0, PCP_NOT_AUTHORIZED};
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.protocols = PORTMAP_BIT(PORTMAP_PCP);
	r.drop_requests[RIG_PCP] = ~0u;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, refusal, sizeof(refusal));
	rig_pass(&r, 100 * NK_MS);
	rig_check_failed(&r, PORTMAP_NOT_AUTHORIZED);
}

/* There is no socket to be had: only UPnP has a way of its own, and that cannot be found. */
static void test_no_sockets(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.no_sockets = true;
	rig_start(&r);
	rig_pass(&r, 100 * NK_MS);
	rig_check_failed(&r, PORTMAP_SILENT);

	/* Only from when it is to be mapped. */
	rig_init(&r);
	rig_start(&r);
	rig_pass(&r, NK_MS);
	r.no_sockets = true;
	rig_pass(&r, 100 * NK_MS);
	rig_check_held(&r, PORTMAP_UPNP, 8080);
	rig_end_clean(&r);
}

/* The daemon ends just after it was found. */
static void test_closes(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_pass(&r, NK_MS);
	r.closed = true;
	rig_pass(&r, 100 * NK_MS);
	rig_check_held(&r, PORTMAP_UPNP, 8080);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_PCP], PORTMAP_SILENT);
	rig_end_clean(&r);
}

/* What is asked for: a day at most, for as long as we run if it is not to be left. */
static void test_asked_for(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.lifetime_s = 7 * 86400;
	rig_start(&r);
	rig_pass(&r, NK_S);
	assert_int_equal(r.last_pcp.lifetime_s, 86400);
	rig_end_clean(&r);
	for (unsigned detach = 0; detach < 2; detach++) {
		rig_init(&r);
		r.config.protocols = PORTMAP_BIT(PORTMAP_UPNP);
		r.config.lifetime_s = 0;
		r.config.detach = detach;
		rig_start(&r);
		rig_pass(&r, 5 * NK_MS);
		while (r.last_igd.op != UPNP_ADD)
			rig_pass(&r, NK_MS);
		assert_int_equal(r.last_igd.hold, !detach);
		assert_int_equal(r.last_igd.lifetime_s, 7200);
		assert_string_equal(r.last_igd.description, "natkit 8080/tcp 0102");
		portmap_claim(r.p);
		rig_end_clean(&r);
	}
}

/* Another's port: the gateway gives the next one, which is as good unless we are told otherwise. */
static void test_taken_port(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned igd = 0; igd <= 2; igd++) {
		rig_init(&r);
		r.taken = 8080;
		r.igd = igd;
		r.config.protocols = igd == 0 ? PORTMAP_ALL : PORTMAP_BIT(PORTMAP_UPNP);
		rig_start(&r);
		rig_pass(&r, 2 * NK_S);
		rig_check_held(&r, igd == 0 ? PORTMAP_PCP : PORTMAP_UPNP,
			       igd == 1 ? r.table[0].external : 8081);
		assert_int_not_equal(rig_result(&r)->external.port, 8080);
		rig_end_clean(&r);
	}
}

/* Strict: PREFER_FAILURE is asked for; a gateway that ignores it has its mapping back. */
static void test_strict(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned honours = 0; honours < 2; honours++) {
		rig_init(&r);
		r.taken = 8000;
		r.prefers_failure = honours;
		r.config.strict = true;
		r.config.external_port = 8000;
		rig_start(&r);
		rig_pass(&r, 5 * NK_S);
		assert_int_equal(rig_result(&r)->tried[PORTMAP_PCP],
				 honours ? PORTMAP_CONFLICT : PORTMAP_NOT_AS_ASKED);
		assert_int_equal(rig_result(&r)->tried[PORTMAP_NAT_PMP], PORTMAP_NOT_AS_ASKED);
		assert_int_equal(rig_result(&r)->tried[PORTMAP_UPNP], PORTMAP_CONFLICT);
		assert_int_equal(rig_result(&r)->code[PORTMAP_UPNP], 718);
		rig_check_failed(&r, honours ? PORTMAP_CONFLICT : PORTMAP_NOT_AS_ASKED);
	}
}

/* Answers that cannot be true are not believed, and what they may have made is removed. */
static void test_lies(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned lie = 0; lie < 2; lie++) {
		rig_init(&r);
		r.config.protocols = PORTMAP_ALL & ~PORTMAP_BIT(PORTMAP_UPNP);
		r.gives_lease = lie == 0;
		r.gives_port = lie == 1;
		rig_start(&r);
		rig_pass(&r, 5 * NK_S);
		assert_int_equal(rig_result(&r)->tried[PORTMAP_NAT_PMP], PORTMAP_LIED);
		rig_check_failed(&r, PORTMAP_LIED);
	}
}

/* What is not about our mapping, or not from the gateway, is not heard. */
static void test_answers_of_others(void **state)
{
	static const size_t at[] = {24, 36, 41}; /* nonce, protocol, internal port */
	uint8_t bytes[PCP_MAX];
	struct rig r;

	(void)state;
	for (size_t i = 0; i <= 3; i++) {
		struct pcp_msg m;
		size_t len;

		rig_init(&r);
		r.config.protocols = PORTMAP_BIT(PORTMAP_PCP);
		r.drop_requests[RIG_PCP] = 1;
		rig_start(&r);
		rig_pass(&r, 100 * NK_MS);
		m = (struct pcp_msg){
			.response = true,
			.opcode = PCP_MAP,
			.lifetime_s = 3600,
			.epoch_s = rig_epoch(&r),
			.protocol = 6,
			.internal_port = 8080,
			.external = addr_with_port(r.external, 7000),
		};
		memcpy(m.nonce, r.config.nonce, sizeof(m.nonce));
		len = pcp_write(bytes, &m);
		if (i < 3)
			bytes[at[i]] ^= 1;
		else
			r.answers_from = addr_v4(192, 0, 2, 2, 0);
		rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, bytes, len);
		r.answers_from = (struct addr){.port = 0};
		rig_pass(&r, NK_S);
		assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
		rig_pass(&r, 3 * NK_S);
		rig_check_held(&r, PORTMAP_PCP, 8080);
		rig_end_clean(&r);
	}
}

static void test_other_address_answers(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.answers_from = addr_v4(192, 0, 2, 2, 0);
	rig_start(&r);
	rig_pass(&r, 4 * NK_S);
	assert_true(
		addr_same_ip(&portmap_gateway(r.p)->offer[PORTMAP_PCP].source, &r.answers_from));
	assert_true(
		addr_same_ip(&portmap_gateway(r.p)->offer[PORTMAP_UPNP].source, &r.answers_from));
	rig_check_failed(&r, PORTMAP_SILENT);
}

/* It is held all the same: from the network beyond it can be reached. */
static void test_private(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		rig_init(&r);
		r.external = addr_v4(100, 64, 3, 7, 0);
		r.config.protocols = PORTMAP_BIT(p);
		rig_start(&r);
		rig_pass(&r, 2 * NK_S);
		rig_check_held(&r, p, 8080);
		assert_int_equal(rig_result(&r)->why, PORTMAP_PRIVATE);
		rig_end_clean(&r);
	}
}

/* Not connected: the device has no address itself. */
static void test_no_address(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.speaks[RIG_PCP] = r.connected = false;
	r.external = addr_v4(0, 0, 0, 0, 0);
	rig_start(&r);
	rig_pass(&r, 2 * NK_S);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_UPNP], PORTMAP_NETWORK_FAILURE);
	rig_check_failed(&r, PORTMAP_NETWORK_FAILURE);
}

/* Only PCP can say who may come in. */
static void test_filter(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.remote = addr_v4(198, 51, 100, 99, 0);
	rig_start(&r);
	rig_pass(&r, NK_S);
	rig_check_held(&r, PORTMAP_PCP, 8080);
	assert_int_equal(r.last_pcp.filter_count, 1);
	assert_int_equal(r.last_pcp.filters[0].bits, 128);
	assert_true(addr_eq(&r.last_pcp.filters[0].remote, &r.config.remote));
	rig_end_clean(&r);

	rig_init(&r);
	r.config.remote = addr_v4(198, 51, 100, 99, 0);
	r.pcp_result = PCP_UNSUPP_OPTION;
	rig_start(&r);
	rig_pass(&r, 5 * NK_S);
	assert_int_equal(r.requests[RIG_NAT_PMP] + r.requests[RIG_IGD], 0);
	rig_check_failed(&r, PORTMAP_UNSUPPORTED);
}

static void to_v6(struct rig *r)
{
	r->config.gateway = (struct addr){.ip = {0xfe, 0x80, [15] = 1}};
	r->config.internal = (struct addr){.ip = {0x20, 1, 0x0d, 0xb8, [15] = 9}, .port = 8080};
	r->external = addr_with_port(r->config.internal, 0);
	r->location = "http://[fe80::1]:5555/desc.xml";
	r->pinholes = true;
}

static void test_v6(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned upnp = 0; upnp < 2; upnp++) {
		rig_init(&r);
		to_v6(&r);
		r.speaks[RIG_PCP] = !upnp;
		rig_start(&r);
		rig_pass(&r, 2 * NK_S);
		rig_check_held(&r, upnp ? PORTMAP_UPNP : PORTMAP_PCP, 8080);
		assert_int_equal(r.requests[RIG_NAT_PMP], 0);
		assert_int_equal(rig_result(&r)->pinhole, upnp);
		rig_end_clean(&r);
	}
	rig_init(&r);
	to_v6(&r);
	r.speaks[RIG_PCP] = r.pinholes = false;
	rig_start(&r);
	rig_pass(&r, 2 * NK_S);
	rig_check_failed(&r, PORTMAP_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_protocol),
		cmocka_unit_test(test_prefers_pcp),
		cmocka_unit_test(test_falls_back),
		cmocka_unit_test(test_closed_port),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_no_worker),
		cmocka_unit_test(test_busy_gateway),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_taken_by_another_program),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_pcp_waits),
		cmocka_unit_test(test_other_internal_port),
		cmocka_unit_test(test_odd_answers_only),
		cmocka_unit_test(test_cut_refusal),
		cmocka_unit_test(test_no_sockets),
		cmocka_unit_test(test_closes),
		cmocka_unit_test(test_asked_for),
		cmocka_unit_test(test_taken_port),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_answers_of_others),
		cmocka_unit_test(test_other_address_answers),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_v6),
	};

	return cmocka_run_group_tests_name("portmap", tests, NULL, NULL);
}
