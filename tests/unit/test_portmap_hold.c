/* A mapping that is held: renewed in time, and made again when the gateway has lost it. */
#include "portmap_rig.h"

static const enum portmap_protocol all[] = {PORTMAP_PCP, PORTMAP_NAT_PMP, PORTMAP_UPNP};

static void start_held(struct rig *r, enum portmap_protocol by)
{
	r->config.protocols = PORTMAP_BIT(by);
	rig_start(r);
	rig_pass(r, 100 * NK_MS);
	assert_int_equal(rig_result(r)->state, PORTMAP_HELD);
	r->gap = NK_NEVER;
}

/* Each renewal between a half and five eighths of the life that is left. */
static void test_renewal(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rig r;

		rig_init(&r);
		start_held(&r, all[i]);
		assert_in_range(rig_result(&r)->renew_at - r.now, 1799 * NK_S, 2250 * NK_S);
		for (unsigned n = 1; n < 5; n++) {
			rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
			assert_int_equal(rig_result(&r)->renewals, n);
			assert_int_equal(r.requests[rig_asked[all[i]]], 1 + n);
			assert_int_equal(rig_mappings(&r), 1);
			assert_in_range(rig_result(&r)->expires - r.now, 3590 * NK_S, 3600 * NK_S);
		}
		assert_int_equal(rig_result(&r)->recreated, 0);
		rig_end_clean(&r);
	}
}

/* Lost renewals: at half of what is left each time, but never less than 4 s apart, until it is over. */
static void test_lost_renewals(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig r;
		nk_time expires;

		rig_init(&r);
		start_held(&r, all[i]);
		r.drop_requests[rig_asked[all[i]]] = ~0u;
		expires = rig_result(&r)->expires;
		rig_run(&r, expires - NK_MS);
		assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
		/* 3600 s halved until there are 4: ten times, or a few less. */
		assert_in_range(~0u - r.drop_requests[rig_asked[all[i]]], 7, i == 0 ? 11 : 44);
		rig_run(&r, expires + NK_S);
		assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
		assert_int_equal(portmap_status(r.p), CORE_BUSY);

		r.drop_requests[rig_asked[all[i]]] = 0;
		rig_pass(&r, 60 * NK_S);
		assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
		assert_int_equal(rig_result(&r)->recreated, 1);
		rig_end_clean(&r);
	}
}

static void test_renewals_apart(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.gives_lease = true;
	r.give_lease = 3;
	start_held(&r, PORTMAP_PCP);
	rig_pass(&r, 100 * NK_S);
	assert_in_range(r.gap, 4 * NK_S, 5 * NK_S);
	assert_in_range(r.requests[RIG_PCP], 20, 26);
	rig_end_clean(&r);
}

/* A life of years is one of a day, so that one day nobody needs to remember it. */
static void test_long_lease(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.gives_lease = true;
	r.give_lease = ~0u;
	start_held(&r, PORTMAP_PCP);
	assert_int_equal(rig_result(&r)->lease_s, 86400);
	rig_end_clean(&r);
}

/* A reboot that nobody tells of is seen by the epoch of the renewal's answer, which has made it again already. */
static void test_reboot_unheard(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rig r;
		nk_time renewal;

		rig_init(&r);
		start_held(&r, all[i]);
		rig_pass(&r, 600 * NK_S);
		rig_reboot(&r);
		renewal = rig_result(&r)->renew_at;
		rig_run(&r, renewal + 100 * NK_MS);
		assert_int_equal(rig_mappings(&r), 1);
		assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
		assert_int_equal(rig_result(&r)->recreated, 1);
		assert_int_equal(rig_result(&r)->renewals, 0);
		rig_end_clean(&r);
	}
}

static void announce(struct rig *r, bool natpmp)
{
	const struct pcp_msg p = {
		.response = true, .opcode = PCP_ANNOUNCE, .epoch_s = rig_epoch(r)};
	const struct natpmp_msg n = {.response = true,
				     .opcode = NATPMP_ADDRESS,
				     .epoch_s = rig_epoch(r),
				     .external = r->external};
	uint8_t bytes[PCP_MAX];
	const size_t len = natpmp ? natpmp_write(bytes, &n) : pcp_write(bytes, &p);

	rig_datagram(r, RIG_ANNOUNCED, PCP_PORT, bytes, len);
}

/* Announced: made again after up to 5 s, as not all may ask at once. */
static void test_reboot_announced(void **state)
{
	nk_time least = NK_NEVER, most = 0;

	(void)state;
	for (unsigned seed = 0; seed < 40; seed++) {
		struct rig r;
		nk_time took;

		rig_init(&r);
		rng_seed_from_number(&r.rng, seed);
		start_held(&r, all[seed % 2]);
		rig_pass(&r, 600 * NK_S);
		rig_reboot(&r);
		took = r.now;
		announce(&r, seed % 2 == 1);
		rig_pass(&r, 10 * NK_MS);
		assert_int_equal(rig_result(&r)->state, PORTMAP_HELD); /* anyone can say so */
		rig_pass(&r, 6 * NK_S);
		assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
		assert_int_equal(rig_result(&r)->recreated, 1);
		assert_int_equal(rig_mappings(&r), 1);
		took = r.last_request[rig_asked[all[seed % 2]]] - took;
		least = nk_min(least, took);
		most = nk_max(most, took);
		/* The same again is no news. */
		announce(&r, seed % 2 == 1);
		rig_pass(&r, 6 * NK_S);
		assert_int_equal(rig_result(&r)->recreated, 1);
		rig_end_clean(&r);
	}
	assert_in_range(least, 0, NK_S);
	assert_in_range(most, 4 * NK_S, 5 * NK_S + 10 * NK_MS);
}

/* In the middle of a renewal that is not heard: it is not waited for until the next. */
static void test_reboot_while_renewing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	start_held(&r, PORTMAP_PCP);
	r.drop_requests[RIG_PCP] = 1;
	rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
	rig_reboot(&r);
	announce(&r, false);
	rig_pass(&r, 15 * NK_S);
	assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	assert_int_equal(rig_mappings(&r), 1);
	rig_end_clean(&r);
}

/* One of another sender's is nothing, however it looks; nor can a flood of them make us send more often. */
static void test_announcements_of_others(void **state)
{
	struct rig r;
	nk_time booted;

	(void)state;
	rig_init(&r);
	start_held(&r, PORTMAP_PCP);
	rig_pass(&r, 600 * NK_S);
	booted = r.booted;
	r.booted = r.now;
	r.answers_from = addr_v4(192, 0, 2, 2, 0);
	announce(&r, false);
	rig_pass(&r, 10 * NK_S);
	assert_int_equal(r.requests[RIG_PCP], 1);

	r.answers_from = (struct addr){.port = 0};
	for (unsigned i = 0; i < 1000; i++) {
		r.booted = i % 2 == 0 ? r.now : 0;
		announce(&r, false);
		r.booted = booted; /* forged, it was */
		rig_pass(&r, 100 * NK_MS);
		assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	}
	assert_int_equal(rig_result(&r)->recreated, 0);
	assert_in_range(r.requests[RIG_PCP], 2, 2 + 100 / 4);
	assert_true(r.gap >= 4 * NK_S);
	rig_end_clean(&r);
}

/* The gateway's address has changed: NAT-PMP announces it, and renewals tell of it. */
static void test_new_address(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	start_held(&r, PORTMAP_NAT_PMP);
	r.external = addr_v4(198, 51, 100, 8, 0);
	announce(&r, true);
	rig_pass(&r, 6 * NK_S);
	assert_true(addr_same_ip(&rig_result(&r)->external, &r.external));
	assert_int_equal(rig_result(&r)->recreated, 1);
	r.external = addr_v4(198, 51, 100, 9, 0);
	rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
	assert_true(addr_same_ip(&rig_result(&r)->external, &r.external));
	assert_int_equal(rig_result(&r)->recreated, 2);
	rig_end_clean(&r);

	rig_init(&r);
	start_held(&r, PORTMAP_PCP);
	r.external = addr_v4(198, 51, 100, 8, 0);
	rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
	assert_true(addr_same_ip(&rig_result(&r)->external, &r.external));
	assert_int_equal(rig_result(&r)->recreated, 1);
	rig_end_clean(&r);
}

/* PCP tells of a change unasked, RFC 6887 section 14.2: a renewal shows what there is. */
static void test_update(void **state)
{
	uint8_t bytes[PCP_MAX];
	struct pcp_msg m;
	struct rig r;

	(void)state;
	rig_init(&r);
	start_held(&r, PORTMAP_PCP);
	rig_pass(&r, 10 * NK_S);
	m = r.last_pcp;
	m.response = true;
	m.epoch_s = rig_epoch(&r);
	m.external = rig_result(&r)->external;
	m.nonce[0] ^= 1; /* somebody else's */
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, bytes, pcp_write(bytes, &m));
	rig_pass(&r, NK_S);
	assert_int_equal(r.requests[RIG_PCP], 1);
	m.nonce[0] ^= 1;
	/* The network has doubled the answer: it is no news. */
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, bytes, pcp_write(bytes, &m));
	rig_pass(&r, 5 * NK_S);
	assert_int_equal(r.requests[RIG_PCP], 1);
	m.external.port = r.table[0].external = 9090;
	m.epoch_s = rig_epoch(&r);
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, bytes, pcp_write(bytes, &m));
	rig_pass(&r, NK_S);
	assert_int_equal(r.requests[RIG_PCP], 2);
	assert_int_equal(rig_result(&r)->external.port, 9090);
	assert_int_equal(rig_result(&r)->recreated, 1);
	/* It is gone. */
	rig_pass(&r, 10 * NK_S);
	memset(r.table, 0, sizeof(r.table));
	m.lifetime_s = 0;
	m.epoch_s = rig_epoch(&r);
	rig_datagram(&r, RIG_FIRST + 2, PCP_PORT, bytes, pcp_write(bytes, &m));
	rig_pass(&r, NK_S);
	assert_int_equal(r.requests[RIG_PCP], 3);
	assert_int_equal(rig_mappings(&r), 1);
	rig_end_clean(&r);
}

/* After its reboot the gateway has no PCP any more: another protocol does. */
static void test_other_protocol_afterwards(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	rig_pass(&r, 600 * NK_S);
	rig_reboot(&r);
	announce(&r, false);
	rig_pass(&r, 10 * NK_MS);
	rig_only(&r, RIG_SSDP, RIG_IGD);
	rig_pass(&r, 30 * NK_S);
	assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	assert_int_equal(rig_result(&r)->protocol, PORTMAP_UPNP);
	r.speaks[RIG_PCP] = true;
	rig_end_clean(&r);
}

/* A gateway that is away for long is asked ever more rarely, and never given up. */
static void test_away(void **state)
{
	struct rig r;
	unsigned sent;

	(void)state;
	rig_init(&r);
	start_held(&r, PORTMAP_PCP);
	rig_reboot(&r);
	rig_only(&r, RIG_PROTOCOLS, RIG_PROTOCOLS);
	rig_pass(&r, 5 * 3600 * NK_S);
	sent = r.sent;
	rig_pass(&r, 10 * 1024 * NK_S);
	assert_in_range(r.sent - sent, 20, 80); /* nine or so looks */
	r.speaks[RIG_PCP] = true;
	rig_pass(&r, 1200 * NK_S);
	assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	rig_end_clean(&r);
}

/* The interface may have gone and come back, with the socket that was bound to it of no use. */
static void test_doubt_takes_another_socket(void **state)
{
	struct rig r;
	unsigned opened;

	(void)state;
	for (unsigned failed = 0; failed < 2; failed++) {
		rig_init(&r);
		start_held(&r, PORTMAP_PCP);
		rig_pass(&r, 10 * NK_S);
		r.no_sockets = failed;
		opened = r.opened;
		portmap_doubt(r.p, r.now);
		rig_pass(&r, 10 * NK_S);
		assert_int_equal(r.opened, opened + !failed);
		r.no_sockets = false;
		portmap_doubt(r.p, r.now);
		rig_pass(&r, 10 * NK_S);
		assert_int_equal(r.requests[RIG_PCP], failed ? 2 : 3);
		rig_end_clean(&r);
	}
}

/* The machine has slept: a look at once, and if there is doubt again, not before 4 s. */
static void test_doubt(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	start_held(&r, PORTMAP_PCP);
	rig_pass(&r, 10 * NK_S);
	portmap_doubt(r.p, r.now);
	rig_pass(&r, 100 * NK_MS);
	assert_int_equal(r.requests[RIG_PCP], 2);
	for (unsigned i = 0; i < 10; i++) {
		portmap_doubt(r.p, r.now);
		rig_pass(&r, 100 * NK_MS);
	}
	assert_int_equal(r.requests[RIG_PCP], 2);
	rig_pass(&r, 4 * NK_S);
	assert_int_equal(r.requests[RIG_PCP], 3);
	rig_end_clean(&r);
}

/* What was asked before the network was another one says nothing of this one, whether it is answered or not. */
static void test_doubt_while_renewing(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned lost = 0; lost < 2; lost++) {
		rig_init(&r);
		start_held(&r, PORTMAP_PCP);
		rig_pass(&r, 10 * NK_S);
		r.drop_answers[RIG_PCP] = lost;
		portmap_doubt(r.p, r.now);
		rig_pass(&r, RIG_DELAY / 2);
		assert_int_equal(r.requests[RIG_PCP], 2);
		portmap_doubt(r.p, r.now);
		rig_pass(&r, 10 * NK_S);
		assert_int_equal(r.requests[RIG_PCP], 3);
		rig_end_clean(&r);
	}
}

/* A renewal gives another port: it is ours now; where only one will do, it is given back. */
static void test_other_port_renewed(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned strict = 0; strict < 2; strict++) {
		rig_init(&r);
		r.config.strict = strict;
		r.config.external_port = 8080;
		start_held(&r, PORTMAP_NAT_PMP);
		rig_reboot(&r);
		r.taken = 8080;
		rig_run(&r, rig_result(&r)->renew_at + 500 * NK_MS);
		assert_int_equal(rig_result(&r)->state, strict ? PORTMAP_ASKING : PORTMAP_HELD);
		assert_int_equal(rig_mappings(&r), !strict);
		if (!strict) {
			assert_int_equal(rig_result(&r)->external.port, 8081);
			assert_int_equal(rig_result(&r)->recreated, 1);
		}
		rig_end_clean(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_lost_renewals),
		cmocka_unit_test(test_renewals_apart),
		cmocka_unit_test(test_long_lease),
		cmocka_unit_test(test_reboot_unheard),
		cmocka_unit_test(test_reboot_announced),
		cmocka_unit_test(test_reboot_while_renewing),
		cmocka_unit_test(test_announcements_of_others),
		cmocka_unit_test(test_new_address),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_other_protocol_afterwards),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_doubt_takes_another_socket),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_doubt_while_renewing),
		cmocka_unit_test(test_other_port_renewed),
	};

	return cmocka_run_group_tests_name("portmap_hold", tests, NULL, NULL);
}
