/* What is said to and by the UPnP worker: what is written reads back, and nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/upnp_msg.h"

static const struct upnp_request request = {
	.id = 0x01020304,
	.op = UPNP_PINHOLE_ADD,
	.location = "http://192.0.2.1:5000/rootDesc.xml",
	.protocol = 17,
	.client = {.ip = {[0] = 0x20, [1] = 0x01, [15] = 2}, .port = 40000},
	.remote = {.ip = {[0] = 0x20, [1] = 0x01, [15] = 9}, .port = 53},
	.external_port = 40001,
	.index = 3,
	.pinhole = 0xfffe,
	.lifetime_s = 604800,
	.hold = true,
	.description = "natkit",
};

static const struct upnp_reply reply = {
	.id = 0x01020304,
	.op = UPNP_DESCRIBE,
	.result = 725,
	.connected = true,
	.pinholes = true,
	.igd = 2,
	.protocol = 6,
	.external = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7}, .port = 1},
	.client = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2}, .port = 65535},
	.pinhole = 7,
	.lifetime_s = UINT32_MAX,
	.description = "a mapping",
	.device = "Router of some make, model 7",
};

/* A copy on the heap, so that a read past its end is seen. */
static int read_request(struct upnp_request *out, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len);
	rc = upnp_request_read(out, copy, len);
	free(copy);
	return rc;
}

static int read_reply(struct upnp_reply *out, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len);
	rc = upnp_reply_read(out, copy, len);
	free(copy);
	return rc;
}

static void assert_same_request(const struct upnp_request *a, const struct upnp_request *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->op, b->op);
	assert_string_equal(a->location, b->location);
	assert_int_equal(a->protocol, b->protocol);
	assert_true(addr_eq(&a->client, &b->client));
	assert_true(addr_eq(&a->remote, &b->remote));
	assert_int_equal(a->external_port, b->external_port);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->pinhole, b->pinhole);
	assert_int_equal(a->lifetime_s, b->lifetime_s);
	assert_int_equal(a->hold, b->hold);
	assert_string_equal(a->description, b->description);
}

static void requests_read_back(void **state)
{
	uint8_t bytes[UPNP_MSG_MAX];
	const size_t len = upnp_request_write(bytes, &request);
	struct upnp_request back = {.id = 7};

	(void)state;
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(read_request(&back, bytes, n), NK_ERR_MALFORMED);
		assert_int_equal(back.id, 7); /* untouched */
	}
	assert_int_equal(read_request(&back, bytes, len), 0);
	assert_same_request(&back, &request);
	bytes[len] = 0;
	assert_int_equal(read_request(&back, bytes, len + 1), NK_ERR_MALFORMED);
}

static void replies_read_back(void **state)
{
	uint8_t bytes[UPNP_MSG_MAX];
	const size_t len = upnp_reply_write(bytes, &reply);
	struct upnp_reply back = {.id = 7};

	(void)state;
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(read_reply(&back, bytes, n), NK_ERR_MALFORMED);
		assert_int_equal(back.id, 7);
	}
	assert_int_equal(read_reply(&back, bytes, len), 0);
	assert_int_equal(back.result, 725);
	assert_true(back.connected && back.pinholes);
	assert_int_equal(back.igd, 2);
	assert_int_equal(back.protocol, 6);
	assert_true(addr_eq(&back.external, &reply.external));
	assert_true(addr_eq(&back.client, &reply.client));
	assert_int_equal(back.pinhole, 7);
	assert_int_equal(back.lifetime_s, UINT32_MAX);
	assert_string_equal(back.description, reply.description);
	assert_string_equal(back.device, reply.device);
}

static void the_longest_fit(void **state)
{
	uint8_t bytes[UPNP_MSG_MAX];
	struct upnp_request q = request, back;
	size_t len;

	(void)state;
	memset(q.location, 'u', sizeof(q.location) - 1);
	memset(q.description, 'd', sizeof(q.description) - 1);
	len = upnp_request_write(bytes, &q);
	assert_int_equal(read_request(&back, bytes, len), 0);
	assert_same_request(&back, &q);
}

static void texts_are_printable(void **state)
{
	uint8_t bytes[UPNP_MSG_MAX];
	struct upnp_reply a = reply, back;
	size_t len;

	(void)state;
	strcpy(a.device, "\x1b[2JB\xc3\xb6x\n");
	len = upnp_reply_write(bytes, &a);
	assert_int_equal(read_reply(&back, bytes, len), 0);
	assert_string_equal(back.device, "[2JBx");
	bytes[len - 1] = '\n'; /* written by another */
	assert_int_equal(read_reply(&back, bytes, len), NK_ERR_MALFORMED);
}

static void what_cannot_be_is_refused(void **state)
{
	uint8_t bytes[UPNP_MSG_MAX];
	struct upnp_reply a = reply, back;
	size_t len = upnp_reply_write(bytes, &a);

	(void)state;
	bytes[4] = UPNP_OPS;
	assert_int_equal(read_reply(&back, bytes, len), NK_ERR_MALFORMED);
	bytes[4] = 0;
	assert_int_equal(read_reply(&back, bytes, len), NK_ERR_MALFORMED);
	len = upnp_reply_write(bytes, &a);
	bytes[7] = 2; /* a bool */
	assert_int_equal(read_reply(&back, bytes, len), NK_ERR_MALFORMED);
	a.result = 900;
	len = upnp_reply_write(bytes, &a);
	assert_int_equal(read_reply(&back, bytes, len), NK_ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_read_back),        cmocka_unit_test(replies_read_back),
		cmocka_unit_test(the_longest_fit),           cmocka_unit_test(texts_are_printable),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
