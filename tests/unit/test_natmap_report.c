/* The printers of natmap's map, from results made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cmd/natmap/map_report.h"
#include "../../cmd/natmap/map_words.h"
#include "../../cmd/natmap/quotes.h"
#include "base/err.h"
#include "face/style.h"

#define SCHEMA    "share/natmap-1.schema.json"
#define VALIDATOR "/usr/bin/python3 -W ignore -m jsonschema"

static const struct style plain = {.width = 80};
static const struct style fine = {.width = 90, .utf8 = true};
static const struct natmap_options asked = {
	.enumerate = true, .max = 360 * NK_S, .mappings = 256, .pace = 20 * NK_MS};

static struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static struct measured timeout(double value)
{
	return (struct measured){.known = true,
				 .value = value,
				 .lo = value * 0.99,
				 .hi = value * 1.01,
				 .p = 0.96,
				 .trials = 14};
}

static void add_evidence(struct natmap_result *r, enum natmap_sign sign, unsigned hop,
			 const char *text)
{
	struct natmap_evidence *e = &r->evidence[r->evidence_count++];

	*e = (struct natmap_evidence){.sign = sign, .hop = hop};
	snprintf(e->text, sizeof(e->text), "%s", text);
}

/* A router at home, and a carrier's NAT beyond. */
static void set_hops(struct path_result *p)
{
	p->reached = true;
	p->count = p->back = 5;
	p->hops[0] = (struct hop){.address = at("192.168.1.1"),
				  .rtt_ms = 1.234,
				  .state = HOP_STATEFUL,
				  .p = 0.99,
				  .timeout = timeout(119.8)};
	p->hops[1] = (struct hop){.address = at("10.11.0.1"),
				  .rtt_ms = 4.1,
				  .state = HOP_STATELESS,
				  .p = 0.97,
				  .timeout = {.at_least = 360, .p = 0.97, .trials = 6}};
	p->hops[2] = (struct hop){.address = at("100.64.0.1"),
				  .rtt_ms = 8.26,
				  .state = HOP_STATEFUL,
				  .p = 0.99,
				  .timeout = timeout(35.04),
				  .outbound_only = true,
				  .quoted = true,
				  .quote_checksum = true,
				  .quote_source = at("100.64.3.7:40001")};
	p->hops[3] = (struct hop){.state = HOP_HIDDEN, .p = 0.9, .behind = 3};
	p->hops[4] = (struct hop){.address = at("203.0.113.254"), .rtt_ms = 9, .why = "not clear"};
	p->enumerated = true;
	p->silence = timeout(35.04);
	p->flows_peak = 120;
	p->packets_out = 2000;
	p->packets_in = 1500;
}

static struct natmap_result *carrier(void)
{
	struct natmap_result *r = calloc(1, sizeof(*r));
	struct portmap_offer *offer;

	assert_non_null(r);
	*r = (struct natmap_result){
		.complete = true,
		.quick_done = true,
		.server = at("192.0.2.1:3478"),
		.probe_service = true,
		.software = "natbroker 0.1.0",
		.local = at("192.168.1.23"),
		.public_addrs = {at("203.0.113.7")},
		.locals = {at("192.168.1.23")},
		.public_count = 1,
		.ways = {{.gateway = at("192.168.1.1"),
			  .local = at("192.168.1.23"),
			  .interface = "wlan0"}},
		.gateways = {{.gateway = at("192.168.1.1"), .local = at("192.168.1.23")}},
		.gateway_count = 1,
		.verdict = NATMAP_CARRIER_NAT,
		.p = 0.97,
		.nats = 2,
		.nats_at_least = true,
		.carrier_hop = 3,
		.rtt_ms = 12.3,
	};
	offer = r->gateways[0].offer;
	offer[PORTMAP_PCP] = (struct portmap_offer){.answers = true,
						    .why = PORTMAP_ADDRESS_MISMATCH,
						    .version = 2,
						    .code = 12,
						    .epoch_s = 77,
						    .rtt = 1200};
	offer[PORTMAP_NAT_PMP] = (struct portmap_offer){.answers = true,
							.usable = true,
							.external = at("100.64.3.7"),
							.epoch_s = 77,
							.rtt = 1100};
	offer[PORTMAP_UPNP] = (struct portmap_offer){.why = PORTMAP_SILENT};
	set_hops(&r->path);
	add_evidence(r, SIGN_GATEWAY_SHARED, 1,
		     "Gateway 192.168.1.1 says that its address outside is 100.64.3.7");
	add_evidence(r, SIGN_STATEFUL_BEYOND, 3, "A box beyond the first, hop 3, keeps state");
	return r;
}

static struct map_report report_of(const struct natmap_result *r)
{
	return (struct map_report){.started_unix = INT64_C(1769860800000000),
				   .elapsed_s = 64.25,
				   .server_name = "broker.example.net",
				   .options = &asked,
				   .result = r};
}

/* What @print writes of @r, to be freed. */
static char *written(const struct natmap_result *r, const struct style *st,
		     void (*print)(FILE *out, const struct style *st, const struct map_report *rep))
{
	const struct map_report rep = report_of(r);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	print(out, st, &rep);
	fclose(out);
	return text;
}

static char *svg_of(const struct natmap_result *r)
{
	const struct map_report rep = report_of(r);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(map_report_svg(out, &rep), 0);
	fclose(out);
	return text;
}

static void assert_says(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("not said: %s\nbut:\n%s", what, text);
}

static void assert_silent(const char *text, const char *what)
{
	if (strstr(text, what) != NULL)
		fail_msg("said: %s\nin:\n%s", what, text);
}

/* Of a style without UTF-8, where a byte is a column. */
static void assert_narrow(const char *text, size_t columns)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");

		if (len > columns)
			fail_msg("%zu columns: %.*s", len, (int)len, text);
		text += len + 1;
	}
}

static void draws_the_path(void **state)
{
	struct natmap_result *r = carrier();
	char *text = written(r, &plain, map_report_text);
	(void)state;

	assert_says(text, "\n  *     192.168.1.23              this machine, wlan0\n  |\n"
			  "  #  1  192.168.1.1      1.23 ms  NAT: keeps a UDP flow for 119.8 s (");
	assert_says(
		text,
		"; opens ports by NAT-PMP, of no use\n  |                               here\n"
		"  o  2  10.11.0.1         4.1 ms  keeps no state, or for more than 6 min\n"
		"  #  3  100.64.0.1       8.26 ms  carrier's NAT: keeps a UDP flow for 35.0 "
		"s\n  |                               (34.7 s to 35.4 s), refreshed from inside\n"
		"  |                               only; got our packet with another checksum\n"
		"  ?  4  no answer                 hidden behind hop 3, whose state ends "
		"first\n"
		"  o  5  203.0.113.254       9 ms  not known: not clear\n  |\n");
	assert_says(text, "  *     192.0.2.1        12.3 ms  broker.example.net (natbroker 0.1.0), "
			  "sees us\n                                  as 203.0.113.7\n");
	assert_says(text, "Verdict    A carrier's NAT, at least 2 NATs in all (97 %)\n");
	assert_says(text, "  PCP      answers, but ");
	assert_says(text, "(error 12)\n  NAT-PMP  opens ports, its own address outside is "
			  "100.64.3.7\n  UPnP     no answer\n");
	assert_narrow(text, 80);
	free(text);
	text = written(r, &fine, map_report_text);
	assert_says(text, "  ■  3  100.64.0.1 ");
	assert_says(text, "  │                               35.4 s), refreshed");
	free(text);
	free(r);
}

static void long_addresses_leave_room(void **state)
{
	struct natmap_result *r = carrier();
	const struct style narrow = {.width = 60};
	char *text;
	(void)state;

	r->server = at("[64:ff9b::192.0.2.211]:3478");
	text = written(r, &plain, map_report_text);
	assert_says(text, "\n  *     64:ff9b::c000:2d3  12.3 ms  broker.example.net");
	assert_says(text, "\n  #  1  192.168.1.1        1.23 ms  NAT: ");
	free(text);
	r->path.hops[0].address = at("2001:db8:1111:2222:3333:4444:5555:6666");
	text = written(r, &narrow, map_report_text);
	assert_says(text, "  #  1  2001:db8:1111:2222:3333:4444:5555:6666  1.23 ms\n"
			  "  |        NAT: keeps a UDP flow for 119.8 s");
	assert_narrow(text, 60);
	free(text);
	free(r);
}

/* The ground is that of the outside only where we are seen as we are. */
static void what_is_not_outside_has_another_ground(void **state)
{
	struct natmap_result *r = carrier();
	char *text;
	(void)state;

	for (unsigned i = 0; i < r->path.count; i++)
		r->path.hops[i].state = HOP_UNKNOWN;
	r->carrier_hop = 0;
	text = svg_of(r);
	assert_says(text, "<rect class=\"z0\"");
	assert_silent(text, "<rect class=\"z2\"");
	free(text);
	r->public_addrs[0] = r->local;
	text = svg_of(r);
	assert_says(text, "<rect class=\"z2\"");
	free(text);
	free(r);
}

static void round_trips_are_short(void **state)
{
	char text[32];
	(void)state;

	assert_string_equal(map_rtt_words(text, sizeof(text), 0), "");
	assert_string_equal(map_rtt_words(text, sizeof(text), 0.0656), "0.0656 ms");
	assert_string_equal(map_rtt_words(text, sizeof(text), 999.4), "999 ms");
	assert_string_equal(map_rtt_words(text, sizeof(text), 1234.5), "1234 ms");
}

/* A network that is reached without a gateway, and a gateway that has no NAT-PMP. */
static void tells_of_no_gateway(void **state)
{
	struct natmap_result *r = carrier();
	char *text;
	(void)state;

	r->gateways[0].gateway = r->ways[0].gateway = (struct addr){.port = 0};
	text = written(r, &fine, map_report_text);
	assert_says(text, "Gateway    none on wlan0, whose network is reached without one\n");
	free(text);
	text = svg_of(r);
	assert_says(text, ">no gateway on wlan0<");
	assert_silent(text, ">PCP<");
	free(text);
	r->gateways[0].gateway = at("2001:db8:1::1");
	text = svg_of(r);
	assert_says(text, ">PCP<");
	assert_silent(text, ">NAT-PMP<");
	free(text);
	free(r);
}

/* Where few columns are left, words come below. */
static void narrow_terminals_leave_room(void **state)
{
	struct natmap_result *r = carrier();
	const struct style narrow = {.width = 40};
	char *text;
	(void)state;

	text = written(r, &narrow, map_report_text);
	assert_says(text, "  #  1  192.168.1.1      1.23 ms\n"
			  "  |        NAT: keeps a UDP flow for\n");
	free(text);
	free(r);
}

/* A server of one family does not see us by the other. */
static void the_other_family_is_told_apart(void **state)
{
	struct natmap_result *r = carrier();
	char *text;
	(void)state;

	r->public_addrs[1] = at("2001:db8:1::2");
	r->locals[1] = at("2001:db8:1::2");
	r->public_count = 2;
	text = written(r, &fine, map_report_text);
	assert_says(text, "sees us as");
	assert_says(text, "203.0.113.7; by IPv6 we are seen as");
	free(text);
	r->local = r->locals[1]; /* the way by IPv6 is mapped */
	text = written(r, &fine, map_report_text);
	assert_says(text, "2001:db8:1::2; by IPv4 we are");
	free(text);
	free(r);
}

static void early_and_late_are_two_parts(void **state)
{
	struct natmap_result *r = carrier();
	char *text;
	(void)state;

	text = written(r, &plain, map_report_late);
	assert_says(text, "Silence    the whole path keeps a silent UDP flow for 35.0 s");
	assert_silent(text, "Gateway    ");
	free(text);
	memset(&r->path, 0, sizeof(r->path));
	r->path.enumeration_why = "not asked for (--quick)";
	text = written(r, &plain, map_report_early);
	assert_says(text, "Gateway    192.168.1.1 on wlan0\n");
	assert_silent(text, "Silence");
	free(text);
	free(r);
}

static void what_was_not_looked_at_is_not_mentioned(void **state)
{
	struct natmap_result *r = carrier();
	char *text;
	(void)state;

	r->path.enumerated = false;
	r->path.enumeration_why = "the server is no natbroker";
	for (unsigned i = 0; i < r->path.count; i++) {
		r->path.hops[i].state = HOP_UNKNOWN;
		r->path.hops[i].why = "not looked at";
	}
	r->path.silence = (struct measured){0};
	r->path.flows_peak = 0;
	text = written(r, &plain, map_report_text);
	assert_silent(text, "not looked at");
	assert_says(text, "State      not looked for: the server is no natbroker\n");
	free(text);
	r->path.flows_peak = 80;
	r->path.enumeration_why = "the run was over";
	text = written(r, &plain, map_report_text);
	assert_says(text, "State      not looked for to the end: the run was over\n");
	free(text);
	free(r);
}

static void tells_what_boxes_are(void **state)
{
	struct natmap_result *r = carrier();
	(void)state;

	assert_int_equal(map_box(r, 0), BOX_NAT);
	assert_int_equal(map_box(r, 1), BOX_ROUTER);
	assert_int_equal(map_box(r, 2), BOX_CARRIER_NAT);
	assert_int_equal(map_box(r, 3), BOX_HIDDEN);
	assert_int_equal(map_box(r, 4), BOX_UNKNOWN);
	/* That there are two is not sure: one may be a firewall. */
	r->p = 0.8;
	assert_int_equal(map_box(r, 0), BOX_STATEFUL);
	r->p = 0.97;
	/* Three keep state, and two are known to be NATs: it is not known which. */
	r->path.hops[4].state = HOP_STATEFUL;
	assert_int_equal(map_box(r, 0), BOX_STATEFUL);
	r->verdict = NATMAP_FIREWALL;
	r->carrier_hop = r->nats = 0;
	assert_int_equal(map_box(r, 0), BOX_FIREWALL);
	r->verdict = NATMAP_ONE_NAT;
	r->p = 0.6; /* and perhaps more, but this is one */
	r->nats = 1;
	r->path.hops[2].state = r->path.hops[4].state = HOP_STATELESS;
	assert_int_equal(map_box(r, 0), BOX_NAT);
	/* The second hop is beyond it. */
	r->p = 0.97;
	r->path.hops[1].state = HOP_STATEFUL;
	assert_int_equal(map_box(r, 0), BOX_STATEFUL);
	add_evidence(r, SIGN_HOP_BESIDE_PUBLIC, 2, "Hop 2 is in the network of that address");
	assert_int_equal(map_box(r, 0), BOX_NAT);
	assert_int_equal(map_box(r, 1), BOX_STATEFUL);
	r->path.hops[0].state = HOP_HIDDEN;
	assert_int_equal(map_box(r, 1), BOX_STATEFUL);
	free(r);
}

/* Beyond a NAT each hop is given what it has changed: that is news of the first of them. */
static void a_change_is_told_once(void **state)
{
	struct natmap_result *r = carrier();
	char text[96];
	(void)state;

	r->path.hops[3].quote_checksum = true;
	r->path.hops[4].quote_checksum = r->path.hops[4].quote_id = true;
	assert_string_equal(map_quote_words(text, sizeof(text), r, 2),
			    "got our packet with another checksum");
	assert_string_equal(map_quote_words(text, sizeof(text), r, 3), "");
	assert_string_equal(map_quote_words(text, sizeof(text), r, 4),
			    "got our packet with another identification");
	free(r);
}

static void numbers_stay_with_their_units(void **state)
{
	struct natmap_result *r = carrier();
	const struct style style = {.width = 81};
	char *text;
	(void)state;

	r->nats_at_least = false;
	r->path.hops[1].timeout.at_least = 22.43;
	text = written(r, &style, map_report_text);
	assert_says(text,
		    "  o  2  10.11.0.1         4.1 ms  router: keeps no state, or for more than\n"
		    "  |                               22.43 s\n");
	free(text);
	free(r);
}

static void times_are_round_where_they_were_asked_for(void **state)
{
	const struct {
		double at_least;
		const char *words;
	} rows[] = {
		{15.0001, "more than 15 s"}, {359.97, "more than 6 min"},
		{360.01, "more than 6 min"}, {363.2, "more than 6 min"},
		{7.06, "more than 7 s"},     {22.43, "more than 22.43 s"},
		{125, "more than 125.0 s"},
	};
	char text[96];
	(void)state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct measured m = {.at_least = rows[i].at_least};

		assert_string_equal(map_time_words(text, sizeof(text), &m), rows[i].words);
	}
}

static void tells_what_gateways_say(void **state)
{
	struct portmap_offer o = {.why = PORTMAP_SILENT};
	char text[200];
	(void)state;

	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_PCP), "no answer");
	o.why = PORTMAP_UNHEARD;
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_UPNP),
			    "no answer in time");
	o.why = PORTMAP_UNSUPPORTED;
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_NAT_PMP),
			    "this gateway does not speak it");
	o.source = at("192.168.1.66");
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_PCP),
			    "answered by 192.168.1.66, who was not asked");
	o = (struct portmap_offer){.answers = true,
				   .usable = true,
				   .version = 2,
				   .external = at("203.0.113.7"),
				   .pinholes = true,
				   .device = "Home Box"};
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_UPNP),
			    "opens ports, IPv6 ones too (IGD 2), its own address outside is "
			    "203.0.113.7: Home Box");
	o.usable = false;
	o.why = PORTMAP_NOT_AUTHORIZED;
	o.code = 606;
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_UPNP),
			    "answers, but the gateway has it switched off for us (error 606)");
	o.code = 0;
	o.why = PORTMAP_UNSUPPORTED;
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_UPNP),
			    "answers, but opens no ports");
	o.why = PORTMAP_SILENT;
	assert_string_equal(map_offer_words(text, sizeof(text), &o, PORTMAP_UPNP),
			    "answers who looks for it, but then no more");
}

static void says_what_it_means(void **state)
{
	struct natmap_result *r = carrier();
	char text[160];
	(void)state;

	assert_says(map_meaning(r), "cannot be reached");
	r->p = 0.8;
	assert_silent(map_meaning(r), "cannot be reached");
	assert_says(map_meaning(r), "may not be reached");
	r->p = 0.97;
	r->verdict = NATMAP_ONE_NAT;
	r->nats = 1;
	assert_says(map_meaning(r), "\"natmap open\"");
	assert_says(map_meaning(r), "a firewall may lie beyond"); /* three hops keep state */
	r->path.hops[2].state = HOP_STATELESS;
	assert_says(map_meaning(r), "makes a port reachable");
	r->gateways[0].local = at("192.168.1.24"); /* of another way than that which is mapped */
	assert_silent(map_meaning(r), "\"natmap open\"");
	r->gateways[0].local = r->local;
	r->p = 0.7;
	assert_says(map_meaning(r), "looks whether");
	r->gateways[0].offer[PORTMAP_NAT_PMP].usable = false;
	assert_says(map_meaning(r), "if no other NAT lies beyond");
	r->p = 0.97;
	assert_silent(map_meaning(r), "\"natmap open\"");
	assert_silent(map_meaning(r), "if no other");
	assert_string_equal(map_verdict_words(text, sizeof(text), r), "One NAT, or more (97 %)");
	r->nats_at_least = false;
	r->p = 0.9999;
	r->vpn = true;
	assert_string_equal(map_verdict_words(text, sizeof(text), r),
			    "One NAT, beyond a tunnel (VPN) (99.9 %)");
	assert_says(map_meaning(r), "other end of the tunnel");
	r->vpn = false;
	r->nats_at_least = true;
	r->verdict = NATMAP_NAT64;
	assert_string_equal(map_verdict_words(text, sizeof(text), r),
			    "NAT64: IPv4 is reached through a translator (99.9 %)");
	r->verdict = NATMAP_UNKNOWN;
	assert_string_equal(map_meaning(r), "");
	free(r);
}

static void says_what_was_lacking(void **state)
{
	struct natmap_result *r = carrier();
	(void)state;

	assert_string_equal(map_hop_name(r, 2), "carrier's NAT");
	assert_string_equal(map_hop_name(r, 1), ""); /* one more NAT may have a longer timer */
	r->nats_at_least = false;
	assert_string_equal(map_hop_name(r, 1), "router");
	r->nats = 3;
	assert_string_equal(map_hop_name(r, 1), "");
	r->p = 0.7;
	assert_string_equal(map_hop_name(r, 2), "carrier's NAT, perhaps");
	r->complete = false;
	r->cut_why = NK_ERR_NO_MEMORY;
	assert_string_equal(map_cut_words(r), err_text(NK_ERR_NO_MEMORY));
	r->cut_why = 0; /* the run was over before it had begun */
	assert_silent(map_cut_words(r), "no error");
	free(r);
}

static char *json_of(const struct natmap_result *r)
{
	const struct map_report rep = report_of(r);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool failed;
	const struct js root = map_report_json(&rep, &failed);

	assert_int_equal(js_print(root, out, true), 0);
	js_free(root);
	fclose(out);
	return text;
}

/* What speaks against the verdict is not among what speaks for it. */
static void what_is_against_is_told_so(void **state)
{
	struct natmap_result *r = carrier();
	char *text = written(r, &plain, map_report_text);
	(void)state;

	assert_silent(text, "Against");
	free(text);
	r->evidence[0].against = true;
	text = written(r, &plain, map_report_text);
	assert_says(text, "Evidence   - A box beyond the first, hop 3, keeps state\n"
			  "Against    - Gateway 192.168.1.1 says");
	free(text);
	text = json_of(r);
	assert_says(text, "\"against\": true");
	free(text);
	free(r);
}

static struct icmp_quote as_sent(uint16_t port, uint16_t id, uint16_t checksum)
{
	return (struct icmp_quote){.from = addr_with_port(at("192.168.1.23"), port),
				   .to = at("192.0.2.1:3478"),
				   .id = id,
				   .checksum = checksum,
				   .undone = 0x1111};
}

static void add_seen(struct quotes *q, const char *reporter, struct icmp_quote seen)
{
	seen.reporter = at(reporter);
	quotes_add_seen(q, &seen);
}

static void quotes_are_compared_with_what_was_sent(void **state)
{
	struct natmap_result *r = carrier();
	struct quotes q = {.sent_count = 0};
	const struct hop *h = r->path.hops;
	struct icmp_quote other = as_sent(1003, 3, 33);
	(void)state;

	r->path.hops[2].quoted = r->path.hops[2].quote_checksum = false;
	for (uint16_t k = 1; k <= 5; k++) {
		const struct icmp_quote sent = as_sent(1000 + k, k, 11 * k);

		quotes_add_sent(&q, &sent);
	}
	add_seen(&q, "192.168.1.1", as_sent(1001, 1, 11));
	add_seen(&q, "10.11.0.1", as_sent(1002, 2, 0x1111)); /* a virtual link had not done it */
	other.from = at("100.64.3.7:4000");
	add_seen(&q, "100.64.0.1", other);
	add_seen(&q, "203.0.113.254", as_sent(1005, 9, 99));
	r->path.count = 6;
	r->path.hops[5].address = at("203.0.113.253");
	add_seen(&q, "203.0.113.253", as_sent(1004, 0, 0));
	quotes_apply(&q, r);
	assert_true(h[0].quoted && !h[0].quote_id && !h[0].quote_checksum);
	assert_true(h[1].quoted && !h[1].quote_id && !h[1].quote_checksum);
	assert_true(h[2].quoted && !h[2].quote_id && !h[2].quote_checksum);
	assert_true(addr_eq(&h[2].quote_source, &other.from));
	assert_false(h[3].quoted);
	assert_true(h[4].quoted && h[4].quote_id && h[4].quote_checksum);
	assert_true(h[5].quoted && !h[5].quote_id && !h[5].quote_checksum); /* it does not say */
	free(r);
}

static void quotes_of_other_packets_do_not_count(void **state)
{
	struct natmap_result *r = carrier();
	struct quotes q = {.sent_count = 0};
	struct icmp_quote elsewhere = as_sent(1001, 1, 11);
	(void)state;

	r->path.hops[2].quoted = false;
	elsewhere.to = at("198.51.100.77:53");
	add_seen(&q, "192.168.1.1", elsewhere);
	add_seen(&q, "203.0.113.66", as_sent(1001, 1, 11));
	for (unsigned i = 0; i < 2 * QUOTES_SEEN; i++)
		quotes_add_seen(&q, &elsewhere);
	for (unsigned i = 0; i < 2 * QUOTES_SENT; i++)
		quotes_add_sent(&q, &elsewhere);
	quotes_apply(&q, r);
	for (unsigned i = 0; i < r->path.count; i++)
		assert_false(r->path.hops[i].quoted);
	free(r);
}

/* Runs a program of Debian's python3 over what was written. */
static void assert_accepted(const char *command, const char *text)
{
	char path[] = "/tmp/natkit-map-XXXXXX", line[256];
	const int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");
	int status;

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	snprintf(line, sizeof(line), command, path);
	status = system(line);
	unlink(path);
	assert_int_equal(status, 0);
}

/* As many of everything as there can be, and all names once. */
static struct natmap_result *full(void)
{
	struct natmap_result *r = carrier();

	r->complete = false;
	r->cut_why = NK_ERR_LINK_LOST;
	r->gateway_count = NATMAP_GATEWAYS_MAX;
	for (unsigned w = 0; w < PORTMAP_WHYS; w++)
		r->gateways[w % NATMAP_GATEWAYS_MAX].offer[w / NATMAP_GATEWAYS_MAX] =
			(struct portmap_offer){.answers = w > 1,
					       .why = (enum portmap_why)w,
					       .source = at("192.0.2.66"),
					       .code = 725,
					       .device = "A <device> & \"more\""};
	r->path.reached = true;
	r->path.count = NATMAP_HOPS_MAX;
	r->path.enumeration_why = "the server is silent";
	r->evidence_count = 0;
	for (unsigned s = 0; s < SIGNS; s++)
		add_evidence(r, (enum natmap_sign)s, s, "A <sign> & a half");
	r->public_count = PROBE_PUBLIC_MAX;
	for (unsigned i = 0; i < r->public_count; i++)
		r->public_addrs[i] = at("2001:db8:1111:2222:3333:4444:5555:6666");
	r->nat64 = at("64:ff9b::");
	r->nat64.port = 96;
	return r;
}

static void fits_the_schema(void **state)
{
	struct natmap_result *list[] = {carrier(), full(), calloc(1, sizeof(struct natmap_result))};
	(void)state;

	if (access(SCHEMA, R_OK) != 0 || system(VALIDATOR " --help >/dev/null 2>&1") != 0)
		skip();
	list[2]->cut_why = NK_ERR_STOPPED;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned v = 0; v < NATMAP_VERDICTS; v++) {
			char *text;

			list[i]->verdict = (enum natmap_verdict)v;
			if (i > 0 && v > 0)
				break;
			text = json_of(list[i]);
			assert_accepted(VALIDATOR " -i %s " SCHEMA, text);
			free(text);
		}
		free(list[i]);
	}
}

static void draws_pictures(void **state)
{
	struct natmap_result *list[] = {carrier(), full(), calloc(1, sizeof(struct natmap_result))};
	(void)state;

	for (unsigned i = 0; i < 3; i++) {
		char *text = svg_of(list[i]);

		assert_says(text, "<title>Map of NATs: ");
		assert_says(text, "<desc>");
		assert_says(text, "prefers-color-scheme:dark");
		assert_accepted("/usr/bin/python3 -c 'import sys, xml.dom.minidom as m; "
				"m.parse(sys.argv[1])' %s",
				text);
		free(text);
		free(list[i]);
	}
}

static void full_and_empty_ones_are_drawn(void **state)
{
	struct natmap_result *r = full();
	char *text = written(r, &plain, map_report_text);
	(void)state;

	assert_says(text, "  o 40  no answer");
	assert_narrow(text, 80);
	free(text);
	memset(r, 0, sizeof(*r));
	text = written(r, &plain, map_report_text);
	assert_says(text, "  *     no address                this machine\n  :\n"
			  "  *     server                    broker.example.net: none to ask\n");
	assert_says(text, "Verdict    Not known\n");
	free(text);
	free(r);
}

/* Up to where it ends, and who said that it does. */
static void a_way_that_ends_is_drawn(void **state)
{
	struct natmap_result *r = calloc(1, sizeof(*r));
	char *text;
	(void)state;

	assert_non_null(r);
	r->server = at("192.0.2.77");
	r->path.count = 2;
	r->path.hops[0] = (struct hop){.address = at("192.168.1.1"), .by_route = true};
	r->path.hops[1] = (struct hop){.address = at("198.51.100.1"), .rtt_ms = 2};
	r->path.refused_by = at("198.51.100.1");
	r->path.refused_why = "host unreachable";
	text = written(r, &plain, map_report_text);
	assert_says(text, "gateway, which sent no ICMP error");
	assert_says(text, "  o  2  198.51.100.1        2 ms\n  :\n"
			  "  *     192.0.2.77                broker.example.net: no answer (host\n"
			  "                                  unreachable, says 198.51.100.1)");
	free(text);
	text = svg_of(r);
	assert_says(text, "no answer (host unreachable, says 198.51.100.1)");
	assert_says(text, "class=\"spine dash\"");
	free(text);
	r->path.reached = true;
	text = svg_of(r);
	assert_silent(text, "class=\"spine dash\"");
	free(text);
	r->path.reached = false;
	text = json_of(r);
	assert_says(text, "\"refused\": {");
	assert_says(text, "\"boxes\": null");
	assert_says(text, "\"by_route\": true");
	free(text);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_the_path),
		cmocka_unit_test(long_addresses_leave_room),
		cmocka_unit_test(narrow_terminals_leave_room),
		cmocka_unit_test(what_is_not_outside_has_another_ground),
		cmocka_unit_test(round_trips_are_short),
		cmocka_unit_test(tells_of_no_gateway),
		cmocka_unit_test(the_other_family_is_told_apart),
		cmocka_unit_test(early_and_late_are_two_parts),
		cmocka_unit_test(what_was_not_looked_at_is_not_mentioned),
		cmocka_unit_test(tells_what_boxes_are),
		cmocka_unit_test(a_change_is_told_once),
		cmocka_unit_test(numbers_stay_with_their_units),
		cmocka_unit_test(times_are_round_where_they_were_asked_for),
		cmocka_unit_test(tells_what_gateways_say),
		cmocka_unit_test(says_what_it_means),
		cmocka_unit_test(says_what_was_lacking),
		cmocka_unit_test(what_is_against_is_told_so),
		cmocka_unit_test(quotes_are_compared_with_what_was_sent),
		cmocka_unit_test(quotes_of_other_packets_do_not_count),
		cmocka_unit_test(fits_the_schema),
		cmocka_unit_test(draws_pictures),
		cmocka_unit_test(full_and_empty_ones_are_drawn),
		cmocka_unit_test(a_way_that_ends_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
