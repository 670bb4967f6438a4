/* What one look at a gateway tells, and how long it takes. The gateway is told what to say word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/portmap/scout.h"
#include "core/portmap/upnp_line.h"
#include "hex.h"

#define FIRST   10
#define CONTROL FIRST
#define SEARCH  (FIRST + 1)
#define STREAM  5
#define ZERO_12 "000000000000000000000000"
#define IGD     "urn:schemas-upnp-org:device:InternetGatewayDevice:2"
#define URL     "http://192.0.2.1:5000/igd.xml"

struct look {
	struct scout *scout;
	struct scout_config config;
	struct upnp_line line;
	struct rng rng;
	nk_time now;
	unsigned sent[2], group, direct, asked, shut;
	uint32_t request;
};

static void do_action(struct look *l, const struct action *a)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};
	struct upnp_request q;

	if (a->kind == ACTION_OPEN && a->id == STREAM)
		upnp_line_input(&l->line, &ev);
	else if (a->kind == ACTION_OPEN)
		assert_true(scout_input(l->scout, &ev, l->now));
	else if (a->kind == ACTION_CLOSE)
		l->shut++;
	else if (a->kind == ACTION_SEND && a->id == STREAM) {
		assert_int_equal(upnp_request_read(&q, a->data, a->len), 0);
		l->request = q.id;
		l->asked++;
	} else if (a->kind == ACTION_SEND) {
		l->sent[a->id - FIRST]++;
		l->group += a->to.port == 1900 && !addr_is_one_host(&a->to);
		l->direct += a->to.port == 1900 && addr_same_ip(&a->to, &l->config.gateway);
	}
}

static void turn(struct look *l)
{
	struct action a;

	while (scout_output(l->scout, &a, l->now) || upnp_line_output(&l->line, &a))
		do_action(l, &a);
}

static void run_until(struct look *l, nk_time end)
{
	turn(l);
	while (scout_deadline(l->scout) <= end) {
		assert_true(scout_deadline(l->scout) > l->now);
		l->now = scout_deadline(l->scout);
		turn(l);
	}
	l->now = end;
}

static void start(struct look *l)
{
	memset(l, 0, sizeof(*l));
	rng_seed_from_number(&l->rng, 3);
	upnp_line_init(&l->line, STREAM);
	l->config = (struct scout_config){
		.gateway = addr_v4(192, 0, 2, 1, 0),
		.local = addr_v4(192, 0, 2, 10, 0),
		.first_socket = FIRST,
		.upnp = &l->line,
		.protocols = PORTMAP_ALL,
		.limit = NK_S,
	};
	l->scout = scout_new(&l->config, &l->rng, 0);
	assert_non_null(l->scout);
	turn(l);
}

static void end(struct look *l)
{
	assert_int_equal(scout_status(l->scout), CORE_DONE);
	assert_int_equal(l->shut, 2);
	scout_free(l->scout);
}

static void tell(struct look *l, uint32_t id, uint16_t port, const void *data, size_t len)
{
	const struct event ev = {.kind = EVENT_DATAGRAM,
				 .id = id,
				 .from = addr_v4(192, 0, 2, 1, port),
				 .data = data,
				 .len = len};

	assert_true(scout_input(l->scout, &ev, l->now));
}

static void tell_hex(struct look *l, const char *hex)
{
	uint8_t bytes[64];

	tell(l, CONTROL, 5351, bytes, hex_bytes(bytes, sizeof(bytes), hex));
	turn(l);
}

static void tell_search(struct look *l, const char *location)
{
	char text[512];
	const int len =
		snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nST: " IGD "\r\nLOCATION: %s\r\n\r\n", location);

	tell(l, SEARCH, 1900, text, (size_t)len);
}

static void tell_description(struct look *l, struct upnp_reply reply)
{
	uint8_t bytes[UPNP_MSG_MAX];
	struct event ev = {.kind = EVENT_STREAM_DATA, .id = STREAM, .data = bytes};

	reply.id = l->request;
	reply.op = UPNP_DESCRIBE;
	ev.len = upnp_reply_write(bytes, &reply);
	assert_true(upnp_line_input(&l->line, &ev));
	turn(l);
}

static const struct portmap_offer *offer(const struct look *l, enum portmap_protocol p)
{
	return &scout_result(l->scout)->offer[p];
}

static void test_all(void **state)
{
	const struct upnp_reply description = {.connected = true,
					       .igd = 2,
					       .external = addr_v4(198, 51, 100, 7, 0),
					       .device = "Box, Model 1"};
	struct look l;

	(void)state;
	start(&l);
	assert_true(l.sent[0] == 2 && l.sent[1] == 4 && l.group == 2 && l.direct == 2);
	l.now = 5 * NK_MS;
	tell_hex(&l, "0280000000000000000004d2" ZERO_12);
	assert_true(scout_knows(l.scout, PORTMAP_PCP) && !scout_knows(l.scout, PORTMAP_NAT_PMP));
	l.now = 6 * NK_MS;
	tell_hex(&l, "00800000000004d2c6336407");
	tell_search(&l, URL);
	tell_search(&l, "http://192.0.2.1:6000/other.xml"); /* the first one counts */
	turn(&l);
	assert_int_equal(l.asked, 1);
	l.now = 9 * NK_MS;
	tell_description(&l, description);
	assert_string_equal(scout_location(l.scout), URL);

	assert_true(offer(&l, PORTMAP_PCP)->usable && offer(&l, PORTMAP_PCP)->version == 2);
	assert_int_equal(offer(&l, PORTMAP_PCP)->epoch_s, 1234);
	assert_true(offer(&l, PORTMAP_PCP)->rtt == 5 * NK_MS);
	assert_true(offer(&l, PORTMAP_NAT_PMP)->usable);
	assert_true(addr_eq(&offer(&l, PORTMAP_NAT_PMP)->external, &description.external));
	assert_true(offer(&l, PORTMAP_UPNP)->usable && offer(&l, PORTMAP_UPNP)->version == 2);
	assert_true(addr_eq(&offer(&l, PORTMAP_UPNP)->external, &description.external));
	assert_string_equal(offer(&l, PORTMAP_UPNP)->device, "Box, Model 1");
	assert_true(offer(&l, PORTMAP_UPNP)->rtt == 9 * NK_MS);
	end(&l);
}

/* At 0, 250 and 750 ms; and then it is over, to the microsecond. */
static void test_silence(void **state)
{
	struct look l;

	(void)state;
	start(&l);
	run_until(&l, NK_S - 1);
	assert_true(l.sent[0] == 6 && l.sent[1] == 12);
	assert_int_equal(scout_status(l.scout), CORE_BUSY);
	run_until(&l, NK_S);
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		assert_false(offer(&l, p)->answers);
		assert_int_equal(offer(&l, p)->why, PORTMAP_SILENT);
	}
	end(&l);
}

/* A gateway that knows one of PCP and NAT-PMP says so of the other. */
static void test_versions(void **state)
{
	/* As gateways do it, and as RFC 6886 section 3.5 has it. */
	static const char *const no_pcp[] = {"00800001000004d2", "00000001000004d2"};
	struct look l;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		start(&l);
		tell_hex(&l, no_pcp[i]);
		assert_true(scout_knows(l.scout, PORTMAP_PCP));
		assert_false(offer(&l, PORTMAP_PCP)->answers);
		assert_int_equal(offer(&l, PORTMAP_PCP)->why, PORTMAP_UNSUPPORTED);
		assert_false(scout_knows(l.scout, PORTMAP_NAT_PMP));
		assert_false(offer(&l, PORTMAP_NAT_PMP)->answers);
		scout_stop(l.scout);
		turn(&l);
		end(&l);
	}

	start(&l);
	tell_hex(&l, "0280000100000000000004d2" ZERO_12);
	assert_true(scout_knows(l.scout, PORTMAP_NAT_PMP));
	assert_int_equal(offer(&l, PORTMAP_NAT_PMP)->why, PORTMAP_UNSUPPORTED);
	assert_false(scout_knows(l.scout, PORTMAP_PCP));
	scout_stop(l.scout);
	turn(&l);
	end(&l);
}

static void test_errors(void **state)
{
	static const struct {
		const char *hex;
		enum portmap_protocol p;
		enum portmap_why why;
	} cases[] = {
		{"0280000400000000000004d2" ZERO_12, PORTMAP_PCP, PORTMAP_OK}, /* no ANNOUNCE */
		{"0280000200000000000004d2" ZERO_12, PORTMAP_PCP, PORTMAP_NOT_AUTHORIZED},
		{"0280000c00000000000004d2" ZERO_12, PORTMAP_PCP, PORTMAP_ADDRESS_MISMATCH},
		{"028000ff00000000000004d2" ZERO_12, PORTMAP_PCP, PORTMAP_REFUSED},
		{"00800002000004d2", PORTMAP_NAT_PMP, PORTMAP_NOT_AUTHORIZED},
		{"00800003000004d2", PORTMAP_NAT_PMP, PORTMAP_NETWORK_FAILURE},
		{"00800000000004d200000000", PORTMAP_NAT_PMP, PORTMAP_NETWORK_FAILURE},
		{"00800000000004d2e0000001", PORTMAP_NAT_PMP, PORTMAP_NETWORK_FAILURE},
		{"00800000000004d264400001", PORTMAP_NAT_PMP, PORTMAP_PRIVATE}, /* 100.64.0.1 */
		{"00800000000004d20a000001", PORTMAP_NAT_PMP, PORTMAP_PRIVATE},
	};
	struct look l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const bool usable = cases[i].why == PORTMAP_OK || cases[i].why == PORTMAP_PRIVATE;

		start(&l);
		tell_hex(&l, cases[i].hex);
		assert_true(scout_knows(l.scout, cases[i].p));
		assert_true(offer(&l, cases[i].p)->answers);
		assert_int_equal(offer(&l, cases[i].p)->why, cases[i].why);
		assert_int_equal(offer(&l, cases[i].p)->usable, usable);
		scout_stop(l.scout);
		turn(&l);
		end(&l);
	}
}

/* Noise is no answer, but is told of at the end; and a good answer after it counts. */
static void test_broken(void **state)
{
	struct look l;

	(void)state;
	start(&l);
	tell_hex(&l, "028000");
	tell_hex(&l, "00800000");
	tell(&l, SEARCH, 1900, "HTTP", 4);
	assert_false(scout_knows(l.scout, PORTMAP_PCP));
	tell_hex(&l, "00800000000004d2c6336407");
	run_until(&l, NK_S);
	assert_true(offer(&l, PORTMAP_PCP)->answers && !offer(&l, PORTMAP_PCP)->usable);
	assert_int_equal(offer(&l, PORTMAP_PCP)->why, PORTMAP_MALFORMED);
	assert_int_equal(offer(&l, PORTMAP_UPNP)->why, PORTMAP_MALFORMED);
	assert_true(offer(&l, PORTMAP_NAT_PMP)->usable);
	assert_int_equal(offer(&l, PORTMAP_NAT_PMP)->why, PORTMAP_OK);
	end(&l);
}

/* From another port of the gateway's anyone there may speak; a question is no answer, nor is a mapping. */
static void test_not_answers(void **state)
{
	static const char *const others[] = {
		"020000000000000000000000000000000000ffffc000020a", /* a request */
		"0281000000000e10000004d2" ZERO_12 ZERO_12 "060000001f901f90"
		"00000000000000000000ffffc6336407",
		"00820000000004d21f909c4000000e10",
	};
	uint8_t bytes[64];
	struct look l;

	(void)state;
	start(&l);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		tell_hex(&l, others[i]);
	tell(&l, CONTROL, 5352, bytes,
	     hex_bytes(bytes, sizeof(bytes), "0280000000000000000004d2" ZERO_12));
	assert_false(scout_knows(l.scout, PORTMAP_PCP) || scout_knows(l.scout, PORTMAP_NAT_PMP));
	run_until(&l, NK_S);
	assert_int_equal(offer(&l, PORTMAP_PCP)->why, PORTMAP_SILENT);
	end(&l);
}

/* Who has told where the description is has more time than who is silent; but not for ever. */
static void test_slow_description(void **state)
{
	struct look l;

	(void)state;
	for (unsigned comes = 0; comes < 2; comes++) {
		start(&l);
		tell_search(&l, URL);
		turn(&l);
		run_until(&l, 4900 * NK_MS);
		assert_true(scout_knows(l.scout, PORTMAP_PCP));
		assert_false(scout_knows(l.scout, PORTMAP_UPNP));
		if (comes)
			tell_description(&l, (struct upnp_reply){.connected = true, .igd = 1});
		run_until(&l, 5 * NK_S);
		assert_int_equal(offer(&l, PORTMAP_UPNP)->usable, comes);
		assert_int_equal(offer(&l, PORTMAP_UPNP)->why,
				 comes ? PORTMAP_OK : PORTMAP_TIMED_OUT);
		end(&l);
	}
}

/* It has answered, whenever the look ends. */
static void test_stopped_while_described(void **state)
{
	struct look l;

	(void)state;
	start(&l);
	tell_search(&l, URL);
	turn(&l);
	scout_stop(l.scout);
	assert_true(offer(&l, PORTMAP_UPNP)->answers);
	assert_int_equal(offer(&l, PORTMAP_UPNP)->why, PORTMAP_TIMED_OUT);
	assert_int_equal(offer(&l, PORTMAP_PCP)->why, PORTMAP_SILENT);
	turn(&l);
	end(&l);
}

/* Who says by ICMP that nobody is at the port for SSDP is not asked there again: it has few ICMP
 * errors to give. The group may have others. */
static void test_nobody_at_ssdp(void **state)
{
	const struct event ev = {
		.kind = EVENT_ICMP_ERROR, .id = SEARCH, .from = addr_v4(192, 0, 2, 1, 1900)};
	struct look l;

	(void)state;
	start(&l);
	assert_true(l.group == 2 && l.direct == 2);
	assert_true(scout_input(l.scout, &ev, l.now));
	run_until(&l, NK_S);
	assert_true(l.group == 6 && l.direct == 2);
	end(&l);
}

static void test_no_description(void **state)
{
	static const struct {
		uint16_t result;
		enum portmap_why why;
	} cases[] = {
		{UPNP_RESULT_NOT_IGD, PORTMAP_UNSUPPORTED},
		{UPNP_RESULT_TOO_LARGE, PORTMAP_MALFORMED},
		{UPNP_RESULT_SLOW, PORTMAP_TIMED_OUT},
		{UPNP_RESULT_ELSEWHERE, PORTMAP_LIED},
		{UPNP_RESULT_SILENT, PORTMAP_TIMED_OUT}, /* it has answered the search */
		{606, PORTMAP_NOT_AUTHORIZED},
	};
	struct look l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&l);
		tell_search(&l, URL);
		turn(&l);
		tell_description(&l, (struct upnp_reply){.result = cases[i].result});
		assert_true(scout_knows(l.scout, PORTMAP_UPNP));
		assert_false(offer(&l, PORTMAP_UPNP)->usable);
		assert_int_equal(offer(&l, PORTMAP_UPNP)->why, cases[i].why);
		assert_int_equal(offer(&l, PORTMAP_UPNP)->code,
				 cases[i].result == 606 ? 606 : 0); /* as one can look it up */
		run_until(&l, NK_S);
		end(&l);
	}
}

/* Nothing is asked that was not to be; IPv6 has no NAT-PMP. */
static void test_less(void **state)
{
	struct look l;

	(void)state;
	start(&l);
	scout_free(l.scout);
	memset(l.sent, 0, sizeof(l.sent));
	l.shut = 1; /* the other one is never opened */
	l.config.protocols = PORTMAP_ALL;
	l.config.upnp = NULL;
	l.config.gateway = (struct addr){.ip = {0xfe, 0x80, [15] = 1}};
	l.config.local = (struct addr){.ip = {0x20, 1, 0x0d, 0xb8, [15] = 9}};
	l.scout = scout_new(&l.config, &l.rng, 0);
	turn(&l);
	assert_true(l.sent[0] == 1 && l.sent[1] == 0);
	assert_int_equal(offer(&l, PORTMAP_NAT_PMP)->why, PORTMAP_UNSUPPORTED);
	assert_int_equal(offer(&l, PORTMAP_UPNP)->why, PORTMAP_UNASKED);
	run_until(&l, NK_S);
	end(&l);
}

/* Of IPv6 a mapping is a pinhole. */
static void test_pinholes_by_pcp(void **state)
{
	uint8_t bytes[64];
	struct event ev = {.kind = EVENT_DATAGRAM, .id = CONTROL, .data = bytes};
	struct look l;

	(void)state;
	start(&l);
	scout_free(l.scout);
	l.config.gateway = (struct addr){.ip = {0xfe, 0x80, [15] = 1}};
	l.config.local = (struct addr){.ip = {0x20, 1, 0x0d, 0xb8, [15] = 9}};
	l.scout = scout_new(&l.config, &l.rng, 0);
	turn(&l);
	ev.from = addr_with_port(l.config.gateway, 5351);
	ev.len = hex_bytes(bytes, sizeof(bytes), "0280000000000000000004d2" ZERO_12);
	assert_true(scout_input(l.scout, &ev, l.now));
	assert_true(offer(&l, PORTMAP_PCP)->usable && offer(&l, PORTMAP_PCP)->pinholes);
	scout_free(l.scout);
}

/* A gateway for IPv6 tells of itself by its address in our network; who is elsewhere is nobody. */
static void test_v6_location(void **state)
{
	static const struct {
		struct addr from;
		const char *url;
		bool taken;
	} cases[] = {
		{{.ip = {0xfe, 0x80, [15] = 1}}, "http://[fe80::1]:5000/igd.xml", true},
		{{.ip = {0xfe, 0x80, [15] = 1}}, "http://[2001:db8::1]:5000/igd.xml", true},
		{{.ip = {0x20, 1, 0x0d, 0xb8, [15] = 1}}, "http://[2001:db8::1]:80/", true},
		{{.ip = {0xfe, 0x80, [15] = 1}}, "http://[2001:db8:0:1::1]:80/", false},
		{{.ip = {0xfe, 0x80, [15] = 1}}, "http://192.0.2.1/", false},
		{{.ip = {0xfe, 0x80, [15] = 2}}, "http://[2001:db8::1]:80/", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event ev = {.kind = EVENT_DATAGRAM, .id = SEARCH, .from = cases[i].from};
		char text[512];
		struct look l;

		start(&l);
		scout_free(l.scout);
		l.config.gateway = (struct addr){.ip = {0xfe, 0x80, [15] = 1}};
		l.config.local = (struct addr){.ip = {0x20, 1, 0x0d, 0xb8, [15] = 9}};
		l.scout = scout_new(&l.config, &l.rng, 0);
		turn(&l);
		ev.from.port = 1900;
		ev.data = (const uint8_t *)text;
		ev.len = (size_t)snprintf(text, sizeof(text),
					  "HTTP/1.1 200 OK\r\nST: " IGD "\r\nLOCATION: %s\r\n\r\n",
					  cases[i].url);
		assert_true(scout_input(l.scout, &ev, l.now));
		turn(&l);
		assert_int_equal(l.asked, cases[i].taken);
		scout_free(l.scout);
	}
}

static void test_again(void **state)
{
	struct look l;

	(void)state;
	start(&l);
	tell_hex(&l, "0280000000000000000004d2" ZERO_12);
	run_until(&l, NK_S);
	assert_true(offer(&l, PORTMAP_PCP)->usable);
	scout_again(l.scout, l.now);
	assert_false(offer(&l, PORTMAP_PCP)->answers || scout_knows(l.scout, PORTMAP_PCP));
	assert_int_equal(scout_status(l.scout), CORE_BUSY);
	l.shut = 0;
	turn(&l);
	tell_hex(&l, "00800000000004d2c6336407");
	run_until(&l, 2 * NK_S);
	assert_true(offer(&l, PORTMAP_NAT_PMP)->usable && !offer(&l, PORTMAP_PCP)->answers);
	end(&l);
}

/* Each has a name and a text of its own, and so has what is none of them. */
static void test_names(void **state)
{
	(void)state;
	assert_string_equal(portmap_protocol_name(PORTMAP_NAT_PMP), "nat-pmp");
	assert_string_equal(portmap_why_name(PORTMAP_NOT_AS_ASKED), "not-as-asked");
	for (unsigned i = 0; i <= PORTMAP_WHYS; i++) {
		assert_non_null(portmap_protocol_name((enum portmap_protocol)i));
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(portmap_why_name(i), portmap_why_name(j));
			assert_string_not_equal(portmap_why_text(i), portmap_why_text(j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_not_answers),
		cmocka_unit_test(test_slow_description),
		cmocka_unit_test(test_no_description),
		cmocka_unit_test(test_less),
		cmocka_unit_test(test_stopped_while_described),
		cmocka_unit_test(test_nobody_at_ssdp),
		cmocka_unit_test(test_pinholes_by_pcp),
		cmocka_unit_test(test_v6_location),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests_name("scout", tests, NULL, NULL);
}
