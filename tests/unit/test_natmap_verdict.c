/* What a map comes to: signs from what was found, and the verdict that they speak for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/natmap/signs.h"
#include "core/natmap/verdict.h"

static struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

/* A machine with an address, and where it is seen (NULL: nowhere). */
static struct natmap_result seen(const char *local, const char *public)
{
	struct natmap_result r = {.server = at("192.0.2.1")};

	r.ways[0] = (struct natmap_way){
		.gateway = at("192.168.1.1"), .local = at(local), .interface = "eth0"};
	r.gateways[0].gateway = r.ways[0].gateway;
	r.gateways[0].local = r.ways[0].local;
	r.gateway_count = 1;
	if (public == NULL)
		return r;
	r.local = r.locals[0] = at(local);
	r.public_addrs[0] = at(public);
	r.public_count = 1;
	return r;
}

static struct natmap_result at_home(void)
{
	return seen("192.168.1.2", "203.0.113.1");
}

static void claims(struct natmap_result *r, const char *external)
{
	r->gateways[0].offer[PORTMAP_NAT_PMP] =
		(struct portmap_offer){.answers = true, .usable = true, .external = at(external)};
}

/* One more hop, at an address or NULL. */
static struct hop *hop(struct natmap_result *r, const char *address)
{
	struct hop *h = &r->path.hops[r->path.count++];

	r->path.reached = true;
	if (address != NULL)
		h->address = at(address);
	return h;
}

/* The same, at which no state ended within so many seconds. */
static void stateless_hop(struct natmap_result *r, const char *address, double tried)
{
	struct hop *h = hop(r, address);

	h->state = HOP_STATELESS;
	h->timeout.at_least = tried;
}

static void assert_judged(struct natmap_result *r, enum natmap_verdict want, double at_least)
{
	natmap_judge(r);
	assert_string_equal(natmap_verdict_name(r->verdict), natmap_verdict_name(want));
	assert_true(r->p >= at_least);
	assert_true(r->p <= 0.99);
}

static void assert_sign(const struct natmap_result *r, enum natmap_sign sign, const char *address,
			unsigned number)
{
	const struct natmap_evidence *e = signs_find(r, sign);
	const struct addr a = address == NULL ? (struct addr){.port = 0} : at(address);

	assert_non_null(e);
	assert_true(addr_same_ip(&e->address, &a));
	assert_int_equal(e->hop, number);
	assert_true(e->text[0] != '\0');
}

static void test_realms(void **state)
{
	static const struct {
		const char *address;
		enum addr_realm realm;
	} cases[] = {
		{"10.255.255.255", REALM_PRIVATE},
		{"11.0.0.0", REALM_PUBLIC},
		{"172.15.0.1", REALM_PUBLIC},
		{"172.16.0.0", REALM_PRIVATE},
		{"172.31.255.255", REALM_PRIVATE},
		{"172.32.0.0", REALM_PUBLIC},
		{"192.168.0.1", REALM_PRIVATE},
		{"192.169.0.1", REALM_PUBLIC},
		{"100.63.255.255", REALM_PUBLIC},
		{"100.64.0.0", REALM_SHARED},
		{"100.127.255.255", REALM_SHARED},
		{"100.128.0.0", REALM_PUBLIC},
		{"127.0.0.1", REALM_LOCAL},
		{"169.254.7.7", REALM_LOCAL},
		{"fe80::1", REALM_LOCAL},
		{"febf::1", REALM_LOCAL},
		{"::1", REALM_LOCAL},
		{"fd00::1", REALM_PRIVATE},
		{"fc00::1", REALM_PRIVATE},
		{"2001:db8::1", REALM_PUBLIC},
		/* Documentation: examples are of the outside, and so are tests. */
		{"192.0.2.1", REALM_PUBLIC},
		{"198.51.100.1", REALM_PUBLIC},
		{"203.0.113.1", REALM_PUBLIC},
		{"198.18.0.1", REALM_PUBLIC},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct addr a = at(cases[i].address);

		if (addr_realm(&a) != cases[i].realm)
			fail_msg("%s", cases[i].address);
	}
}

static void test_nothing_known(void **state)
{
	struct natmap_result r = seen("192.168.1.2", NULL);
	struct natmap_result empty = {.complete = true};

	(void)state;
	assert_judged(&r, NATMAP_UNKNOWN, 0);
	assert_int_equal(r.nats, 0);
	assert_sign(&r, SIGN_LOCAL_PRIVATE, "192.168.1.2", 0);
	assert_judged(&empty, NATMAP_UNKNOWN, 0);
	assert_int_equal(empty.evidence_count, 0);
}

/* No NAT: but whether something keeps state was not looked at. */
static void test_no_nat(void **state)
{
	struct natmap_result r = seen("198.51.100.7", "198.51.100.7");

	(void)state;
	assert_judged(&r, NATMAP_UNKNOWN, 0);
	assert_sign(&r, SIGN_SAME_ADDRESS, "198.51.100.7", 0);
	assert_int_equal(r.nats, 0);
	assert_false(r.nats_at_least);

	r.filtered.answer = TRI_NO;
	assert_judged(&r, NATMAP_OPEN, 0.95);

	r.filtered.answer = TRI_UNKNOWN;
	stateless_hop(&r, "198.51.100.1", 360);
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_OPEN, 0.85);
	assert_sign(&r, SIGN_NO_STATE_SEEN, "192.0.2.1", 0);
	assert_non_null(strstr(signs_find(&r, SIGN_NO_STATE_SEEN)->text, "within 360 s"));

	/* What was not looked for may be there all the same. */
	r.path.hops[0].timeout.at_least = 8;
	assert_true(r.p > 0.8);
	natmap_judge(&r);
	assert_true(r.p < 0.55);
}

static void test_firewall(void **state)
{
	struct natmap_result r = seen("2001:db8:5::2", "2001:db8:5::2");

	(void)state;
	r.filtered.answer = TRI_YES;
	assert_judged(&r, NATMAP_FIREWALL, 0.9);
	assert_int_equal(r.nats, 0);

	r.filtered.answer = TRI_UNKNOWN;
	hop(&r, "2001:db8:5::1")->state = HOP_STATEFUL;
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_FIREWALL, 0.9);
	assert_sign(&r, SIGN_STATEFUL_HOP, "2001:db8:5::1", 1);
	assert_int_equal(r.nats, 0);
}

static void test_one_nat(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	assert_judged(&r, NATMAP_ONE_NAT, 0.6);
	assert_true(r.p < 0.8); /* there may well be another one behind it */
	assert_int_equal(r.nats, 1);
	assert_true(r.nats_at_least);

	claims(&r, "203.0.113.1");
	assert_judged(&r, NATMAP_ONE_NAT, 0.95);
	assert_sign(&r, SIGN_GATEWAY_AGREES, "203.0.113.1", 0);
	assert_non_null(strstr(signs_find(&r, SIGN_GATEWAY_AGREES)->text, "(NAT-PMP)"));
	assert_false(r.nats_at_least);

	r = at_home();
	hop(&r, "192.168.1.1")->state = HOP_STATEFUL;
	stateless_hop(&r, "198.51.100.1", 360);
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_ONE_NAT, 0.8);
	assert_int_equal(r.nats, 1);
	assert_false(r.nats_at_least);
	r.path.hops[1].state = HOP_HIDDEN;
	natmap_judge(&r);
	assert_true(r.nats_at_least);

	/* The gateway is all that was heard. */
	r = seen("192.168.1.2", NULL);
	claims(&r, "203.0.113.1");
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_sign(&r, SIGN_GATEWAY_PUBLIC, "203.0.113.1", 0);
}

/* A firewall beyond keeps state too. */
static void test_one_nat_and_a_firewall(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	claims(&r, "203.0.113.1");
	hop(&r, "192.168.1.1")->state = HOP_STATEFUL;
	hop(&r, "198.51.100.1")->state = HOP_STATEFUL;
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_ONE_NAT, 0.6);
	assert_int_equal(r.nats, 1);
	assert_true(signs_find(&r, SIGN_STATEFUL_BEYOND)->against);
}

/* Where the next hop is a neighbour of the address at which we are seen, the first one has that. */
static void test_hop_beside_public(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	hop(&r, "192.168.1.1");
	hop(&r, "203.0.113.254");
	assert_judged(&r, NATMAP_ONE_NAT, 0.95);
	assert_sign(&r, SIGN_HOP_BESIDE_PUBLIC, "203.0.113.254", 2);
	assert_false(r.nats_at_least);

	r.path.hops[0].state = r.path.hops[1].state = HOP_STATEFUL; /* a firewall */
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_ONE_NAT, 0.6);

	r = at_home(); /* Further out it may be that of a second NAT. */
	hop(&r, "192.168.1.1");
	hop(&r, "10.0.0.1");
	hop(&r, "203.0.113.254");
	natmap_judge(&r);
	assert_null(signs_find(&r, SIGN_HOP_BESIDE_PUBLIC));
	assert_true(r.p < 0.7);

	r = seen("203.0.113.7", "203.0.113.7"); /* our own network */
	hop(&r, "203.0.113.1");
	hop(&r, "203.0.113.254");
	natmap_judge(&r);
	assert_null(signs_find(&r, SIGN_HOP_BESIDE_PUBLIC));

	r = seen("100.64.3.4", "203.0.113.1"); /* it is the carrier's, the first one */
	hop(&r, "100.64.0.1");
	hop(&r, "203.0.113.254");
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.8);
	assert_int_equal(r.nats, 1);
}

/* Nothing that contradicts a verdict makes it surer, or is told as if it did. */
static void test_against(void **state)
{
	struct natmap_result r = seen("100.64.3.4", NULL);

	(void)state;
	claims(&r, "203.0.113.1");
	natmap_judge(&r);
	assert_true(r.verdict != NATMAP_CARRIER_NAT || r.p < 0.6);

	r = seen("100.64.3.4", "203.0.113.1");
	natmap_judge(&r);
	assert_int_equal(r.verdict, NATMAP_CARRIER_NAT);
	for (unsigned i = 0; i < r.evidence_count; i++)
		assert_false(r.evidence[i].against);

	r = at_home();
	claims(&r, "203.0.113.1");
	hop(&r, "192.168.1.1");
	hop(&r, "100.64.0.1");
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_false(signs_find(&r, SIGN_GATEWAY_AGREES)->against);
	assert_true(signs_find(&r, SIGN_HOP_SHARED)->against);
}

/* A gateway that says it has no public address, though there is a way out. */
static void test_gateway_without_address(void **state)
{
	struct natmap_result r = seen("100.64.3.4", "203.0.113.1");
	struct portmap_offer *o = &r.gateways[0].offer[PORTMAP_NAT_PMP];
	double before;

	(void)state;
	natmap_judge(&r);
	before = r.p;
	*o = (struct portmap_offer){.answers = true, .why = PORTMAP_NETWORK_FAILURE, .code = 3};
	assert_judged(&r, NATMAP_CARRIER_NAT, before);
	assert_true(r.p > before);
	assert_sign(&r, SIGN_GATEWAY_NO_ADDRESS, "192.168.1.1", 0);
	assert_false(signs_find(&r, SIGN_GATEWAY_NO_ADDRESS)->against);

	/* Without a way out it may not have got one yet. */
	r = seen("192.168.1.2", NULL);
	r.gateways[0].offer[PORTMAP_NAT_PMP] = *o;
	natmap_judge(&r);
	assert_null(signs_find(&r, SIGN_GATEWAY_NO_ADDRESS));
}

/* A server on our own network is no witness of what lies outside. */
static void test_server_beside(void **state)
{
	struct natmap_result r = seen("198.51.100.7", "198.51.100.7");

	(void)state;
	r.path.reached = true;
	r.filtered.answer = TRI_NO;
	assert_judged(&r, NATMAP_UNKNOWN, 0);
	assert_sign(&r, SIGN_SERVER_BESIDE, "192.0.2.1", 0);
	assert_null(signs_find(&r, SIGN_SAME_ADDRESS));
	assert_int_equal(r.nats, 0);

	/* What the gateway says is not compared with what such a server sees. */
	r = seen("192.168.1.2", "192.168.1.2");
	r.path.reached = true;
	claims(&r, "203.0.113.1");
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_null(signs_find(&r, SIGN_GATEWAY_DIFFERS));

	/* Nor is one outside that sees a private address, wherever it is. */
	r = seen("10.0.1.2", "10.0.1.2");
	hop(&r, "10.0.1.1")->state = HOP_STATEFUL;
	stateless_hop(&r, "10.0.0.1", 360);
	r.path.enumerated = true;
	r.filtered.answer = TRI_YES;
	assert_judged(&r, NATMAP_UNKNOWN, 0);
	assert_sign(&r, SIGN_SERVER_BESIDE, "192.0.2.1", 0);
	assert_null(signs_find(&r, SIGN_SAME_ADDRESS));
	r = seen("10.0.1.2",
		 "10.0.1.2"); /* and no box was heard of, which is not to say that there is none */
	signs_gather(&r);
	assert_string_equal(signs_find(&r, SIGN_SERVER_BESIDE)->text,
			    "We are seen at a private address: the server is not outside");
	r = seen("fd00:1::2", "fd00:1::2");
	hop(&r, "fd00:1::1");
	r.filtered.answer = TRI_NO;
	assert_judged(&r, NATMAP_UNKNOWN, 0);

	/* A NAT need not count as a hop. */
	r = at_home();
	r.path.reached = true;
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_null(signs_find(&r, SIGN_SERVER_BESIDE));
}

/* A box beyond a NAT quotes a packet that is not quite the one that was sent. */
static void test_quotes(void **state)
{
	struct natmap_result r = at_home();
	struct hop *h;

	(void)state;
	hop(&r, "192.168.1.1")->quoted = true;
	r.path.hops[0].quote_source = at("192.168.1.2");
	natmap_judge(&r);
	assert_null(signs_find(&r, SIGN_QUOTE_REWRITTEN));
	h = hop(&r, "198.51.100.1");
	h->quoted = h->quote_checksum = true;
	h->quote_source = at("192.168.1.2");
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_sign(&r, SIGN_QUOTE_REWRITTEN, NULL, 2);
	assert_non_null(strstr(signs_find(&r, SIGN_QUOTE_REWRITTEN)->text, "checksum"));

	/* No NAT64 without IPv6, and nothing is before the first hop. */
	r = seen("198.51.100.7", "198.51.100.7");
	r.filtered.answer = TRI_YES;
	hop(&r, "198.51.100.1")->quoted = r.path.hops[0].quote_checksum = true;
	assert_judged(&r, NATMAP_FIREWALL, 0.9);
	assert_null(signs_find(&r, SIGN_QUOTE_REWRITTEN));
	hop(&r, "198.51.100.2")->quoted = r.path.hops[1].quote_checksum = true;
	assert_judged(&r, NATMAP_FIREWALL, 0.8);

	/* Without a server it is all that speaks of a NAT. */
	r = at_home();
	hop(&r, "192.168.1.1");
	h = hop(&r, "198.51.100.1");
	h->quoted = h->quote_checksum = true;
	r.public_count = 0;
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
}

/* A NAT is there if the address differs, however little was looked for. */
static void test_nothing_seen_of_a_nat(void **state)
{
	struct natmap_result r = at_home();
	double before;

	(void)state;
	natmap_judge(&r);
	before = r.p;
	stateless_hop(&r, "192.168.1.1", 8);
	stateless_hop(&r, "198.51.100.1", 8);
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_ONE_NAT, before - 0.02);
	assert_sign(&r, SIGN_NO_STATE_SEEN, "192.0.2.1", 0);
	assert_true(r.nats_at_least);
}

/* A second one that has the addresses of routers at home. */
static void test_double_nat(void **state)
{
	struct natmap_result r = at_home();
	struct hop *h;

	(void)state;
	claims(&r, "192.168.0.2");
	assert_judged(&r, NATMAP_DOUBLE_NAT, 0.8);
	assert_sign(&r, SIGN_GATEWAY_PRIVATE, "192.168.0.2", 0);
	assert_int_equal(r.nats, 2);
	assert_int_equal(r.carrier_hop, 0);

	r = at_home();
	hop(&r, "192.168.1.1");
	hop(&r, "192.168.0.1");
	assert_judged(&r, NATMAP_DOUBLE_NAT, 0.7);
	assert_sign(&r, SIGN_HOP_PRIVATE_BEYOND, "192.168.0.1", 2);

	r = at_home();
	hop(&r, "192.168.1.1")->state = HOP_STATEFUL;
	hop(&r, "192.168.0.1")->state = HOP_STATEFUL;
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_DOUBLE_NAT, 0.9);
	assert_int_equal(r.nats, 2);
	assert_false(r.nats_at_least);

	r = at_home();
	hop(&r, NULL);
	h = hop(&r, "192.168.0.1");
	h->address = (struct addr){.port = 0};
	h->quoted = true;
	h->quote_source = at("192.168.0.2");
	assert_judged(&r, NATMAP_DOUBLE_NAT, 0.8);
	assert_sign(&r, SIGN_QUOTE_REWRITTEN, "192.168.0.2", 2);
}

/* A server within a network that has another NAT before the outside. */
static void test_seen_at_private(void **state)
{
	struct natmap_result r = seen("192.168.1.2", "10.7.3.4");

	(void)state;
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.5);
	assert_true(r.nats == 2 && r.nats_at_least);
	assert_non_null(strstr(signs_find(&r, SIGN_OTHER_ADDRESS)->text, "private"));

	r = seen("192.168.1.2", "192.168.0.4");
	assert_judged(&r, NATMAP_DOUBLE_NAT, 0.8);
	r = seen("192.168.1.2", "100.64.3.4");
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.8);
}

/* Each of the signs of a carrier's NAT alone. */
static void test_carrier_nat(void **state)
{
	struct natmap_result r = seen("100.64.3.4", "203.0.113.1");

	(void)state;
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.8);
	assert_sign(&r, SIGN_LOCAL_SHARED, "100.64.3.4", 0);
	assert_int_equal(r.nats, 1); /* nothing but the carrier's */

	r = at_home();
	claims(&r, "100.64.3.4");
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.8);
	assert_sign(&r, SIGN_GATEWAY_SHARED, "100.64.3.4", 0);
	assert_int_equal(r.nats, 2);

	r = at_home();
	claims(&r, "10.7.3.4");
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.55);
	assert_sign(&r, SIGN_GATEWAY_PRIVATE, "10.7.3.4", 0);

	r = at_home();
	claims(&r, "198.51.100.9");
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.6);
	assert_sign(&r, SIGN_GATEWAY_DIFFERS, "198.51.100.9", 0);

	r = at_home();
	r.gateways[0].offer[PORTMAP_PCP] = (struct portmap_offer){
		.answers = true, .why = PORTMAP_ADDRESS_MISMATCH, .code = 12};
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.6);
	assert_sign(&r, SIGN_ADDRESS_MISMATCH, "192.168.1.1", 0);

	r = at_home();
	hop(&r, "192.168.1.1");
	hop(&r, "100.64.0.1");
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.6);
	assert_sign(&r, SIGN_HOP_SHARED, "100.64.0.1", 2);
}

static void test_carrier_by_state(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	hop(&r, "192.168.1.1")->state = HOP_STATEFUL;
	stateless_hop(&r, NULL, 360);
	hop(&r, "198.51.100.5")->state = HOP_STATEFUL;
	stateless_hop(&r, "198.51.100.1", 360);
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.6);
	assert_sign(&r, SIGN_STATEFUL_BEYOND, "198.51.100.5", 3);
	assert_int_equal(r.carrier_hop, 3);
	assert_int_equal(r.nats, 2);
	assert_false(r.nats_at_least);
}

/* Two routers of a home before a carrier's NAT: what they are does not speak against that. */
static void test_carrier_beyond_two(void **state)
{
	static const char *const addresses[] = {"192.168.1.1", "192.168.0.1", "100.64.7.1"};
	struct natmap_result r = at_home();

	(void)state;
	for (size_t i = 0; i < 3; i++)
		hop(&r, addresses[i]);
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.7);

	for (size_t i = 0; i < 3; i++)
		r.path.hops[i].state = HOP_STATEFUL;
	stateless_hop(&r, "198.51.100.1", 360);
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_CARRIER_NAT, 0.95);
	assert_sign(&r, SIGN_STATEFUL_BEYOND, "100.64.7.1", 3);
	assert_int_equal(r.carrier_hop, 3);
	assert_int_equal(r.nats, 3);
	for (unsigned k = 0; k < r.evidence_count; k++)
		assert_false(r.evidence[k].against);
}

/* There is a second one, and whose it is cannot be told. */
static void test_second_of_anybody(void **state)
{
	static const char *const addresses[] = {NULL, "10.0.2.1", "172.16.0.1"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct natmap_result r = at_home();

		hop(&r, "192.168.1.1")->state = HOP_STATEFUL;
		hop(&r, addresses[i])->state = HOP_STATEFUL;
		stateless_hop(&r, "198.51.100.1", 360);
		r.path.enumerated = true;
		assert_judged(&r, NATMAP_DOUBLE_NAT, 0.8);
		assert_int_equal(r.nats, 2);
		assert_int_equal(r.carrier_hop, 0);
		for (unsigned k = 0; k < r.evidence_count; k++)
			assert_false(r.evidence[k].against);
	}
}

/* Of private networks that are routed to one another a firewall may be between. */
static void test_second_may_be_a_firewall(void **state)
{
	struct natmap_result r = seen("10.0.1.2", "198.51.100.10");

	(void)state;
	hop(&r, "10.0.1.1")->state = HOP_STATEFUL;
	hop(&r, "10.0.0.1")->state = HOP_STATEFUL;
	stateless_hop(&r, "192.0.2.254", 360);
	r.path.enumerated = true;
	assert_judged(&r, NATMAP_DOUBLE_NAT, 0.7);
	assert_true(r.p < 0.9);
}

/* A router of a carrier with a private address is no NAT yet. */
static void test_private_hop(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	hop(&r, "192.168.1.1");
	hop(&r, "10.0.0.1");
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_true(r.p < 0.7);
	assert_true(r.nats_at_least);
}

static void test_nat64(void **state)
{
	struct natmap_result r = seen("2001:db8:64::2", "2001:db8:64::2");

	(void)state;
	r.nat64 = at("64:ff9b::");
	r.nat64.port = 96;
	assert_judged(&r, NATMAP_NAT64, 0.8);
	assert_sign(&r, SIGN_NAT64_PREFIX, "64:ff9b::", 0);

	/* A machine that has IPv4 too does not go through it. */
	r.ways[1].local = at("192.168.1.2");
	natmap_judge(&r);
	assert_null(signs_find(&r, SIGN_NAT64_PREFIX));

	/* Unless that IPv4 is one end of 464XLAT. */
	r.ways[1].local = at("192.0.0.4");
	assert_judged(&r, NATMAP_NAT64, 0.8);

	/* A server that is reached through it sees IPv4, whatever the resolver says. */
	r = seen("2001:db8:64::2", "203.0.113.1");
	r.server = at("64:ff9b::c000:201");
	assert_judged(&r, NATMAP_NAT64, 0.8);
	assert_int_equal(r.nats, 1);
}

/* What is said of the other family speaks of another way. */
static void test_two_families(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	claims(&r, "203.0.113.1");
	r.public_addrs[1] = r.locals[1] = r.ways[1].local = at("2001:db8:5::2");
	r.public_count = 2;
	r.gateways[1] =
		(struct portmap_gateway){.gateway = at("fe80::1"), .local = at("2001:db8:5::2")};
	r.gateways[1].offer[PORTMAP_PCP].why = PORTMAP_ADDRESS_MISMATCH;
	r.gateway_count = 2;
	assert_judged(&r, NATMAP_ONE_NAT, 0.95);
	assert_null(signs_find(&r, SIGN_SAME_ADDRESS));
	assert_null(signs_find(&r, SIGN_ADDRESS_MISMATCH));
}

/* Nor does another gateway on the same link: what is sent to the server leaves by the first. */
static void test_two_gateways(void **state)
{
	struct natmap_result r = at_home();

	(void)state;
	claims(&r, "203.0.113.1");
	r.ways[1] = r.ways[0];
	r.ways[1].gateway = at("192.168.1.254");
	r.gateways[1] = r.gateways[0];
	r.gateways[1].gateway = r.ways[1].gateway;
	r.gateways[1].offer[PORTMAP_NAT_PMP].external = at("198.51.100.1");
	r.gateway_count = 2;
	assert_judged(&r, NATMAP_ONE_NAT, 0.95);
	assert_null(signs_find(&r, SIGN_GATEWAY_DIFFERS));
}

/* UPnP tells of IPv4 even where it was asked over IPv6. */
static void test_claim_of_other_family(void **state)
{
	struct natmap_result r = seen("2001:db8:1::2", "2001:db8:1::2");

	(void)state;
	claims(&r, "203.0.113.1");
	natmap_judge(&r);
	assert_null(signs_find(&r, SIGN_GATEWAY_DIFFERS));
	assert_int_equal(r.evidence_count, 1);
	claims(&r, "100.64.3.4");
	natmap_judge(&r);
	assert_int_equal(r.evidence_count, 1);
}

static void test_vpn(void **state)
{
	struct natmap_result r = seen("10.8.0.2", "203.0.113.1");

	(void)state;
	r.ways[0].tunnel = true;
	r.ways[0].gateway = (struct addr){.port = 0};
	assert_judged(&r, NATMAP_ONE_NAT, 0.5);
	assert_true(r.vpn);
	assert_sign(&r, SIGN_TUNNEL, "10.8.0.2", 0);

	/* Another way may be a tunnel without being taken. */
	r = at_home();
	r.ways[1] = (struct natmap_way){.local = at("10.8.0.2"), .tunnel = true};
	natmap_judge(&r);
	assert_false(r.vpn);
}

/* To judge again replaces what was said before. */
static void test_again(void **state)
{
	struct natmap_result r = at_home();
	unsigned count;

	(void)state;
	claims(&r, "192.168.0.2");
	natmap_judge(&r);
	count = r.evidence_count;
	natmap_judge(&r);
	assert_int_equal(r.evidence_count, count);
	claims(&r, "203.0.113.1");
	assert_judged(&r, NATMAP_ONE_NAT, 0.95);
	assert_null(signs_find(&r, SIGN_GATEWAY_PRIVATE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_realms),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_no_nat),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_one_nat),
		cmocka_unit_test(test_one_nat_and_a_firewall),
		cmocka_unit_test(test_hop_beside_public),
		cmocka_unit_test(test_nothing_seen_of_a_nat),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_double_nat),
		cmocka_unit_test(test_seen_at_private),
		cmocka_unit_test(test_carrier_nat),
		cmocka_unit_test(test_carrier_by_state),
		cmocka_unit_test(test_carrier_beyond_two),
		cmocka_unit_test(test_private_hop),
		cmocka_unit_test(test_nat64),
		cmocka_unit_test(test_two_families),
		cmocka_unit_test(test_two_gateways),
		cmocka_unit_test(test_vpn),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_claim_of_other_family),
		cmocka_unit_test(test_against),
		cmocka_unit_test(test_gateway_without_address),
		cmocka_unit_test(test_server_beside),
		cmocka_unit_test(test_second_of_anybody),
		cmocka_unit_test(test_second_may_be_a_firewall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
