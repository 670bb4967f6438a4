/* The printers of natprobe's report, from results made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../cmd/natprobe/advice.h"
#include "../../cmd/natprobe/report.h"
#include "base/err.h"
#include "face/plot_svg.h"
#include "face/plot_text.h"
#include "face/style.h"

#define SCHEMA    "share/natprobe-1.schema.json"
#define VALIDATOR "/usr/bin/python3 -W ignore -m jsonschema"

static const struct style plain = {.width = 80};
static const struct probe_options asked = {
	.max = 360 * NK_S, .resolution = 0.01, .mappings = 256, .pace = 20 * NK_MS};
static const struct fact yes = {.answer = TRI_YES, .p = 0.99, .trials = 6};
static const struct fact no = {.answer = TRI_NO, .p = 0.98, .trials = 5};

static struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static void set_timeout(struct probe_result *r, enum traffic_state s, double value)
{
	struct survival_curve *c = &r->curves[s];

	r->timeouts[s] = (struct measured){.known = true,
					   .value = value,
					   .lo = value * 0.995,
					   .hi = value * 1.005,
					   .p = 0.96,
					   .trials = 20};
	c->count = 5;
	for (unsigned i = 0; i < c->count; i++) {
		c->t[i] = value * (0.99 + 0.005 * i);
		c->p[i] = 1 - 0.25 * i;
	}
}

/* A port-restricted cone of the kind that Linux makes. */
static struct probe_result *linux_nat(void)
{
	struct probe_result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*r = (struct probe_result){
		.family = ADDR_V4,
		.complete = true,
		.server = at("203.0.113.10:3478"),
		.other_address = at("203.0.113.11:3479"),
		.software = "natbroker",
		.probe_service = true,
		.local = at("192.168.1.7"),
		.public_addrs = {at("198.51.100.9")},
		.public_count = 1,
		.nat = yes,
		.firewall = yes,
		.mapping = {.cls = CLASS_ENDPOINT_INDEPENDENT, .p = 0.99, .votes = {0, 5}},
		.filtering = {.cls = CLASS_ADDRESS_AND_PORT_DEPENDENT,
			      .p = 0.99,
			      .votes = {1, 0, 0, 4}},
		.ports = {.pattern = PORTS_PRESERVED,
			  .p = 0.99,
			  .trials = 12,
			  .kept = 12,
			  .parity = 12,
			  .lo = 32768,
			  .hi = 60999},
		.pooling = POOL_PAIRED,
		.hairpin = {.why_kind = WHY_NOT_ASKED, .why = "not asked"},
		.fragments_out = yes,
		.fragments_in = yes,
		.alg = no,
		.refresh_out = yes,
		.refresh_in = yes,
		.quota = {.held = 212, .p = 0.99},
		.icmp_query = {.why_kind = WHY_NOT_ASKED, .why = "not permitted"},
		.rtt_ms = 12.3456789,
		.loss = 0.01,
		.loss_trials = 100,
		.evidence_count = 1,
		.evidence = {{.kind = EVIDENCE_LIFETIME,
			      .state = STATE_STREAM,
			      .verdict = VERDICT_VOID,
			      .at_s = 1.5,
			      .gap_s = 29.5,
			      .local_port = 40001,
			      .server = at("203.0.113.10:3478"),
			      .mapped = at("198.51.100.9:40001"),
			      .controls = 5,
			      .why = "no control answer came"}},
	};
	set_timeout(r, STATE_SOLITARY, 30);
	set_timeout(r, STATE_REPLIED, 30.1);
	set_timeout(r, STATE_STREAM, 120.0000004);
	return r;
}

/* A gateway that opens ports by two protocols, or one that says nothing, as @why has it. */
static struct portmap_gateway gateway_of(bool opens, enum portmap_why why)
{
	struct portmap_gateway g = {.gateway = at("192.168.1.1"), .local = at("192.168.1.7")};

	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		g.offer[p] = (struct portmap_offer){.why = why};
	if (!opens)
		return g;
	g.offer[PORTMAP_PCP] = (struct portmap_offer){
		.answers = true, .usable = true, .version = 2, .rtt = 3 * NK_MS};
	g.offer[PORTMAP_NAT_PMP] = (struct portmap_offer){
		.answers = true, .usable = true, .external = at("198.51.100.9"), .rtt = 2 * NK_MS};
	return g;
}

static struct report report_of(const struct probe_result *main, const struct probe_result *other)
{
	return (struct report){.started_unix = INT64_C(1769860800000000),
			       .elapsed_s = 130.5,
			       .server_name = "stun.example.net",
			       .interface = "eth0",
			       .options = &asked,
			       .main = main,
			       .other = other};
}

static json_t *printed(const struct report *r, bool pretty)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *v;

	assert_int_equal(report_json(out, r, pretty), 0);
	fclose(out);
	assert_int_equal(text[len - 1], '\n');
	if (!pretty)
		assert_ptr_equal(strchr(text, '\n'), text + len - 1);
	v = json_loads(text, 0, NULL);
	assert_non_null(v);
	free(text);
	return v;
}

/* The value at a path such as "udp.timeouts.stream.value"; numbers index arrays. */
static json_t *get(json_t *v, const char *path)
{
	char words[128], *save = NULL;

	snprintf(words, sizeof(words), "%s", path);
	for (char *w = strtok_r(words, ".", &save); w != NULL; w = strtok_r(NULL, ".", &save)) {
		v = json_is_array(v) ? json_array_get(v, (size_t)atoi(w)) : json_object_get(v, w);
		assert_non_null(v);
	}
	return v;
}

static void fixed_paths(void **state)
{
	struct probe_result *r = linux_nat();
	struct report rep = report_of(r, NULL);
	json_t *v;
	(void)state;

	rep.gateways[0] = gateway_of(true, PORTMAP_SILENT);
	rep.gateway_count = 1;
	v = printed(&rep, false);
	assert_string_equal(json_string_value(get(v, "schema")), "natkit.natprobe/1");
	assert_string_equal(json_string_value(get(v, "started")), "2026-01-31T12:00:00Z");
	assert_string_equal(json_string_value(get(v, "public.0")), "198.51.100.9");
	assert_string_equal(json_string_value(get(v, "local")), "192.168.1.7");
	assert_string_equal(json_string_value(get(v, "interface")), "eth0");
	assert_true(json_is_true(get(v, "nat")));
	assert_true(json_is_true(get(v, "complete")));
	assert_string_equal(json_string_value(get(v, "udp.mapping.class")), "endpoint-independent");
	assert_string_equal(json_string_value(get(v, "udp.filtering.class")),
			    "address-and-port-dependent");
	assert_string_equal(json_string_value(get(v, "udp.ports.pattern")), "preserved");
	assert_true(json_real_value(get(v, "udp.timeouts.stream.value")) == 120.0);
	assert_true(json_real_value(get(v, "udp.timeouts.solitary.ci95.0")) == 29.85);
	assert_int_equal(json_integer_value(get(v, "udp.timeouts.replied.trials")), 20);
	assert_null(json_object_get(get(v, "udp.timeouts.replied"), "at_least"));
	assert_null(json_object_get(get(v, "udp.timeouts.replied"), "why"));
	assert_true(json_is_true(get(v, "udp.refresh.inbound.value")));
	assert_true(json_is_true(get(v, "gateways.0.protocols.pcp.usable")));
	assert_string_equal(json_string_value(get(v, "gateways.0.protocols.upnp.why")), "silent");
	assert_true(json_is_false(get(v, "udp.alg.value")));
	assert_true(json_is_null(get(v, "udp.hairpin.value")));
	assert_string_equal(json_string_value(get(v, "udp.hairpin.why")), "not asked");
	assert_true(json_real_value(get(v, "udp.path.rtt_ms")) == 12.3457);
	assert_true(json_real_value(get(v, "udp.keepalive.value")) == 23.9);
	assert_int_equal(json_integer_value(get(v, "evidence.0.controls.1")), 2);
	assert_string_equal(json_string_value(get(v, "evidence.0.verdict")), "void");
	assert_null(json_object_get(v, "udp6"));
	json_decref(v);
	free(r);
}

static void cut_off_is_at_least(void **state)
{
	struct probe_result *r = linux_nat();
	struct report rep = report_of(r, NULL);
	json_t *v;
	(void)state;

	r->timeouts[STATE_STREAM] = (struct measured){.at_least = 360, .p = 0.97, .trials = 9};
	r->timeouts[STATE_REPLIED] =
		(struct measured){.why_kind = WHY_SERVER, .why = "no RESPONSE-PORT"};
	v = printed(&rep, true);
	assert_true(json_is_null(get(v, "udp.timeouts.stream.value")));
	assert_true(json_is_null(get(v, "udp.timeouts.stream.ci95")));
	assert_true(json_real_value(get(v, "udp.timeouts.stream.at_least")) == 360);
	assert_true(json_is_null(get(v, "udp.timeouts.replied.value")));
	assert_true(json_is_null(get(v, "udp.timeouts.replied.p")));
	assert_string_equal(json_string_value(get(v, "udp.timeouts.replied.why")),
			    "no RESPONSE-PORT");
	assert_true(json_real_value(get(v, "udp.keepalive.value")) == 288);
	json_decref(v);
	free(r);
}

/* Runs the validator of Debian's python3-jsonschema over one printed report. */
static void assert_valid(const struct report *rep)
{
	char path[] = "/tmp/natkit-report-XXXXXX", command[256];
	const int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");
	int status;

	assert_non_null(out);
	assert_int_equal(report_json(out, rep, true), 0);
	fclose(out);
	snprintf(command, sizeof(command), VALIDATOR " -i %s " SCHEMA, path);
	status = system(command);
	unlink(path);
	assert_int_equal(status, 0);
}

static void reports_fit_the_schema(void **state)
{
	const bool able =
		access(SCHEMA, R_OK) == 0 && system(VALIDATOR " --help >/dev/null 2>&1") == 0;
	struct probe_result *r, *six, *empty;
	struct report whole, cut;
	(void)state;

	if (!able)
		skip();
	r = linux_nat();
	six = linux_nat();
	empty = calloc(1, sizeof(*empty));
	assert_non_null(empty);
	whole = report_of(r, six);
	cut = report_of(empty, NULL);
	six->family = ADDR_V6;
	six->nat = no;
	six->local = six->public_addrs[0] = at("2001:db8::7");
	six->quota = (struct quota_finding){.policy = QUOTA_EVICTS, .value = 64, .p = 0.9};
	six->ports = (struct ports_finding){.pattern = PORTS_SEQUENTIAL, .step = -2, .trials = 3};
	six->hairpin = yes;
	six->hairpin_internal_source = true;
	six->timeouts[STATE_STREAM] = (struct measured){.at_least = 360, .p = 0.97, .trials = 9};
	six->fault_count = FAULT_COUNT;
	for (int k = 0; k < FAULT_COUNT; k++)
		six->faults[k] = (struct server_fault){(enum fault_kind)k, six->server, 2};
	six->evidence_count = EVIDENCE_KIND_COUNT;
	for (int k = 0; k < EVIDENCE_KIND_COUNT; k++)
		six->evidence[k] = (struct evidence){.kind = (enum evidence_kind)k, .copies = 255};
	whole.gateway_count = 2;
	whole.gateways[0] = gateway_of(true, PORTMAP_SILENT);
	whole.gateways[1] = gateway_of(false, PORTMAP_SILENT);
	for (int why = PORTMAP_OK; why < PORTMAP_WHYS; why += 2 * PORTMAP_PROTOCOLS) {
		for (int k = 0; k < 2 * PORTMAP_PROTOCOLS && why + k < PORTMAP_WHYS; k++)
			whole.gateways[k % 2].offer[k / 2].why = (enum portmap_why)(why + k);
		assert_valid(&whole);
	}

	empty->family = ADDR_V4;
	empty->cut_why = NK_ERR_STOPPED;
	cut.interface = "";
	assert_valid(&cut);
	free(r);
	free(six);
	free(empty);
}

static void hostile_text_stays_json(void **state)
{
	struct probe_result *r = linux_nat();
	struct report rep = report_of(r, NULL);
	json_t *v;
	(void)state;

	rep.server_name = "\"\\\xff\n</script>";
	snprintf(r->software, sizeof(r->software), "\x80\x01%%n");
	r->rtt_ms = 0.0 / 0.0;
	r->timeouts[STATE_STREAM].hi = 1.0 / 0.0;
	v = printed(&rep, false);
	assert_string_equal(json_string_value(get(v, "server.name")), "\"\\?\n</script>");
	assert_true(json_is_null(get(v, "udp.timeouts.stream.ci95.1")));
	json_decref(v);
	free(r);
}

static void says_when_cut_short(void **state)
{
	struct probe_result *r = linux_nat();
	struct report rep = report_of(r, NULL);
	json_t *v;
	(void)state;

	assert_true(report_complete(&rep));
	assert_null(report_cut_why(&rep));
	r->complete = false;
	r->cut_why = NK_ERR_LINK_LOST;
	v = printed(&rep, false);
	assert_true(json_is_false(get(v, "complete")));
	assert_string_equal(json_string_value(get(v, "why")), err_text(NK_ERR_LINK_LOST));
	json_decref(v);
	free(r);
}

static char *text_of(const struct report *rep, const struct style *style)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	report_text(out, style, rep);
	fclose(out);
	return text;
}

static void says_which_family_was_cut_short(void **state)
{
	struct probe_result *v4 = linux_nat(), *v6 = linux_nat();
	struct report rep = report_of(v4, v6);
	char *text;
	(void)state;

	v6->family = ADDR_V6;
	v6->complete = false;
	v6->cut_why = NK_ERR_FORGOTTEN;
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "cut short for IPv6: the server forgot this run"));
	free(text);
	v4->complete = false;
	v4->cut_why = NK_ERR_STOPPED;
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "cut short: stopped"));
	free(text);
	free(v4);
	free(v6);
}

static void what_counts_as_known(void **state)
{
	struct probe_result *r = linux_nat();
	struct probe_options quick = asked;
	struct report rep = report_of(r, NULL);
	(void)state;

	quick.quick = true;
	assert_true(report_all_known(&rep));
	r->timeouts[STATE_STREAM] = (struct measured){.why_kind = WHY_PATH};
	assert_false(report_all_known(&rep));
	rep.options = &quick;
	assert_true(report_all_known(&rep));
	rep.options = &asked;
	r->timeouts[STATE_STREAM].why_kind = WHY_SERVER;
	assert_true(report_all_known(&rep));
	r->timeouts[STATE_STREAM] = (struct measured){.at_least = 360};
	assert_true(report_all_known(&rep));
	r->filtering = (struct class_finding){.why_kind = WHY_SERVER};
	assert_true(report_all_known(&rep));
	r->mapping = (struct class_finding){.why_kind = WHY_PATH};
	assert_false(report_all_known(&rep));
	free(r);
}

static enum requirement_verdict verdict_of(const struct probe_result *r, const char *name)
{
	struct requirement list[ADVICE_REQUIREMENTS_MAX];
	const unsigned count = advice_requirements(r, list);

	for (unsigned i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return list[i].verdict;
	}
	fail_msg("%s is not judged", name);
	return REQ_UNKNOWN;
}

static void requirements_are_judged(void **state)
{
	struct requirement list[ADVICE_REQUIREMENTS_MAX];
	struct probe_result *r = linux_nat();
	(void)state;

	assert_int_equal(verdict_of(r, "REQ-1"), REQ_MET);
	assert_int_equal(verdict_of(r, "REQ-5"), REQ_NOT_MET);
	assert_int_equal(verdict_of(r, "REQ-8"), REQ_NOT_MET);
	assert_int_equal(verdict_of(r, "REQ-10"), REQ_MET);
	set_timeout(r, STATE_SOLITARY, 120);
	set_timeout(r, STATE_REPLIED, 300);
	assert_int_equal(verdict_of(r, "REQ-5"), REQ_MET);
	r->timeouts[STATE_STREAM] = (struct measured){.at_least = 60};
	assert_int_equal(verdict_of(r, "REQ-5"), REQ_UNKNOWN);
	set_timeout(r, STATE_SOLITARY, 100);
	assert_int_equal(verdict_of(r, "REQ-5"), REQ_NOT_MET);
	r->filtering.cls = CLASS_ADDRESS_DEPENDENT;
	assert_int_equal(verdict_of(r, "REQ-8"), REQ_MET);
	r->hairpin = yes;
	assert_int_equal(verdict_of(r, "REQ-9"), REQ_MET);
	r->hairpin_internal_source = true;
	assert_int_equal(verdict_of(r, "REQ-9"), REQ_NOT_MET);
	assert_int_equal(verdict_of(r, "REQ-14"), REQ_MET);
	r->fragments_in = no;
	assert_int_equal(verdict_of(r, "REQ-14"), REQ_NOT_MET);
	r->nat = no;
	assert_int_equal(advice_requirements(r, list), 0);
	free(r);
}

static void keepalive_follows_the_shortest_state(void **state)
{
	struct probe_result *r = linux_nat();
	struct keepalive k;
	(void)state;

	assert_true(advice_keepalive(r, &k));
	assert_int_equal(k.state, STATE_REPLIED);
	r->timeouts[STATE_REPLIED] = (struct measured){.at_least = 360};
	assert_true(advice_keepalive(r, &k));
	assert_int_equal(k.state, STATE_STREAM);
	assert_true(k.interval_s <= 0.8 * r->timeouts[STATE_STREAM].lo);
	r->timeouts[STATE_REPLIED].at_least = 0;
	r->timeouts[STATE_STREAM].known = false;
	assert_true(advice_keepalive(r, &k));
	assert_int_equal(k.state, STATE_SOLITARY);
	r->timeouts[STATE_SOLITARY].known = false;
	assert_false(advice_keepalive(r, &k));
	free(r);
}

static void text_fits_the_terminal(void **state)
{
	struct probe_result *r = linux_nat();
	struct report rep = report_of(r, r);
	char *text = text_of(&rep, &plain);
	size_t column = 0;
	(void)state;

	for (const char *c = text; *c != '\0'; c++) {
		assert_in_range((unsigned char)*c, '\n', '~');
		column = *c == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
	}
	assert_non_null(strstr(text, "192.168.1.7 on eth0 appears as 198.51.100.9"));
	assert_non_null(strstr(text, "Keepalive  every 23.9 s is safe"));
	assert_non_null(strstr(text, "REQ-5   not met"));
	assert_null(strstr(text, "cut short"));
	free(text);
	free(r);
}

static void text_names_what_gateways_offer(void **state)
{
	static const struct {
		enum portmap_why why;
		const char *text;
	} cases[] = {
		{PORTMAP_SILENT, "192.168.1.1 opens no ports: no answer by PCP, NAT-PMP or UPnP"},
		{PORTMAP_UNHEARD, "192.168.1.1: the gateway had not answered"},
	};
	struct probe_result *r = linux_nat();
	struct report rep = report_of(r, NULL);
	char *text = text_of(&rep, &plain);
	(void)state;

	assert_null(strstr(text, "Gateway"));
	free(text);
	rep.gateway_count = 1;
	rep.gateways[0] = gateway_of(true, PORTMAP_SILENT);
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "Gateway    192.168.1.1 opens ports by PCP and NAT-PMP: see"));
	free(text);
	rep.gateways[0] = gateway_of(true, PORTMAP_UNHEARD);
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "opens ports by PCP and NAT-PMP (UPnP"));
	free(text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rep.gateways[0] = gateway_of(false, cases[i].why);
		text = text_of(&rep, &plain);
		assert_non_null(strstr(text, cases[i].text));
		free(text);
	}
	rep.gateways[0].offer[PORTMAP_UPNP] =
		(struct portmap_offer){.answers = true, .why = PORTMAP_NOT_AUTHORIZED, .code = 606};
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "192.168.1.1 opens no ports: the gateway has it switched"));
	free(text);
	free(r);
}

static void text_of_nothing_says_unknown(void **state)
{
	struct probe_result *r = calloc(1, sizeof(*r));
	struct report rep = report_of(r, NULL);
	char *text;
	(void)state;

	r->cut_why = NK_ERR_STOPPED;
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "cut short"));
	assert_non_null(strstr(text, "NAT        unknown"));
	assert_null(strstr(text, "Keepalive"));
	assert_null(strstr(text, "\n\n\n"));
	assert_non_null(strstr(text, "0 mappings, round trip unknown"));
	free(text);
	r->mappings_peak = 1;
	r->packets_out = 1;
	text = text_of(&rep, &plain);
	assert_non_null(strstr(text, "1 packet, "));
	assert_non_null(strstr(text, "1 mapping,"));
	free(text);
	free(r);
}

static void svg_escapes_and_ends(void **state)
{
	struct probe_result *r = linux_nat();
	struct plot_series series[STATE_COUNT];
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	(void)state;

	report_series(r, series);
	assert_int_equal(plot_svg(out, "a <b> & c", "\"\x01\xff", series, STATE_COUNT), 0);
	fclose(out);
	assert_non_null(strstr(text, "a &lt;b&gt; &amp; c"));
	assert_null(strstr(text, "<b>"));
	assert_null(strchr(text, '\x01'));
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	assert_string_equal(text + len - 7, "</svg>\n");
	free(text);

	out = open_memstream(&text, &len);
	assert_int_equal(plot_svg(out, "none", "", NULL, 0), 0);
	fclose(out);
	assert_non_null(strstr(text, "No timeout was measured"));
	free(text);
	free(r);
}

static void axes_hold_every_curve(void **state)
{
	static const double t[] = {1, 2}, p[] = {1, 0};
	struct plot_series s = {.name = "x", .t = t, .p = p, .count = 2};
	struct plot_axis axis;
	(void)state;

	assert_false(plot_axis(&axis, &s, 1));
	s.at_least = 7200;
	assert_true(plot_axis(&axis, &s, 1));
	assert_true(axis.to > 7200);
	s = (struct plot_series){
		.t = t, .p = p, .count = 2, .known = true, .median = 1.4, .lo = 1.3, .hi = 1.5};
	assert_true(plot_axis(&axis, &s, 1));
	assert_true(axis.from < 1.3 && axis.to > 1.5);
	assert_true(plot_x(&axis, axis.from) == 0);
	assert_true(plot_x(&axis, axis.to * 2) == 1);
	assert_true(plot_p(&s, 0.5) == 1);
	assert_true(plot_p(&s, 3) == 0);
	assert_float_equal(plot_p(&s, 1.4142135), 0.5, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_paths),
		cmocka_unit_test(cut_off_is_at_least),
		cmocka_unit_test(reports_fit_the_schema),
		cmocka_unit_test(hostile_text_stays_json),
		cmocka_unit_test(says_when_cut_short),
		cmocka_unit_test(says_which_family_was_cut_short),
		cmocka_unit_test(what_counts_as_known),
		cmocka_unit_test(requirements_are_judged),
		cmocka_unit_test(keepalive_follows_the_shortest_state),
		cmocka_unit_test(text_fits_the_terminal),
		cmocka_unit_test(text_names_what_gateways_offer),
		cmocka_unit_test(text_of_nothing_says_unknown),
		cmocka_unit_test(svg_escapes_and_ends),
		cmocka_unit_test(axes_hold_every_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
