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
		cmocka_unit_test(bursts_have_the_share_and_length_asked_for),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
