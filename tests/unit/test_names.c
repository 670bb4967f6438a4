/* natsim's names: what each host's files and the resolver say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cmd/natsim/names.h"
#include "base/bytes.h"
#include "wire/dns.h"

#define ANSWERS_AT 7 /* the count's low byte */
#define CODE_AT    3

enum { ALICE, SIX, STUN }; /* hosts: behind a NAT, behind a NAT64, on the Internet */

static struct addr parse(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static void add(struct topology *t, const char *name, int behind, const char *v4, const char *v6)
{
	struct topology_host *h = topology_add_host(t, name);

	h->behind = behind;
	if (v4 != NULL)
		h->addrs[h->addr_count++] = parse(v4);
	if (v6 != NULL)
		h->addrs[h->addr_count++] = parse(v6);
}

static int begin(void **state)
{
	struct topology *t = topology_new();
	struct topology_node *n;

	if (t == NULL)
		return -1;
	n = topology_add_node(t, "home");
	n->spec.external[n->spec.external_count++] = parse("198.51.100.1");
	n = topology_add_node(t, "sixfour");
	n->spec.nat64 = true;
	n = topology_add_node(t, "router");
	n->behind = 1;
	n->inside[n->inside_count++] = parse("2001:db8:64::1");
	add(t, "alice", 0, "100.64.1.2", NULL);
	add(t, "six", 2, NULL, "2001:db8:64::2");
	add(t, "stun", NET_INTERNET, "192.0.2.1", NULL);
	*state = t;
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

/* Asks as a host. Return: the answer's length. */
static size_t ask(void **state, unsigned host, const char *name, enum dns_type type, uint8_t *out)
{
	uint8_t bytes[300] = {0};
	struct wr w = wr_make(bytes, sizeof(bytes));

	wr_be32(&w, 0);
	wr_be16(&w, 1);
	wr_zeros(&w, 6);
	while (*name != '\0') {
		const size_t n = strcspn(name, ".");

		wr_u8(&w, (uint8_t)n);
		wr_bytes(&w, name, n);
		name += n + (name[n] == '.');
	}
	wr_u8(&w, 0);
	wr_be16(&w, (uint16_t)type);
	wr_be16(&w, 1);
	return names_answer(*state, host, bytes, w.len, out);
}

/* The answer is that one address. */
static void is_addr(void **state, unsigned host, const char *name, enum dns_type type,
		    const char *text)
{
	const struct addr a = parse(text);
	const size_t n = type == DNS_A ? 4 : 16;
	uint8_t out[DNS_ANSWER];
	const size_t len = ask(state, host, name, type, out);

	assert_int_equal(out[CODE_AT] & 0xf, DNS_OK);
	assert_int_equal(out[ANSWERS_AT], 1);
	assert_memory_equal(out + len - n, a.ip + 16 - n, n);
}

static void is_empty(void **state, unsigned host, const char *name, enum dns_type type,
		     enum dns_code code)
{
	uint8_t out[DNS_ANSWER];

	assert_true(ask(state, host, name, type, out) > 0);
	assert_int_equal(out[CODE_AT] & 0xf, code);
	assert_int_equal(out[ANSWERS_AT], 0);
}

static void test_addresses(void **state)
{
	is_addr(state, ALICE, "stun.natsim", DNS_A, "192.0.2.1");
	is_addr(state, ALICE, "Alice.NATsim", DNS_A, "100.64.1.2");
	is_addr(state, ALICE, "home.natsim", DNS_A, "198.51.100.1");
	is_addr(state, ALICE, "six.natsim", DNS_AAAA, "2001:db8:64::2");
	is_addr(state, ALICE, "router.natsim", DNS_AAAA, "2001:db8:64::1");
	is_empty(state, ALICE, "stun.natsim", DNS_AAAA, DNS_OK);
	is_empty(state, ALICE, "stun.natsim", DNS_PTR, DNS_OK);
}

static void test_other_names_are_none(void **state)
{
	is_empty(state, ALICE, "stun", DNS_A, DNS_NO_NAME);
	is_empty(state, ALICE, "natsim", DNS_A, DNS_NO_NAME);
	is_empty(state, ALICE, "stu.natsim", DNS_A, DNS_NO_NAME);
	is_empty(state, ALICE, "stunn.natsim", DNS_A, DNS_NO_NAME);
	is_empty(state, ALICE, "a.stun.natsim", DNS_A, DNS_NO_NAME);
	is_empty(state, ALICE, "stun.natsim.example", DNS_A, DNS_NO_NAME);
}

/* RFC 6147 section 5.1: only where there is no IPv6 address. */
static void test_dns64(void **state)
{
	struct topology *t = *state;

	is_addr(state, SIX, "stun.natsim", DNS_AAAA, "64:ff9b::192.0.2.1");
	is_addr(state, SIX, "router.natsim", DNS_AAAA, "2001:db8:64::1");
	is_addr(state, SIX, "stun.natsim", DNS_A, "192.0.2.1");
	t->nodes[1].spec.prefix64 = parse("2001:db8:6464::");
	is_addr(state, SIX, "stun.natsim", DNS_AAAA, "2001:db8:6464::c000:201");
}

/* RFC 7050: whoever is behind a NAT64 finds its prefix so. */
static void test_prefix_is_found(void **state)
{
	is_empty(state, ALICE, "ipv4only.arpa", DNS_AAAA, DNS_OK);
	is_addr(state, ALICE, "ipv4only.arpa", DNS_A, "192.0.0.170");
	is_addr(state, SIX, "ipv4only.arpa", DNS_AAAA, "64:ff9b::192.0.0.170");
}

static void is_pointer(void **state, unsigned host, const char *name)
{
	static const uint8_t stun[] = {4, 's', 't', 'u', 'n', 6, 'n', 'a', 't', 's', 'i', 'm', 0};
	uint8_t out[DNS_ANSWER];
	const size_t len = ask(state, host, name, DNS_PTR, out);

	assert_int_equal(out[ANSWERS_AT], 1);
	assert_memory_equal(out + len - sizeof(stun), stun, sizeof(stun));
}

static void test_pointers(void **state)
{
	is_pointer(state, ALICE, "1.2.0.192.in-addr.arpa");
	is_pointer(state, SIX,
		   "1.0.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0."
		   "ip6.arpa");
	is_empty(state, ALICE, "9.2.0.192.in-addr.arpa", DNS_PTR, DNS_NO_NAME);
	is_empty(state, ALICE, "1.2.0.192.in-addr.arpa", DNS_A, DNS_OK);
}

static void test_broken_queries_get_no_answer(void **state)
{
	uint8_t out[DNS_ANSWER];

	assert_int_equal(names_answer(*state, ALICE, (const uint8_t *)"nonsense", 8, out), 0);
}

static void test_files(void **state)
{
	char *text = names_hosts_file(*state, ALICE);

	assert_non_null(strstr(text, "\n192.0.2.1 stun.natsim stun\n"));
	assert_non_null(strstr(text, "\n2001:db8:64::2 six.natsim six\n"));
	free(text);
	text = names_hosts_file(*state, SIX);
	assert_non_null(strstr(text, "\n64:ff9b::c000:201 stun.natsim stun\n"));
	assert_null(strstr(text, "192.0.2.1"));
	free(text);
	text = names_resolver_file(*state, ALICE);
	assert_string_equal(text, "nameserver 192.0.2.53\nsearch natsim\n");
	free(text);
	text = names_resolver_file(*state, SIX);
	assert_string_equal(text, "nameserver 2001:db8::53\nsearch natsim\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, begin, end),
		cmocka_unit_test_setup_teardown(test_other_names_are_none, begin, end),
		cmocka_unit_test_setup_teardown(test_dns64, begin, end),
		cmocka_unit_test_setup_teardown(test_prefix_is_found, begin, end),
		cmocka_unit_test_setup_teardown(test_pointers, begin, end),
		cmocka_unit_test_setup_teardown(test_broken_queries_get_no_answer, begin, end),
		cmocka_unit_test_setup_teardown(test_files, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
