/* The zoo's file format, and the promises of the file that is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zoo_file.h"

#define WHOLE                                                                                  \
	"title = one\nmapping = ei | sourced | a book\nfiltering = apd | assumed | guessed\n"  \
	"ports = preserve | sourced | a book\ntimer-first = 30 s | sourced | a book\n"         \
	"timer-replied = 30 s | sourced | a book\ntimer-stream = 120.5 s | sourced | a book\n" \
	"refresh-out = yes | sourced | a book\nrefresh-in = no | sourced | a book\n"

static struct zoo *read_text(const char *text, char why[static ZOO_WHY])
{
	struct zoo *z = zoo_new();

	assert_non_null(z);
	why[0] = '\0';
	if (zoo_read(z, text, strlen(text), why))
		return z;
	zoo_free(z);
	return NULL;
}

static const struct zoo_claim *claim(const struct zoo_preset *p, const char *axis)
{
	const int i = zoo_axis_find(axis);

	assert_in_range(i, 0, ZOO_AXES - 1);
	return &p->claims[i];
}

static void test_one(void **state)
{
	char why[ZOO_WHY];
	struct zoo *z = read_text("# zoo\n\n [one]\r\n" WHOLE, why);
	const struct zoo_preset *p;

	(void)state;
	assert_non_null(z);
	p = zoo_find(z, "one");
	assert_non_null(p);
	assert_ptr_equal(zoo_at(z, 0), p);
	assert_null(zoo_at(z, 1));
	assert_null(zoo_find(z, "two"));
	assert_string_equal(p->title, "one");
	assert_true(p->spec.translate && p->spec.refresh_out && !p->spec.refresh_in);
	assert_int_equal(p->spec.mapping, NAT_EI);
	assert_int_equal(p->spec.filtering, NAT_APD);
	assert_int_equal(p->spec.t_stream, 120 * NK_S + 500 * NK_MS);
	assert_int_equal(claim(p, "mapping")->mark, ZOO_SOURCED);
	assert_string_equal(claim(p, "mapping")->source, "a book");
	assert_string_equal(claim(p, "timer-stream")->value, "120.5 s");
	assert_int_equal(claim(p, "filtering")->mark, ZOO_ASSUMED);
	assert_int_equal(claim(p, "quota")->mark, ZOO_ABSENT);
	assert_null(claim(p, "quota")->source);
	zoo_free(z);
}

static void test_values(void **state)
{
	char why[ZOO_WHY];
	struct zoo *z =
		read_text("[one]\n" WHOLE "port-step = -2 | assumed | x\n"
			  "port-range = 40000-50000 | assumed | x\n"
			  "port-parity = yes | assumed | x\n"
			  "stream-after = at once | assumed | x\nstates = pf | assumed | x\n"
			  "port-timers = 53: 60 s, 123: 1.5 s | assumed | x\n"
			  "sweep = 64 s | assumed | x\nfull = 0-100 | assumed | x\n"
			  "hairpin = internal | assumed | x\n"
			  "drift-step = 0.5 after 86400 s | assumed | x\n"
			  "drift-walk = 0.25 | assumed | x\n"
			  "quota = 9 evict-first | assumed | x\n"
			  "pooling = arbitrary | assumed | x\n"
			  "self-clash = yes | assumed | x\n"
			  "port-mapping = refused | assumed | x\n"
			  "port-lease = 600 s | assumed | x\n",
			  why);
	const struct nat_spec *s;

	(void)state;
	assert_non_null(z);
	s = &zoo_at(z, 0)->spec;
	assert_int_equal(s->port_step, -2);
	assert_int_equal(s->port_lo, 40000);
	assert_int_equal(s->port_hi, 50000);
	assert_true(s->port_parity && s->self_clash && s->arbitrary_pooling);
	assert_int_equal(s->stream_after, NAT_AT_ONCE);
	assert_int_equal(s->states, NAT_STATES_PF);
	assert_int_equal(s->port_times[1].port, 123);
	assert_int_equal(s->port_times[1].t, 1500 * NK_MS);
	assert_int_equal(s->port_times[2].t, 0);
	assert_int_equal(s->sweep, 64 * NK_S);
	assert_int_equal(s->full_at, 100);
	assert_int_equal(s->hairpin, NAT_HAIRPIN_INTERNAL);
	assert_true(s->drift_step == 0.5 && s->drift_walk == 0.25);
	assert_int_equal(s->drift_after, 86400 * NK_S);
	assert_int_equal(s->quota, 9);
	assert_int_equal(s->quota_policy, NAT_QUOTA_EVICT_FIRST);
	assert_int_equal(s->port_mapping, NAT_PORT_MAPPING_REFUSED);
	assert_int_equal(s->port_lease, 600 * NK_S);
	zoo_free(z);
}

/* What a NAT does besides UDP. */
static void test_protocols(void **state)
{
	char why[ZOO_WHY];
	struct zoo *z = read_text("[one]\n" WHOLE "timer-icmp = 60 s | assumed | x\n"
				  "timer-other = 90 s | assumed | x\n"
				  "tcp-syn-sent = 5 s | assumed | x\n"
				  "tcp-established = 86400 s | assumed | x\n"
				  "tcp-close = 10 s | assumed | x\n"
				  "tcp-transitory = 120 s | assumed | x\n"
				  "tcp-pickup = yes | assumed | x\n"
				  "tcp-pickup-limit = 300 s | assumed | x\n"
				  "tcp-refused-ends = yes | assumed | x\n"
				  "tcp-lost = rst | assumed | x\n"
				  "syn-answer = no-port | assumed | x\n"
				  "syn-hold = 6 s | assumed | x\n"
				  "remote-quota = 55000 | assumed | x\n"
				  "full-answer = prohibited | assumed | x\n"
				  "port-block = 512 | assumed | x\n"
				  "drop-errors = yes | assumed | x\n"
				  "fragments = in-order | assumed | x\nalg = yes | assumed | x\n"
				  "nat64 = yes | assumed | x\n"
				  "prefix64 = 2001:db8:64::/96 | assumed | x\n",
				  why);
	const struct nat_spec *s;
	struct addr prefix;

	(void)state;
	assert_non_null(z);
	s = &zoo_at(z, 0)->spec;
	assert_int_equal(s->t_icmp, 60 * NK_S);
	assert_int_equal(s->t_other, 90 * NK_S);
	assert_int_equal(s->t_tcp[NAT_TCP_SYN_SENT], 5 * NK_S);
	assert_int_equal(s->t_tcp[NAT_TCP_ESTABLISHED], 86400 * NK_S);
	assert_int_equal(s->t_tcp[NAT_TCP_CLOSE], 10 * NK_S);
	assert_int_equal(s->t_tcp[NAT_TCP_FIN_WAIT], 0);
	assert_int_equal(s->t_transitory, 120 * NK_S);
	assert_int_equal(s->t_pickup, 300 * NK_S);
	assert_true(s->tcp_pickup && s->rst_ends && s->drop_errors && s->alg && s->nat64);
	assert_int_equal(s->tcp_lost, NAT_ANSWER_RST);
	assert_int_equal(s->syn_answer, NAT_ANSWER_NO_PORT);
	assert_int_equal(s->full_answer, NAT_ANSWER_PROHIBITED);
	assert_int_equal(s->syn_hold, 6 * NK_S);
	assert_int_equal(s->remote_quota, 55000);
	assert_int_equal(s->port_block, 512);
	assert_int_equal(s->fragments, NAT_FRAGMENTS_IN_ORDER);
	assert_int_equal(addr_parse(&prefix, "2001:db8:64::", 0), 0);
	assert_true(addr_eq(&s->prefix64, &prefix));
	zoo_free(z);
}

/* A copy that is only assumed says nothing as a fact; a later preset of the same name wins. */
static void test_like(void **state)
{
	char why[ZOO_WHY];
	struct zoo *z = read_text("[one]\n" WHOLE "[two]\ntitle = 2\nlike = one\n"
				  "[three]\ntitle = 3\nlike = one | assumed | a cousin\n"
				  "timer-first = 7 s | sourced | another book\n"
				  "[two]\ntitle = two again\nlike = one\n",
				  why);
	const struct zoo_preset *three;

	(void)state;
	assert_non_null(z);
	assert_string_equal(zoo_find(z, "two")->title, "two again");
	assert_int_equal(claim(zoo_find(z, "two"), "mapping")->mark, ZOO_SOURCED);
	three = zoo_find(z, "three");
	assert_int_equal(claim(three, "mapping")->mark, ZOO_ASSUMED);
	assert_string_equal(claim(three, "mapping")->source, "a cousin");
	assert_int_equal(claim(three, "quota")->mark, ZOO_ABSENT);
	assert_int_equal(claim(three, "timer-first")->mark, ZOO_SOURCED);
	assert_int_equal(three->spec.t_first, 7 * NK_S);
	assert_null(zoo_at(z, 3));
	zoo_free(z);
}

static void test_faults(void **state)
{
	static const struct {
		const char *text, *why;
	} faults[] = {
		{"mapping = ei | sourced | x\n", "line 1: before the first preset: mapping"},
		{"[One]\n", "line 1: names have"},
		{"[]\n", "line 1: names have"},
		{"[one\n", "line 1: not the name"},
		{"[one]\n", "line 1: no title: one"},
		{"[one]\ntitle = x\n", "line 1: the preset does not say its: mapping"},
		{"[one]\nhello\n", "line 2: neither"},
		{"[one]\nfoo = ei | sourced | x\n", "line 2: no such axis: foo"},
		{"[one]\nmapping = ei\n", "line 2: nothing says"},
		{"[one]\nmapping = ei | sourced\n", "line 2: after |"},
		{"[one]\nmapping = ei | absent | x\n", "line 2: after |"},
		{"[one]\nmapping = ei | sourced | \n", "line 2: after |"},
		{"[one]\nmapping = EI | sourced | x\n", "line 2: ei, ad or apd: EI"},
		{"[one]\ntimer-first = 30 | sourced | x\n", "line 2: seconds"},
		{"[one]\ntimer-first = -1 s | sourced | x\n", "line 2: seconds"},
		{"[one]\ntimer-first = 0 s | sourced | x\n", "line 2: seconds"},
		{"[one]\ntcp-close = 0 s | sourced | x\n", "line 2: seconds"},
		{"[one]\ntimer-first = nan s | sourced | x\n", "line 2: seconds"},
		{"[one]\ntimer-first = 1 sec | sourced | x\n", "line 2: seconds"},
		{"[one]\nport-range = 50-40 | sourced | x\n", "line 2: two ports"},
		{"[one]\nport-range = 0-40 | sourced | x\n", "line 2: two ports"},
		{"[one]\nport-range = 1-65536 | sourced | x\n", "line 2: two ports"},
		{"[one]\nport-timers = 53: 60 s, | sourced | x\n", "line 2: such as"},
		{"[one]\nport-timers = 1: 1 s,2: 1 s,3: 1 s,4: 1 s,5: 1 s | sourced | x\n",
		 "line 2: such as"},
		{"[one]\nquota = 0 refuse | sourced | x\n", "line 2: such as"},
		{"[one]\nquota = 5 | sourced | x\n", "line 2: such as"},
		{"[one]\nquota = 5refuse | sourced | x\n", "line 2: such as"},
		{"[one]\nmapping =  | sourced | x\n", "line 2: ei, ad or apd"},
		{"[one]\nmapping = ei, ad | sourced | x\n", "line 2: ei, ad or apd"},
		{"[one]\nsyn-answer = icmp | sourced | x\n", "line 2: none, rst, no-port or"},
		{"[one]\nport-block = 65536 | sourced | x\n", "line 2: a number of ports"},
		{"[one]\nremote-quota = 0 | sourced | x\n", "line 2: a number of flows"},
		{"[one]\nprefix64 = 64:ff9b:: | sourced | x\n", "line 2: a prefix of 96"},
		{"[one]\nprefix64 = 64:ff9b::/64 | sourced | x\n", "line 2: a prefix of 96"},
		{"[one]\nprefix64 = 64:ff9b::1/96 | sourced | x\n", "line 2: a prefix of 96"},
		{"[one]\nprefix64 = 192.0.2.0/96 | sourced | x\n", "line 2: a prefix of 96"},
		{"[one]\nport-step = 0 | sourced | x\n", "line 2: a number"},
		{"[one]\nlike = two\n", "line 2: no such preset"},
		{"[one]\nlike = one\n", "line 2: no such preset"},
	};
	char why[ZOO_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_null(read_text(faults[i].text, why));
		if (strncmp(why, faults[i].why, strlen(faults[i].why)) != 0)
			fail_msg("%s, not %s", why, faults[i].why);
	}
}

/* What is installed: 28 NATs, what the standards would have, and the 27 combinations, each named by
 * what it is, none with a claim that says nothing of where it is from. */
static void test_installed(void **state)
{
	static const char *const classes[] = {"ei", "ad", "apd"};
	static const char *const ports[] = {"preserve", "sequential", "random"};
	struct zoo *z = zoo_from_file(NULL);
	const struct zoo_preset *p;
	unsigned count = 0;

	(void)state;
	for (; (p = zoo_at(z, count)) != NULL; count++)
		for (int axis = 0; axis < ZOO_AXES; axis++)
			if (p->claims[axis].mark != ZOO_ABSENT && p->claims[axis].source == NULL)
				fail_msg("%s: %s", p->name, zoo_axis_name(axis));
	assert_int_equal(count, 28 + 2 + 27);
	for (unsigned i = 0; i < 27; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s-%s-%s", classes[i / 9], classes[i / 3 % 3],
			 ports[i % 3]);
		p = zoo_find(z, name);
		assert_non_null(p);
		assert_int_equal(p->spec.mapping, i / 9);
		assert_int_equal(p->spec.filtering, i / 3 % 3);
		assert_int_equal(p->spec.ports, i % 3);
		assert_int_equal(claim(p, "mapping")->mark, ZOO_ASSUMED);
	}
	p = zoo_find(z, "mikrotik");
	assert_int_equal(p->spec.t_first, 10 * NK_S);
	assert_int_equal(claim(p, "timer-first")->mark, ZOO_SOURCED);
	assert_int_equal(claim(p, "mapping")->mark, ZOO_ASSUMED);
	assert_int_equal(p->spec.t_tcp[NAT_TCP_SYN_SENT], 5 * NK_S);
	assert_true(zoo_find(z, "nat64")->spec.nat64);
	assert_true(zoo_find(z, "rfc-ideal")->spec.translate);
	zoo_free(z);
}

/* Whatever is installed lets a connection begin, be quiet for a minute, and end. */
static void test_installed_tcp(void **state)
{
	struct zoo *z = zoo_from_file(NULL);
	const struct zoo_preset *p;

	(void)state;
	for (unsigned i = 0; (p = zoo_at(z, i)) != NULL; i++)
		for (unsigned s = 0; s < NAT_TCP_CLOSE; s++) {
			const nk_time t = p->spec.t_tcp[s];
			const nk_time least = s == NAT_TCP_ESTABLISHED ? 60 * NK_S : NK_S;

			if (t > 0 && t < least)
				fail_msg("%s, TCP state %u", p->name, s);
		}
	zoo_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),           cmocka_unit_test(test_values),
		cmocka_unit_test(test_protocols),     cmocka_unit_test(test_like),
		cmocka_unit_test(test_faults),        cmocka_unit_test(test_installed),
		cmocka_unit_test(test_installed_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
