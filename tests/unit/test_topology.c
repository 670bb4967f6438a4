/* natsim's files: what they mean, which addresses are given out, and how mistakes are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cmd/natsim/link_text.h"
#include "../../cmd/natsim/topology.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "sim/zoo.h"

#define LONG "a-name-that-is-longer-than-any-label-of-dns-can-be" /* what is told of it */

static const char zoo_text[] = "[plain]\n"
			       "title = a NAT\n"
			       "mapping = ei | sourced | x\n"
			       "filtering = apd | sourced | x\n"
			       "ports = preserve | sourced | x\n"
			       "timer-first = 30 s | sourced | x\n"
			       "timer-replied = 40 s | sourced | x\n"
			       "timer-stream = 50 s | sourced | x\n"
			       "refresh-out = yes | sourced | x\n"
			       "refresh-in = yes | sourced | x\n"
			       "[wall]\n"
			       "title = a firewall\n"
			       "like = plain\n"
			       "translate = no | sourced | x\n"
			       "[sixfour]\n"
			       "title = a NAT64\n"
			       "like = plain\n"
			       "nat64 = yes | sourced | x\n";

struct rig {
	struct zoo *zoo;
	struct topology *t;
	char path[32], said[512];
};

static int begin(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	char why[ZOO_WHY];
	int fd;

	*state = r;
	if (r == NULL || (r->zoo = zoo_new()) == NULL || (r->t = topology_new()) == NULL)
		return -1;
	strcpy(r->path, "/tmp/topology.XXXXXX");
	fd = mkstemp(r->path);
	log_setup("test", LOG_COMMAND, LEVEL_INFO);
	return fd >= 0 && close(fd) == 0 && zoo_read(r->zoo, zoo_text, sizeof(zoo_text) - 1, why)
		       ? 0
		       : -1;
}

static int end(void **state)
{
	struct rig *r = *state;

	unlink(r->path);
	zoo_free(r->zoo);
	free(r->t);
	free(r);
	return 0;
}

/* Reads a file with ' for ", and catches what is said on standard error. */
static int read_text(struct rig *r, const char *text)
{
	FILE *f = fopen(r->path, "w"), *e = tmpfile();
	const int old = dup(STDERR_FILENO);
	size_t n;
	int status;

	for (const char *c = text; *c != '\0'; c++)
		fputc(*c == '\'' ? '"' : *c, f);
	fclose(f);
	dup2(fileno(e), STDERR_FILENO);
	memset(r->t, 0, sizeof(*r->t));
	status = topology_read(r->t, r->zoo, r->path);
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(e);
	n = fread(r->said, 1, sizeof(r->said) - 1, e);
	r->said[n] = '\0';
	fclose(e);
	return status;
}

static void has_addr(const struct addr *a, const char *text)
{
	char buf[ADDR_TEXT];

	assert_string_equal(addr_text_ip(a, buf), text);
}

static void a_world_is_read(void **state)
{
	struct rig *r = *state;
	const struct topology_node *home, *carrier;
	const struct topology_host *h;

	assert_int_equal(
		read_text(r,
			  "{'schema': 'natkit.natsim-topology/1', 'seed': 7, 'comment': 'x',"
			  "'nodes': {'comment': 'inner first',"
			  " 'home': {'nat': 'plain', 'behind': 'carrier', 'set': {'timer-first':"
			  "  '5s', 'hairpin': 'external'}, 'link': {'up': {'loss': '2%'}, 'delay': "
			  "  '20ms', 'mtu': 1400}},"
			  " 'carrier': {'nat': 'plain', 'addresses': ['198.51.100.9', "
			  "'198.51.100.10']}},"
			  "'hosts': {'pc': {'behind': 'home'}, 'stun': {'server': true}}}"),
		OPTIONS_GO_ON);
	assert_string_equal(r->said, "");
	assert_int_equal(r->t->seed, 7);
	assert_int_equal(r->t->node_count, 2);
	carrier = &r->t->nodes[0];
	home = &r->t->nodes[1];
	assert_string_equal(carrier->name, "carrier");
	assert_int_equal(carrier->behind, NET_INTERNET);
	assert_int_equal(carrier->spec.external_count, 2);
	has_addr(&carrier->spec.external[1], "198.51.100.10");
	assert_int_equal(home->behind, 0);
	assert_string_equal(home->nat, "plain");
	assert_int_equal(home->spec.t_first, 5 * NK_S);
	assert_int_equal(home->spec.t_replied, 40 * NK_S);
	assert_int_equal(home->spec.hairpin, NAT_HAIRPIN_EXTERNAL);
	assert_int_equal(home->link.up.delay, 20 * NK_MS);
	assert_int_equal(home->link.down.delay, 20 * NK_MS);
	assert_true(home->link.up.loss == 0.02 && home->link.down.loss == 0);
	assert_int_equal(home->link.down.mtu, 1400);
	h = &r->t->hosts[topology_find_host(r->t, "stun")];
	assert_true(h->server);
	assert_int_equal(h->addr_count, 4);
}

static void addresses_are_given_out(void **state)
{
	struct rig *r = *state;
	const struct topology *t = r->t;

	assert_int_equal(
		read_text(
			r,
			"{'nodes': {'outer': {'nat': 'plain'}, 'inner': {'nat': 'plain', 'behind': "
			"'outer'}, 'wall': {'nat': 'wall'}, 'new': {'nat': 'sixfour'}},"
			"'hosts': {'a': {'behind': 'outer'}, 'b': {'behind': 'inner'}, 'c': "
			"{'behind': 'wall'}, 'd': {'behind': 'new'}, 'e': {'addresses': "
			"['203.0.113.3']}, 'f': {}, 's': {'server': true}}}"),
		OPTIONS_GO_ON);
	has_addr(&t->nodes[0].spec.external[0], "198.51.100.1");
	has_addr(&t->nodes[0].inside[0], "100.64.0.1");
	has_addr(&t->nodes[1].spec.external[0], "100.64.0.2");
	has_addr(&t->nodes[1].inside[0], "100.65.0.1");
	assert_int_equal(t->nodes[2].spec.external_count, 0);
	has_addr(&t->nodes[3].spec.external[0], "198.51.100.2");
	has_addr(&t->hosts[0].addrs[0], "100.64.0.3");
	assert_int_equal(t->hosts[0].addr_count, 1);
	has_addr(&t->hosts[1].addrs[0], "100.65.0.2");
	has_addr(&t->hosts[2].addrs[0], "203.0.113.2"); /* the wall's own is .1 */
	has_addr(&t->hosts[2].addrs[1], "2001:db8:3::2");
	has_addr(&t->hosts[3].addrs[0], "2001:db8:64:4::2");
	assert_int_equal(t->hosts[3].addr_count, 1);
	has_addr(&t->hosts[4].addrs[0], "203.0.113.3");
	has_addr(&t->hosts[5].addrs[0], "203.0.113.4");
	has_addr(&t->hosts[6].addrs[0], "192.0.2.1");
	has_addr(&t->hosts[6].addrs[1], "192.0.2.2");
	has_addr(&t->hosts[6].addrs[3], "2001:db8:2::2");
}

static void mistakes_are_told_in_one_line(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "line 1: '[' or '{' expected near end of file"},
		{"[]", "give an object, {...}"},
		{"{'hosts': {}}", ".hosts: give at least one host"},
		{"{'hosts': {'a': {}}, 'extra': 1}", ".extra: there is no such key here"},
		{"{'schema': 'x', 'hosts': {'a': {}}}",
		 ".schema: this is not natkit.natsim-topology/1"},
		{"{'hosts': {'a': {}, 'a': {}}}", "line 1: duplicate object key near '\"a\"'"},
		{"{'hosts': {'a': 1}}", ".hosts.a: give an object, {...}"},
		{"{'hosts': {'a': {'server': 1}}}", ".hosts.a.server: give true or false"},
		{"{'hosts': {'a': {'behind': 'b'}}}", ".hosts.a.behind: there is no node 'b'"},
		{"{'hosts': {'a': {'link': {'delay': '20x'}}}}",
		 ".hosts.a.link.delay: cannot use '20x'; give a time up to 60s, such as 20ms"},
		{"{'hosts': {'a': {'link': {'up': {'los': '1%'}}}}}",
		 ".hosts.a.link.up.los: cannot use '1%'; a link has delay, jitter, loss, bursts, "
		 "duplicate, reorder and mtu"},
		{"{'hosts': {'a': {'addresses': ['1.2.3']}}}",
		 ".hosts.a.addresses[0]: cannot use '1.2.3'; give an IPv4 or IPv6 address"},
		{"{'hosts': {'a': {'link': {'loss': 1}}}}",
		 ".hosts.a.link.loss: cannot use '1'; give a share, such as 2% or 0.02; all is "
		 "100%, not 1"},
		{"{'hosts': {'a': {'link': {'up': {'up': {}}}}}}",
		 ".hosts.a.link.up.up: there is no such key here"},
		{"{'hosts': {'a': {'addresses': ['203.0.113.9', '127.0.0.1']}}}",
		 ".hosts.a.addresses[1]: cannot use '127.0.0.1'; no host or NAT has such an "
		 "address"},
		{"{'nodes': {'a': {'nat': 'plain', 'addresses': ['ff02::1']}}, 'hosts': {'h': {}}}",
		 ".nodes.a.addresses[0]: cannot use 'ff02::1'; no host or NAT has such an address"},
		{"{'hosts': {'localhost': {}}}", "localhost: this name has a meaning already"},
		{"{'hosts': {'natsim': {}}}", "natsim: this name has a meaning already"},
		{"{'nodes': {'1': {}}, 'hosts': {'h': {}}}", "1: a name is not a number"},
		{"{'nodes': {'a': {'nat': 'sixfour'}, 'b': {'nat': 'plain', 'behind': 'a'}}, "
		 "'hosts': {'h': {}}}",
		 "b: there is no IPv4 behind a NAT64, and this needs an IPv4 address"},
		{"{'nodes': {'a': {'nat': 'plain', 'addresses': ['2001:db8::1', '2001:db8::2', "
		 "'2001:db8::3', '2001:db8::4']}}, 'hosts': {'h': {}}}",
		 "a: it needs an IPv4 address too, and has 4 others, the most that there can be"},
		{"{'hosts': {'a': {'addresses': []}}}",
		 ".hosts.a.addresses: give 1 to 8 addresses"},
		{"{'hosts': {'a': {'addresses': ['203.0.113.1']}, 'b': {'addresses': "
		 "['203.0.113.1']}}}",
		 "a: 203.0.113.1 is there twice"},
		{"{'hosts': {'A_': {}}}",
		 "A_: a name is of small letters, digits and hyphens, 63 at most"},
		{"{'hosts': {'" LONG "-at-the-very-most': {}}}",
		 ".hosts." LONG ": a name has 63 bytes at most"},
		{"{'nodes': {'" LONG "-at-the-very-most': {}}, 'hosts': {'h': {}}}",
		 ".nodes." LONG ": a name has 63 bytes at most"},
		{"{'nodes': {'a': {}}, 'hosts': {'a': {}}}", "a: this name is there twice"},
		{"{'nodes': {'a': {'nat': 'aws'}}, 'hosts': {'h': {}}}",
		 ".nodes.a.nat: there is no preset 'aws'; \"natsim list\" names them"},
		{"{'nodes': {'a': {'nat': 'plain', 'set': {'timer': '1 s'}}}, 'hosts': {'h': {}}}",
		 ".nodes.a.set.timer: NATs have no 'timer'; \"natsim show\" has what they have"},
		{"{'nodes': {'a': {'nat': 'plain', 'set': {'mapping': 'no'}}}, 'hosts': {'h': {}}}",
		 ".nodes.a.set.mapping: cannot use 'no'; give ei, ad or apd"},
		{"{'nodes': {'a': {'nat': 'plain', 'set': {'port-mapping': 'upnp'}}}, 'hosts': "
		 "{'h': {}}}",
		 ".nodes.a.set.port-mapping: cannot use 'upnp'; give none, pcp, nat-pmp, both or "
		 "refused"},
		{"{'nodes': {'a': {'nat': 'sixfour', 'set': {'port-mapping': 'pcp'}}}, 'hosts': "
		 "{'h': {}}}",
		 "a: a NAT64 has no port-mapping here"},
		{"{'nodes': {'a': {'set': {'mapping': 'ei'}}}, 'hosts': {'h': {}}}",
		 ".nodes.a.set.mapping: a plain router has no such thing"},
		{"{'nodes': {'a': {'behind': 'b'}}, 'hosts': {'h': {}}}",
		 ".nodes.a.behind: there is no node 'b'"},
		{"{'nodes': {'a': {'behind': 'a'}}, 'hosts': {'h': {}}}",
		 ".nodes.a.behind: it is behind itself"},
		{"{'nodes': {'a': {'behind': 'b'}, 'b': {'behind': 'a'}}, 'hosts': {'h': {}}}",
		 ".nodes.a.behind: it is behind itself"},
		{"{'nodes': {'a': {'behind': 1}}, 'hosts': {'h': {}}}",
		 ".nodes.a.behind: give a text, \"...\""},
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[512];

		assert_int_equal(read_text(r, cases[i].text), EXIT_USAGE);
		snprintf(line, sizeof(line), "test: '%s': %s\n", r->path, cases[i].says);
		assert_string_equal(r->said, line);
	}
}

static void shares_are_below_one_or_percents(void **state)
{
	static const char *const keys[] = {"loss", "duplicate", "reorder"};
	struct topology_link link = {.up = {.delay = 0}};
	char why[LINK_WHY];
	(void)state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *tail = strcmp(keys[i], "reorder") == 0 ? " 5ms" : "";
		char value[16];

		snprintf(value, sizeof(value), "1%s", tail);
		assert_false(link_set_both(&link, keys[i], value, why));
		assert_non_null(strstr(why, "100%"));
		snprintf(value, sizeof(value), "1.0%s", tail);
		assert_false(link_set_both(&link, keys[i], value, why));
		snprintf(value, sizeof(value), "100%%%s", tail);
		assert_true(link_set_both(&link, keys[i], value, why));
		snprintf(value, sizeof(value), "0.05%s", tail);
		assert_true(link_set_both(&link, keys[i], value, why));
	}
	assert_true(link.up.loss == 0.05 && link.up.duplicate == 0.05 && link.up.reorder == 0.05);
}

static void some_addresses_nobody_can_have(void **state)
{
	static const char *const none[] = {
		"0.0.0.0",   "0.1.2.3",   "127.0.0.1",       "127.9.9.9", "169.254.1.1",
		"224.0.0.1", "239.1.1.1", "255.255.255.255", "::",        "::1",
		"fe80::1",   "febf::1",   "ff02::1",         "ff00::",
	};
	static const char *const some[] = {
		"1.0.0.1",       "126.1.1.1", "169.253.1.1", "10.0.0.1", "100.64.0.1",
		"223.255.255.1", "fd00::1",   "2001:db8::1", "fec0::1",  "64:ff9b::1",
	};
	struct addr a;
	(void)state;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(addr_parse(&a, none[i], 0), 0);
		assert_false(topology_can_have(&a));
	}
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		assert_int_equal(addr_parse(&a, some[i], 0), 0);
		assert_true(topology_can_have(&a));
	}
}

/* Else its hosts' IPv4, which it could not translate, would be let out as it is. */
static void a_nat_has_an_ipv4_address(void **state)
{
	struct rig *r = *state;
	const struct nat_spec *spec = &r->t->nodes[0].spec;

	assert_int_equal(read_text(r, "{'nodes': {'a': {'nat': 'plain', 'addresses': "
				      "['2001:db8:9::1']}}, 'hosts': {'h': {'behind': 'a'}}}"),
			 OPTIONS_GO_ON);
	assert_int_equal(spec->external_count, 2);
	has_addr(&spec->external[0], "2001:db8:9::1");
	has_addr(&spec->external[1], "198.51.100.1");
}

static void bursts_have_the_share_and_length_asked_for(void **state)
{
	struct topology_link link = {.up = {.delay = 0}};
	char why[LINK_WHY];
	(void)state;

	assert_true(link_set_both(&link, "up.bursts", "20% 50ms", why));
	assert_int_equal(link.up.burst_mean, 50 * NK_MS);
	/* Entered every 200 ms of good time: 50 of 250 ms are bad. */
	assert_true(link.up.burst_enter > 0.00499 && link.up.burst_enter < 0.00501);
	assert_true(link.down.burst_enter == 0);
	assert_true(link_set_both(&link, "bursts", "0", why));
	assert_true(link.up.burst_enter == 0);
	assert_false(link_set_both(&link, "bursts", "20%", why));
	assert_false(link_set_both(&link, "bursts", "100% 1s", why));
	assert_false(link_set_both(&link, "side.loss", "1%", why));
	assert_true(link_set_both(&link, "down.reorder", "1% 5ms", why));
	assert_int_equal(link.down.reorder_by, 5 * NK_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_world_is_read),
		cmocka_unit_test(addresses_are_given_out),
		cmocka_unit_test(mistakes_are_told_in_one_line),
		cmocka_unit_test(shares_are_below_one_or_percents),
		cmocka_unit_test(some_addresses_nobody_can_have),
		cmocka_unit_test(a_nat_has_an_ipv4_address),
		cmocka_unit_test(bursts_have_the_share_and_length_asked_for),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
