/* Descriptions of ICE agents: those that libnice, aioice and pion write, ours, and none at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/sdp.h"

#define UFRAG    "a=ice-ufrag:izOb\n"
#define PASSWORD "a=ice-pwd:yHmI++3znNBXCFwRT5B9+z\n"

static int read_text(struct sdp *s, const char *text)
{
	return sdp_read(s, text, strlen(text));
}

static void assert_candidate(const struct sdp_candidate *c, enum sdp_kind kind, const char *addr)
{
	char text[ADDR_TEXT];

	assert_int_equal(c->kind, kind);
	assert_string_equal(addr_text(&c->addr, text), addr);
}

static void test_libnice(void **state)
{
	struct sdp s;

	(void)state;
	assert_int_equal(
		read_text(&s, "m=application 42417 ICE/SDP\nc=IN IP4 192.0.2.2\n" UFRAG PASSWORD
			      "a=candidate:1 1 UDP 2015363327 192.0.2.2 42827 typ host\n"
			      "a=candidate:2 1 TCP 1015021823 192.0.2.2 9 typ host tcptype active\n"
			      "a=candidate:4 1 UDP 2015363583 fd00::2 33067 typ host\n"
			      "a=candidate:5 1 UDP 1679819007 203.0.113.1 42827 typ srflx "
			      "raddr 192.0.2.2 rport 42827\n"),
		0);
	assert_string_equal(s.ufrag, "izOb");
	assert_string_equal(s.password, "yHmI++3znNBXCFwRT5B9+z");
	assert_int_equal(s.count, 3);
	assert_candidate(&s.candidates[0], SDP_HOST, "192.0.2.2:42827");
	assert_int_equal(s.candidates[0].priority, 2015363327);
	assert_candidate(&s.candidates[1], SDP_HOST, "[fd00::2]:33067");
	assert_candidate(&s.candidates[2], SDP_SERVER_REFLEXIVE, "203.0.113.1:42827");
}

/* As RFC 8839 and browsers have it: CR LF, extensions, names in place of addresses. */
static void test_others(void **state)
{
	struct sdp s;

	(void)state;
	assert_int_equal(
		read_text(&s,
			  "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
			  "a=ice-ufrag:izOb\r\na=ice-pwd:yHmI++3znNBXCFwRT5B9+z\r\n"
			  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
			  "a=ice-ufrag:other\r\n"
			  "a=candidate:b7c 1 udp 659136 192.0.2.3 31102 typ prflx generation 0\r\n"
			  "a=candidate:b7c 2 udp 659136 192.0.2.3 31102 typ host\r\n"
			  "a=candidate:x 1 udp 659136 0f-1e.local 31102 typ host\r\n"
			  "m=audio 9 RTP/AVP 0\r\n"
			  "a=candidate:b7c 1 udp 659136 192.0.2.4 31102 typ host\r\n"),
		0);
	assert_string_equal(s.ufrag, "izOb");
	assert_int_equal(s.count, 1);
	assert_candidate(&s.candidates[0], SDP_PEER_REFLEXIVE, "192.0.2.3:31102");
}

static unsigned candidates_in(const char *line)
{
	char text[1024];
	struct sdp s;

	snprintf(text, sizeof(text), UFRAG PASSWORD "a=candidate:%s", line);
	assert_int_equal(read_text(&s, text), 0);
	return s.count;
}

static void test_odd_candidates(void **state)
{
	char longer[700];

	(void)state;
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 1 typ relay"), 1);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 1 typ"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 1 type host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 1 typ guest"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 0 typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 65536 typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1 1x typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP -1 192.0.2.1 1 typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 4294967296 192.0.2.1 1 typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 192.0.2.1:5 1 typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 [::2] 1 typ host"), 0);
	assert_int_equal(candidates_in("1 1 UDP 1 0.0.0.0 1 typ host"), 0);
	assert_int_equal(candidates_in("1 0 UDP 1 192.0.2.1 1 typ host"), 0);
	assert_int_equal(candidates_in(""), 0);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(candidates_in(longer), 0);
}

static void test_secrets(void **state)
{
	char text[1024];
	struct sdp s;

	(void)state;
	assert_int_equal(read_text(&s, UFRAG PASSWORD), 0);
	assert_int_equal(read_text(&s, ""), NK_ERR_MALFORMED);
	assert_int_equal(read_text(&s, UFRAG), NK_ERR_MALFORMED);
	assert_int_equal(read_text(&s, PASSWORD), NK_ERR_MALFORMED);
	assert_int_equal(read_text(&s, "a=ice-ufrag:izO\n" PASSWORD), NK_ERR_MALFORMED);
	assert_int_equal(read_text(&s, "a=ice-ufrag:iz:b\n" PASSWORD), NK_ERR_MALFORMED);
	assert_int_equal(read_text(&s, UFRAG "a=ice-pwd:yHmI++3znNBXCFwRT5B9+\n"),
			 NK_ERR_MALFORMED);
	for (unsigned len = 256; len <= 257; len++) {
		snprintf(text, sizeof(text), UFRAG "a=ice-pwd:%0*d\n", (int)len, 7);
		assert_int_equal(read_text(&s, text), len == 256 ? 0 : NK_ERR_MALFORMED);
	}
}

static void test_round_trip(void **state)
{
	struct sdp s = {.ufrag = "abcd",
			.password = "0123456789012345678901",
			.count = SDP_CANDIDATES},
		   back;
	char text[SDP_TEXT];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < SDP_CANDIDATES; i++)
		s.candidates[i] = (struct sdp_candidate){
			.kind = i % SDP_KINDS,
			.priority = UINT32_MAX - i,
			.addr = {.ip = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
					(uint8_t)i},
				 .port = (uint16_t)(65535 - i)},
			.base = i % 2 == 0 ? addr_v4(10, 0, 0, 1, 1) : (struct addr){.port = 0},
		};
	len = sdp_write(text, sizeof(text), &s);
	assert_true(len > 0 && len == strlen(text));
	assert_int_equal(sdp_read(&back, text, len), 0);
	assert_string_equal(back.ufrag, s.ufrag);
	assert_string_equal(back.password, s.password);
	assert_int_equal(back.count, SDP_CANDIDATES);
	for (unsigned i = 0; i < SDP_CANDIDATES; i++) {
		assert_int_equal(back.candidates[i].kind, s.candidates[i].kind);
		assert_int_equal(back.candidates[i].priority, s.candidates[i].priority);
		assert_true(addr_eq(&back.candidates[i].addr, &s.candidates[i].addr));
	}
	assert_int_equal(sdp_write(text, len + 1, &s), len);
	assert_int_equal(sdp_write(text, len, &s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libnice),        cmocka_unit_test(test_others),
		cmocka_unit_test(test_odd_candidates), cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
