/* Packets and frames of sessions: as the manual draws them, there and back, and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "wire/frame.h"

static void test_header(void **state)
{
	const struct packet_header h = {
		.epoch = true, .index = 0x01020304, .counter = 0x1112131415161718};
	uint8_t packet[PACKET_OVERHEAD] = {0};
	struct packet_header got;

	(void)state;
	packet_write_header(packet, &h);
	hex_check(packet, "f1010203041112131415161718");
	assert_true(packet_read_header(&got, packet, sizeof(packet)));
	assert_true(got.epoch);
	assert_false(got.heard);
	assert_int_equal(got.index, h.index);
	assert_true(got.counter == h.counter);

	packet[0] = 0xf2;
	assert_true(packet_read_header(&got, packet, sizeof(packet)));
	assert_false(got.epoch);
	assert_true(got.heard);
}

/* One that is too short for a tag is none, and so are the first bytes that others have. */
static void test_no_packet(void **state)
{
	struct packet_header got;

	(void)state;
	for (size_t n = 0; n < PACKET_OVERHEAD; n++) {
		uint8_t *packet = calloc(n + 1, 1);

		packet[0] = 0xf0;
		assert_false(packet_read_header(&got, packet, n));
		free(packet);
	}
	for (unsigned first = 0; first < 256; first++) {
		const uint8_t packet[PACKET_OVERHEAD] = {(uint8_t)first};

		assert_int_equal(packet_read_header(&got, packet, sizeof(packet)),
				 first >= 0xf0 && first <= 0xf3);
	}
}

static const struct {
	struct frame frame;
	const char *hex;
} frames[] = {
	{{.kind = FRAME_PING, .token = 0x0102030405060708}, "010102030405060708"},
	{{.kind = FRAME_PONG, .token = 0xfffefdfcfbfaf9f8}, "02fffefdfcfbfaf9f8"},
	{{.kind = FRAME_ACK, .seq = 0x1234, .bits = 5}, "0312340000000000000005"},
	{{.kind = FRAME_CLOSE, .seq = 0xffff}, "06ffff"},
	{{.kind = FRAME_MESSAGE, .seq = 7, .data = (const uint8_t *)"hi", .len = 2}, "0400076869"},
	{{.kind = FRAME_MESSAGE, .seq = 8}, "040008"},
	{{.kind = FRAME_DATAGRAM, .data = (const uint8_t *)"hi", .len = 2}, "056869"},
	{{.kind = FRAME_DATAGRAM}, "05"},
	{{.kind = FRAME_OFFER, .seq = 9, .data = (const uint8_t *)"hi", .len = 2}, "0700096869"},
	{{.kind = FRAME_TERMS, .seq = 9, .data = (const uint8_t *)"abc", .len = 3}, "080009616263"},
};

#define FRAMES (sizeof(frames) / sizeof(frames[0]))

static void check_equal(const struct frame *a, const struct frame *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->seq, b->seq);
	assert_true(a->token == b->token && a->bits == b->bits);
	assert_int_equal(a->len, b->len);
	if (a->len > 0)
		assert_memory_equal(a->data, b->data, a->len);
}

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t buf[64];
		struct wr w = wr_make(buf, sizeof(buf));
		struct frame got;
		struct rd r;

		frame_write(&w, &frames[i].frame);
		assert_int_equal(2 * w.len, strlen(frames[i].hex));
		hex_check(buf, frames[i].hex);
		r = rd_make(buf, w.len);
		assert_true(frame_read(&r, &got));
		check_equal(&got, &frames[i].frame);
		assert_false(frame_read(&r, &got));
		assert_false(r.bad);
	}
}

/* Frames of known length may stand before others. */
static void test_in_one_packet(void **state)
{
	uint8_t buf[128];
	struct wr w = wr_make(buf, sizeof(buf));
	struct frame got;
	struct rd r;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		frame_write(&w, &frames[i].frame);
	r = rd_make(buf, w.len);
	for (size_t i = 0; i < 5; i++) {
		assert_true(frame_read(&r, &got));
		check_equal(&got, &frames[i].frame);
	}
	assert_false(frame_read(&r, &got) || r.bad);
}

/* Heads that are cut are bad; what follows those of messages, datagrams and offers may be any length. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t whole[64];
		const size_t len = hex_bytes(whole, sizeof(whole), frames[i].hex);
		const bool has_rest = frames[i].frame.kind != FRAME_TERMS;
		const size_t least = len - (has_rest ? frames[i].frame.len : 0);

		for (size_t n = 1; n < len; n++) {
			uint8_t *exact = malloc(n);
			struct rd r = rd_make(memcpy(exact, whole, n), n);
			struct frame got;

			assert_int_equal(frame_read(&r, &got), n >= least);
			assert_int_equal(r.bad, n < least);
			free(exact);
		}
	}
}

static void test_unknown(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		const uint8_t bytes[16] = {(uint8_t)kind};
		struct rd r = rd_make(bytes, sizeof(bytes));
		struct frame got;

		assert_int_equal(frame_read(&r, &got), kind >= FRAME_PING && kind <= FRAME_TERMS);
		assert_int_equal(r.bad, kind < FRAME_PING || kind > FRAME_TERMS);
	}
}

static void test_longest_message(void **state)
{
	static uint8_t bytes[FRAME_MESSAGE_HEAD + FRAME_MESSAGE_MAX + 1] = {FRAME_MESSAGE};
	struct rd r = rd_make(bytes, sizeof(bytes) - 1);
	struct frame got;

	(void)state;
	assert_true(frame_read(&r, &got));
	assert_int_equal(got.len, FRAME_MESSAGE_MAX);
	r = rd_make(bytes, sizeof(bytes));
	assert_false(frame_read(&r, &got));
	assert_true(r.bad);
}

/* What does not fit is told, for every room that is too small. */
static void test_no_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t cap = 0; cap < strlen(frames[i].hex) / 2; cap++) {
			uint8_t *buf = malloc(cap + 1);
			struct wr w = wr_make(buf, cap);

			frame_write(&w, &frames[i].frame);
			assert_true(w.bad);
			free(buf);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),    cmocka_unit_test(test_no_packet),
		cmocka_unit_test(test_frames),    cmocka_unit_test(test_in_one_packet),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_no_room),   cmocka_unit_test(test_longest_message),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
