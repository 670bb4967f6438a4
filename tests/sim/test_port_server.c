/* The gateway of the virtual world against the words of RFC 6887 and RFC 6886, and each fault as it
 * is named. */
#include "gateway_rig.h"

#include "wire/ip.h"

#define SOCKET 1
#define PORT   4000 /* the client's */

static const struct port_rules plain = {.pcp = true, .nat_pmp = true};

static struct gateway_rig rig;
static struct puppet client, outside;
static uint8_t answer[CORE_DATAGRAM_MAX];
static size_t answer_len;
static struct addr answer_from;

/* The client is a puppet that keeps all of an answer. */
static void client_input(void *core, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_DATAGRAM) {
		memcpy(answer, ev->data, ev->len);
		answer_len = ev->len;
		answer_from = ev->from;
	}
	puppet_input(core, ev, now);
}

static void pass(nk_time t)
{
	world_run(rig.world, NULL, world_now(rig.world) + t);
}

static void begin(const struct port_rules *rules)
{
	static struct core_ops ops;

	ops = puppet_ops;
	ops.input = client_input;
	gateway_rig_make(&rig, NULL, rules, 1);
	puppet_attach(&client, rig.world, rig.inside);
	world_attach(rig.world, rig.inside, &ops, &client);
	puppet_attach(&outside, rig.world, rig.outside);
	puppet_open(&client, rig.world, rig.inside, SOCKET, addr_any(ADDR_V4, PORT));
	puppet_open(&outside, rig.world, rig.outside, SOCKET, addr_any(ADDR_V4, 9));
	pass(NK_MS);
}

static void end(void)
{
	gateway_rig_free(&rig);
}

/* Return: whether there was an answer. */
static bool ask(const uint8_t *bytes, size_t len)
{
	struct action a = {.kind = ACTION_SEND,
			   .id = SOCKET,
			   .to = addr_with_port(gateway_addr, PCP_PORT),
			   .len = len};

	memcpy(a.data, bytes, len);
	answer_len = 0;
	puppet_do(&client, rig.world, rig.inside, &a);
	pass(NK_MS);
	return answer_len > 0;
}

static struct pcp_msg map_of(uint8_t nonce, uint16_t external, uint32_t lifetime_s)
{
	return (struct pcp_msg){
		.opcode = PCP_MAP,
		.lifetime_s = lifetime_s,
		.client = inside_addr,
		.nonce = {nonce},
		.protocol = IP_UDP,
		.internal_port = PORT,
		.external = addr_any(ADDR_V4, external),
	};
}

static struct pcp_msg pcp(const struct pcp_msg *request)
{
	uint8_t buf[PCP_MAX] = {0};
	struct pcp_msg m;

	assert_true(ask(buf, pcp_write(buf, request)));
	assert_int_equal(pcp_read(&m, answer, answer_len), 0);
	assert_true(m.response);
	assert_int_equal(m.opcode, request->opcode);
	return m;
}

static struct natpmp_msg natpmp(enum natpmp_opcode opcode, uint16_t external, uint32_t lifetime_s)
{
	const struct natpmp_msg request = {.opcode = opcode,
					   .internal_port = PORT,
					   .external = {.port = external},
					   .lifetime_s = lifetime_s};
	uint8_t buf[NATPMP_MAX] = {0};
	struct natpmp_msg m;

	assert_true(ask(buf, natpmp_write(buf, &request)));
	assert_int_equal(natpmp_read(&m, answer, answer_len), 0);
	assert_true(m.response);
	assert_int_equal(m.opcode, opcode);
	return m;
}

/* Whether somebody outside reaches the client through @external. */
static bool is_open(struct addr external)
{
	const unsigned before = client.count;

	puppet_send(&outside, rig.world, rig.outside, SOCKET, external, 0, 1);
	pass(NK_MS);
	return client.count > before;
}

static void test_pcp_map(void **state)
{
	const struct pcp_msg request = map_of(1, 6000, 600), renewal = map_of(1, 0, 3600);
	struct pcp_msg m;

	(void)state;
	begin(&plain);
	m = pcp(&request);
	assert_int_equal(m.result, PCP_SUCCESS);
	assert_int_equal(m.external.port, 6000);
	assert_int_equal(m.lifetime_s, 600);
	assert_memory_equal(m.nonce, request.nonce, PCP_NONCE);
	assert_true(is_open(m.external));
	pass(300 * NK_S);
	m = pcp(&renewal);
	assert_int_equal(m.external.port, 6000);
	assert_int_equal(m.lifetime_s, 3600);
	assert_int_equal(m.epoch_s, 300);
	assert_int_equal(gateway_rig_open(&rig), 1);
	pass(3599 * NK_S);
	assert_true(is_open(m.external));
	pass(NK_S);
	assert_false(is_open(m.external));
	assert_int_equal(rig.gateway.server.made, 1);
	assert_int_equal(rig.gateway.server.renewed, 1);
	end();
}

static void test_pcp_removal(void **state)
{
	const struct pcp_msg request = map_of(1, 0, 600), removal = map_of(1, 0, 0);
	const struct pcp_msg by_another = map_of(2, 0, 0), of_another = map_of(2, 0, 600);
	struct addr external;

	(void)state;
	begin(&plain);
	external = pcp(&request).external;
	assert_int_equal(pcp(&by_another).result, PCP_NOT_AUTHORIZED);
	assert_int_equal(pcp(&of_another).result, PCP_NOT_AUTHORIZED);
	assert_int_equal(natpmp(NATPMP_MAP_UDP, 0, 0).result, NATPMP_NOT_AUTHORIZED);
	assert_true(is_open(external));
	assert_int_equal(pcp(&removal).result, PCP_SUCCESS);
	assert_false(is_open(external));
	assert_int_equal(pcp(&removal).result, PCP_SUCCESS);
	assert_int_equal(gateway_rig_open(&rig), 0);
	end();
}

static void test_pcp_refusals(void **state)
{
	struct pcp_msg m = map_of(1, 6000, 600);

	(void)state;
	begin(&plain);
	m.client = outside_addr;
	assert_int_equal(pcp(&m).result, PCP_ADDRESS_MISMATCH);
	m = map_of(1, 6000, 600);
	m.protocol = 47;
	assert_int_equal(pcp(&m).result, PCP_UNSUPP_PROTOCOL);
	m.opcode = PCP_PEER;
	assert_int_equal(pcp(&m).result, PCP_UNSUPP_OPCODE);
	m.opcode = PCP_ANNOUNCE;
	assert_int_equal(pcp(&m).result, PCP_SUCCESS);
	m = map_of(1, 6000, 600);
	rig.gateway.server.rules.pcp_result = PCP_NETWORK_FAILURE;
	assert_int_equal(pcp(&m).result, PCP_NETWORK_FAILURE);
	rig.gateway.server.rules.pcp_result = 0;
	rig.gateway.server.rules.quota = 1;
	assert_int_equal(pcp(&m).result, PCP_SUCCESS);
	m.internal_port++;
	assert_int_equal(pcp(&m).result, PCP_USER_EX_QUOTA);
	assert_int_equal(gateway_rig_open(&rig), 1);
	end();
}

/* Two of one port: the second gets another one, or none if it will have no other. */
static void test_pcp_conflict(void **state)
{
	struct pcp_msg m = map_of(1, 6000, 600);

	(void)state;
	begin(&plain);
	pcp(&m);
	m.internal_port++;
	m.prefer_failure = true;
	assert_int_equal(pcp(&m).result, PCP_CANNOT_PROVIDE_EXTERNAL);
	rig.gateway.server.rules.faults = PORT_FAILURE_IGNORED;
	m = pcp(&m);
	assert_int_equal(m.result, PCP_SUCCESS);
	assert_int_not_equal(m.external.port, 6000);
	assert_int_equal(gateway_rig_open(&rig), 2);
	end();
}

static void test_pcp_filter(void **state)
{
	struct pcp_msg m = map_of(1, 6000, 600);

	(void)state;
	begin(&plain);
	m.filter_count = 1;
	m.filters[0] = (struct pcp_filter){.bits = 128, .remote = addr_v4(192, 0, 2, 77, 0)};
	assert_false(is_open(pcp(&m).external));
	m.filters[0].remote = outside_addr;
	assert_true(is_open(pcp(&m).external));
	end();
}

static void test_natpmp(void **state)
{
	struct natpmp_msg m;
	struct addr external;

	(void)state;
	begin(&plain);
	external = natpmp(NATPMP_ADDRESS, 0, 0).external;
	assert_true(nat_is_external(world_nat(rig.world, rig.nat), &external));
	m = natpmp(NATPMP_MAP_UDP, 6000, 7200);
	assert_int_equal(m.result, NATPMP_SUCCESS);
	assert_int_equal(m.external.port, 6000);
	assert_int_equal(m.lifetime_s, 7200);
	external.port = m.external.port;
	assert_true(is_open(external));
	assert_int_equal(natpmp(NATPMP_MAP_TCP, 6000, 7200).result, NATPMP_SUCCESS);
	assert_int_equal(gateway_rig_open(&rig), 2);
	assert_int_equal(natpmp(NATPMP_MAP_UDP, 0, 0).external.port, 0);
	assert_false(is_open(external));
	assert_int_equal(gateway_rig_open(&rig), 1);
	rig.gateway.server.rules.natpmp_result = NATPMP_NOT_AUTHORIZED;
	assert_int_equal(natpmp(NATPMP_MAP_UDP, 0, 60).result, NATPMP_NOT_AUTHORIZED);
	end();
}

/* "... a mapping deletion request ... with the internal port set to zero": all of them are. */
static void test_natpmp_remove_all(void **state)
{
	const struct natpmp_msg all = {.opcode = NATPMP_MAP_UDP};
	uint8_t buf[NATPMP_MAX] = {0};
	const size_t len = natpmp_write(buf, &all);

	(void)state;
	begin(&plain);
	natpmp(NATPMP_MAP_UDP, 6000, 7200);
	natpmp(NATPMP_MAP_TCP, 6001, 7200);
	assert_true(ask(buf, len));
	assert_int_equal(gateway_rig_open(&rig), 1);
	end();
}

/* RFC 6887 appendix A. */
static void test_versions(void **state)
{
	const struct natpmp_msg address = {.opcode = NATPMP_ADDRESS};
	const struct pcp_msg announce = {.opcode = PCP_ANNOUNCE, .client = inside_addr};
	const struct port_rules pcp_alone = {.pcp = true}, natpmp_alone = {.nat_pmp = true};
	const struct port_rules neither = {.pcp = false};
	struct natpmp_msg n;
	struct pcp_msg p;
	uint8_t buf[PCP_MAX] = {0};

	(void)state;
	begin(&pcp_alone);
	assert_true(ask(buf, natpmp_write(buf, &address)));
	assert_int_equal(pcp_read(&p, answer, answer_len), 0);
	assert_int_equal(p.result, PCP_UNSUPP_VERSION);
	end();

	begin(&natpmp_alone);
	assert_true(ask(buf, pcp_write(buf, &announce)));
	assert_int_equal(natpmp_read(&n, answer, answer_len), 0);
	assert_int_equal(n.result, NATPMP_UNSUPP_VERSION);
	end();

	begin(&neither);
	assert_false(ask(buf, pcp_write(buf, &announce)));
	assert_false(ask(buf, natpmp_write(buf, &address)));
	end();
}

static void test_lifetimes(void **state)
{
	struct port_rules rules = plain;
	struct pcp_msg m = map_of(1, 0, 30);

	(void)state;
	begin(&rules);
	assert_int_equal(pcp(&m).lifetime_s, 120);
	m.lifetime_s = UINT32_MAX;
	assert_int_equal(pcp(&m).lifetime_s, 86400);
	rig.gateway.server.rules.min_s = 3;
	rig.gateway.server.rules.max_s = 60;
	assert_int_equal(pcp(&m).lifetime_s, 60);
	m.lifetime_s = 1;
	assert_int_equal(pcp(&m).lifetime_s, 3);
	end();
}

/* All is lost, the epoch begins anew, and those who had something are told. */
static void test_reboot(void **state)
{
	struct port_rules rules = plain;
	struct pcp_msg m = map_of(1, 6000, 600);
	unsigned told;

	(void)state;
	rules.epoch_s = 5000;
	rules.announces = true;
	begin(&rules);
	puppet_open(&client, rig.world, rig.inside, SOCKET + 1, addr_any(ADDR_V4, PCP_CLIENT_PORT));
	assert_int_equal(pcp(&m).epoch_s, 5000);
	told = client.count;
	port_host_reboot(&rig.gateway);
	pass(NK_MS);
	assert_int_equal(client.count, told + 1);
	assert_int_equal(pcp_read(&m, answer, answer_len), 0);
	assert_int_equal(m.opcode, PCP_ANNOUNCE);
	assert_int_equal(m.epoch_s, 0);
	assert_int_equal(gateway_rig_open(&rig), 0);
	m = map_of(2, 6000, 600);
	assert_int_equal(pcp(&m).result, PCP_SUCCESS);
	end();
}

static struct pcp_msg pcp_with(unsigned faults)
{
	const struct pcp_msg m = map_of(1, 6000, 600);

	rig.gateway.server.rules.faults = faults;
	return pcp(&m);
}

static void test_faults(void **state)
{
	struct addr external;
	struct pcp_msg m;

	(void)state;
	begin(&plain);
	m = pcp_with(PORT_OTHER);
	assert_int_not_equal(m.external.port, 6000);
	assert_true(is_open(m.external));
	m = pcp_with(PORT_PRIVATE);
	assert_true(addr_is_private(&m.external));
	external = natpmp(NATPMP_ADDRESS, 0, 0).external;
	assert_true(addr_is_private(&external));
	assert_false(is_open(pcp_with(PORT_LIED).external));
	assert_int_equal(pcp_with(PORT_LEASE_ZERO).lifetime_s, 0);
	m = pcp_with(PORT_WRONG_NONCE);
	assert_int_not_equal(m.nonce[0], 1);
	pcp_with(0);
	assert_true(addr_same_ip(&answer_from, &gateway_addr));
	pcp_with(PORT_WRONG_SOURCE);
	assert_true(addr_same_ip(&answer_from, &gateway_other));
	pass(10 * NK_S);
	assert_int_equal(pcp_with(PORT_EPOCH_STANDS).epoch_s, 0);
	assert_in_range(pcp_with(0).epoch_s, 10, 11);
	end();

	begin(&plain);
	assert_false(is_open(pcp_with(PORT_NOTHING_OPEN).external));
	assert_int_equal(gateway_rig_open(&rig), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcp_map),
		cmocka_unit_test(test_pcp_removal),
		cmocka_unit_test(test_pcp_refusals),
		cmocka_unit_test(test_pcp_conflict),
		cmocka_unit_test(test_pcp_filter),
		cmocka_unit_test(test_natpmp),
		cmocka_unit_test(test_natpmp_remove_all),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_lifetimes),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
