/* Ways out of this machine, and the prefix of a NAT64 in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "io/nat64.h"
#include "io/netinfo.h"
#include "own_net.h"

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static void assert_way(const struct route_info *r, const char *interface, const char *gateway,
		       const char *local)
{
	const struct addr g = gateway == NULL ? (struct addr){.port = 0} : addr_of(gateway);
	const struct addr l = addr_of(local);

	assert_string_equal(r->interface, interface);
	assert_true(addr_same_ip(&r->gateway, &g));
	assert_true(addr_same_ip(&r->local, &l));
}

static void finds_all_ways(void **state)
{
	struct route_info r[8];

	(void)state;
	NEED_OWN_NET();
	assert_int_equal(netinfo_ways(r, 8), 0);
	assert_true(command("ip link add nkv0 type veth peer name nkv1 && ip link set nkv1 up && "
			    "ip link set nkv0 up && ip addr add 203.0.113.2/24 dev nkv0 && "
			    "ip addr add 198.51.100.2/24 dev nkv1 && "
			    "ip addr add 2001:db8:5::2/64 dev nkv0 nodad && "
			    "ip route add default via 198.51.100.1 dev nkv1 metric 200 && "
			    "ip route add default via 203.0.113.1 dev nkv0 metric 100 && "
			    "ip route add unreachable default metric 300 && "
			    "ip -6 route add default via fe80::1 dev nkv0"));
	assert_int_equal(netinfo_ways(r, 8), 3);
	assert_way(&r[0], "nkv0", "203.0.113.1", "203.0.113.2");
	assert_way(&r[1], "nkv1", "198.51.100.1", "198.51.100.2");
	assert_way(&r[2], "nkv0", "fe80::1", "2001:db8:5::2");
	assert_false(r[0].tunnel);
	assert_int_equal(netinfo_ways(r, 2), 2);
}

/* A machine may have the very address that stands for one far away. */
static void finds_ways_of_who_is_far_away(void **state)
{
	struct route_info r[8];

	(void)state;
	NEED_OWN_NET();
	assert_true(command("ip link set lo up && ip addr add 192.0.2.1/32 dev nkv0 && "
			    "ip -6 addr add 2001:db8::1/128 dev lo"));
	assert_int_equal(netinfo_ways(r, 8), 3);
	assert_way(&r[0], "nkv0", "203.0.113.1", "203.0.113.2");
	assert_way(&r[2], "nkv0", "fe80::1", "2001:db8:5::2");
	assert_true(command("ip addr del 192.0.2.1/32 dev nkv0 && "
			    "ip -6 addr del 2001:db8::1/128 dev lo"));
}

static void assert_ways_of_both_links(void)
{
	struct route_info r[8];

	assert_int_equal(netinfo_ways(r, 8), 3);
	assert_way(&r[0], "nkv0", "203.0.113.1", "203.0.113.2");
	assert_way(&r[1], "nkv0", "203.0.113.9", "203.0.113.2");
	assert_way(&r[2], "nkv1", "198.51.100.1", "198.51.100.2");
}

static void finds_ways_of_one_route(void **state)
{
	(void)state;
	NEED_OWN_NET();
	assert_true(command("ip route flush default && ip -6 route flush default && "
			    "ip route add default nexthop via 203.0.113.1 dev nkv0 "
			    "nexthop via 203.0.113.9 dev nkv0 nexthop via 198.51.100.1 dev nkv1"));
	assert_ways_of_both_links();
}

/* Tables that only some packets are routed by come after the one for all, whatever their numbers. */
static void finds_ways_of_policies(void **state)
{
	(void)state;
	NEED_OWN_NET();
	assert_true(command("ip route flush default && "
			    "ip route add default via 198.51.100.1 dev nkv1 table 9 && "
			    "ip rule add from 198.51.100.2 table 9 && "
			    "ip route add default via 203.0.113.1 dev nkv0 metric 100 && "
			    "ip route add default via 203.0.113.9 dev nkv0 metric 200"));
	assert_ways_of_both_links();
}

/* By an interface, as packets with its address leave. */
static void finds_the_way_of_an_interface(void **state)
{
	const struct addr far = addr_of("192.0.2.1");
	struct route_info r;

	(void)state;
	NEED_OWN_NET();
	assert_int_equal(netinfo_route(&r, &far, "nkv1"), 0);
	assert_way(&r, "nkv1", "198.51.100.1", "198.51.100.2");
	assert_int_equal(netinfo_route(&r, &far, "nkv0"), 0);
	assert_way(&r, "nkv0", "203.0.113.1", "203.0.113.2");
	assert_int_equal(netinfo_route(&r, &far, NULL), 0);
	assert_way(&r, "nkv0", "203.0.113.1", "203.0.113.2");
	assert_true(command("ip rule del table 9 && ip route flush table 9"));
}

static void finds_a_tunnel(void **state)
{
	struct route_info r[8];

	(void)state;
	NEED_OWN_NET();
	NEED(command("ip tuntap add nkt0 mode tun 2>/dev/null"), "no TUN devices");
	assert_true(command("ip route flush default && ip addr add 10.9.0.2/32 dev nkt0 && "
			    "ip link set nkt0 up && ip route add default dev nkt0"));
	assert_int_equal(netinfo_ways(r, 8), 1);
	assert_way(&r[0], "nkt0", NULL, "10.9.0.2");
	assert_true(r[0].tunnel);
}

/* RFC 6052 section 2.4, with the addresses of RFC 7050 section 2.2. */
static void reads_prefixes(void **state)
{
	static const struct {
		const char *answer, *prefix;
		unsigned len;
	} cases[] = {
		{"2001:db8:c000:aa::", "2001:db8::", 32},
		{"2001:db8:1c0:0:aa::", "2001:db8:100::", 40},
		{"2001:db8:122:c000:0:aa00::", "2001:db8:122::", 48},
		{"2001:db8:122:3c0:0:aa::", "2001:db8:122:300::", 56},
		{"2001:db8:122:344:c0:0:aa00::", "2001:db8:122:344::", 64},
		{"2001:db8:122:344::192.0.0.171", "2001:db8:122:344::", 96},
		{"64:ff9b::192.0.0.170", "64:ff9b::", 96},
	};
	static const char *const wrong[] = {
		"2001:db8:122:344::192.0.0.172",
		"2001:db8:122:344::192.0.1.170",
		"2001:db8:122:344:1c0:0:aa00::", /* bits 64 to 71 are not zero */
		"192.0.0.170",
	};
	struct addr p = {.port = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct addr a = addr_of(cases[i].answer), want = addr_of(cases[i].prefix);

		assert_true(nat64_prefix_of(&p, &a));
		assert_int_equal(p.port, cases[i].len);
		assert_true(addr_same_ip(&p, &want));
	}
	p.port = 7;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct addr a = addr_of(wrong[i]);

		assert_false(nat64_prefix_of(&p, &a));
	}
	assert_int_equal(p.port, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_all_ways),
		cmocka_unit_test(finds_ways_of_who_is_far_away),
		cmocka_unit_test(finds_ways_of_one_route),
		cmocka_unit_test(finds_ways_of_policies),
		cmocka_unit_test(finds_the_way_of_an_interface),
		cmocka_unit_test(finds_a_tunnel),
		cmocka_unit_test(reads_prefixes),
	};

	own_net_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
