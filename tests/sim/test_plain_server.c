/* The third party's STUN server: what coturn answers, and each fault as it is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sim/plain_server.h"
#include "wire/stun.h"

static const uint8_t tid[STUN_TID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static struct plain_server server;
static struct action action;

static struct addr at(unsigned socket)
{
	return addr_v4(192, 0, 2, (uint8_t)(1 + socket / 2), (uint16_t)(3478 + socket % 2));
}

static unsigned start(bool two_addresses, unsigned faults)
{
	const struct addr primary = at(0), alternate = at(2);
	unsigned opened = 0;

	plain_server_start(&server, &primary, two_addresses ? &alternate : NULL, faults, 1);
	while (plain_server_ops.output(&server, &action, 0)) {
		const struct addr expected = at(action.id);

		assert_int_equal(action.kind, ACTION_OPEN);
		assert_true(addr_eq(&action.local, &expected));
		opened |= 1u << action.id;
	}
	return opened;
}

static bool ask_with(unsigned socket, uint16_t method, uint8_t change, uint16_t response_port,
		     bool padding, struct stun_msg *out)
{
	uint8_t buf[256];
	struct wr w = wr_make(buf, sizeof(buf));
	struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = socket,
		.from = addr_v4(203, 0, 113, 1, 40000),
		.local = at(socket),
		.data = buf,
	};

	stun_begin(&w, method, STUN_REQUEST, tid);
	if (change != 0)
		stun_put_change(&w, change);
	if (response_port != 0)
		stun_put_response_port(&w, response_port);
	if (padding)
		stun_put_padding(&w, 64);
	ev.len = stun_end(&w);
	plain_server_ops.input(&server, &ev, 0);
	return plain_server_ops.output(&server, &action, 0) &&
	       stun_read(out, action.data, action.len) == 0;
}

static bool ask(unsigned socket, uint8_t change, struct stun_msg *out)
{
	return ask_with(socket, STUN_BINDING, change, 0, false, out);
}

static void test_answers(void **state)
{
	struct stun_msg m;

	(void)state;
	assert_int_equal(start(true, 0), 0xf);
	for (unsigned socket = 0; socket < 4; socket++) {
		for (unsigned change = 0; change < 4; change++) {
			const unsigned from = socket ^ change;
			const struct addr origin = at(from), other = at(socket ^ 3);
			const uint8_t flags = (uint8_t)((change & 1 ? STUN_CHANGE_PORT : 0) |
							(change & 2 ? STUN_CHANGE_IP : 0));

			assert_true(ask(socket, flags, &m));
			assert_int_equal(action.id, from);
			assert_int_equal(action.to.port, 40000);
			assert_int_equal(m.cls, STUN_SUCCESS);
			assert_memory_equal(m.tid, tid, sizeof(tid));
			assert_int_equal(m.xor_mapped.port, 40000);
			assert_true(addr_eq(&m.response_origin, &origin));
			assert_true(addr_eq(&m.other_address, &other));
			assert_false(plain_server_ops.output(&server, &action, 0));
		}
	}
	assert_true(ask_with(0, STUN_BINDING, 0, 5555, false, &m));
	assert_int_equal(action.to.port, 5555);
	assert_true(ask_with(0, STUN_BINDING, 0, 0, true, &m));
	assert_int_equal(m.padding, 1500);
	assert_true(ask_with(0, STUN_BINDING, 0, 5555, true, &m));
	assert_int_equal(m.error, 400);
	assert_false(ask_with(0, 0x0E0, 0, 0, false, &m));
	assert_int_equal(server.asked, 19);
}

static void test_one_address(void **state)
{
	struct stun_msg m;

	(void)state;
	assert_int_equal(start(false, 0), 1);
	assert_true(ask(0, 0, &m));
	assert_int_equal(addr_family(&m.other_address), ADDR_NONE);
	assert_true(ask(0, STUN_CHANGE_PORT, &m));
	assert_int_equal(m.error, 420);
}

static void test_faults(void **state)
{
	const struct addr zero = at(0), three = at(3);
	struct stun_msg m;

	(void)state;
	start(true, PLAIN_OTHER_IS_SELF);
	assert_true(ask(0, 0, &m) && addr_eq(&m.other_address, &zero));
	assert_int_equal(start(true, PLAIN_OTHER_SILENT), 3);
	assert_true(ask(0, 0, &m) && addr_eq(&m.other_address, &three));
	start(true, PLAIN_OTHER_FIXED);
	assert_true(ask(3, STUN_CHANGE_IP, &m) && addr_eq(&m.other_address, &three));
	assert_int_equal(action.id, 3);
	start(true, PLAIN_CHANGE_IGNORED);
	assert_true(ask(0, STUN_CHANGE_IP, &m));
	assert_int_equal(action.id, 0);
	start(true, PLAIN_CHANGE_REFUSED);
	assert_true(ask(0, STUN_CHANGE_IP, &m));
	assert_int_equal(m.error, 420);
	start(true, PLAIN_RESPONSE_PORT_IGNORED);
	assert_true(ask_with(0, STUN_BINDING, 0, 5555, false, &m));
	assert_int_equal(action.to.port, 40000);
	start(true, PLAIN_RESPONSE_PORT_REFUSED);
	assert_true(ask_with(0, STUN_BINDING, 0, 5555, false, &m));
	assert_int_equal(m.error, 420);
	start(true, PLAIN_WRONG_SOURCE);
	assert_true(ask(0, 0, &m));
	assert_int_equal(action.id, 3);
	assert_int_equal(start(false, PLAIN_WRONG_SOURCE), 3);
	assert_true(ask(0, 0, &m));
	assert_int_equal(action.id, 1);
	start(true, PLAIN_WRONG_TID);
	assert_true(ask(0, 0, &m));
	assert_memory_not_equal(m.tid, tid, sizeof(tid));
	start(true, PLAIN_GARBAGE | PLAIN_TRUTH_TOO);
	assert_false(ask(0, 0, &m));
	assert_true(plain_server_ops.output(&server, &action, 0));
	assert_int_equal(stun_read(&m, action.data, action.len), 0);
	start(true, PLAIN_SILENT);
	assert_false(ask(0, 0, &m));
	start(true, PLAIN_UNKNOWN_METHOD_400);
	assert_true(ask_with(0, 0x0E0, 0, 0, false, &m));
	assert_int_equal(m.error, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_faults),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
