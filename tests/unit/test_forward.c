/* UDP of other programs, there and back through two runs' forwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/call/forward.h"

#define FIRST 1000
#define CALL  3
#define PORT  51820

/* Where programs are, here and there. */
static const uint16_t program_port = 40000, other_port = 40001, forwarded = 7000;

struct side {
	struct punch_options options;
	struct forwards forwards;
	uint16_t unserved;
};

static struct addr at(uint16_t port)
{
	return addr_v4(127, 0, 0, 1, port);
}

static void set(struct side *here, struct side *there)
{
	here->options = (struct punch_options){
		.payload = PUNCH_FORWARD,
		.forwards = {{.local = at(forwarded), .peer_port = PORT}},
		.forward_count = 1,
	};
	there->options = (struct punch_options){
		.payload = PUNCH_FORWARD,
		.serve = {PORT},
		.serve_count = 1,
	};
	memset(&here->forwards, 0, sizeof(here->forwards));
	memset(&there->forwards, 0, sizeof(there->forwards));
	forwards_init(&here->forwards, &here->options, FIRST);
	forwards_init(&there->forwards, &there->options, FIRST);
}

/* Opens what is wanted. Return: true if there is something to send, in @a. */
static bool turn(struct side *s, struct action *a)
{
	uint8_t out[CORE_DATAGRAM_MAX];
	unsigned call;

	while (forwards_output(&s->forwards, a)) {
		const struct event ev = {.kind = EVENT_OPENED, .id = a->id, .local = a->local};

		if (a->kind == ACTION_SEND)
			return true;
		if (a->kind == ACTION_OPEN)
			assert_int_equal(forwards_input(&s->forwards, &ev, CALL, &call, out, 1), 0);
	}
	return false;
}

/* What one side takes; what it has to say to that, the other takes. */
static void take(struct side *to, struct side *from, unsigned call, const uint8_t *bytes,
		 size_t len)
{
	uint8_t reply[FORWARD_HEADER], none[FORWARD_HEADER];
	uint16_t port;

	len = forwards_take(&to->forwards, call, bytes, len, reply, &port, 1);
	assert_int_equal(port, 0);
	from->unserved = 0;
	if (len > 0)
		assert_int_equal(
			forwards_take(&from->forwards, call, reply, len, none, &from->unserved, 1),
			0);
}

/* A datagram comes to a socket of one side, and what it makes of it goes to the other. */
static void carry(struct side *from, struct side *to, uint32_t id, uint16_t port, const char *text)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = id,
		.from = at(port),
		.data = (const uint8_t *)text,
		.len = strlen(text),
	};
	uint8_t out[CORE_DATAGRAM_MAX];
	unsigned call = 0;
	const size_t len = forwards_input(&from->forwards, &ev, CALL, &call, out, 1);

	assert_int_equal(len, FORWARD_HEADER + strlen(text));
	assert_int_equal(call, CALL);
	take(to, from, call, out, len);
}

static void assert_sends(const struct action *a, uint16_t port, const char *text)
{
	const struct addr to = at(port);

	assert_true(addr_eq(&a->to, &to));
	assert_int_equal(a->len, strlen(text));
	assert_memory_equal(a->data, text, a->len);
}

static void test_there_and_back(void **state)
{
	static const uint16_t programs[] = {program_port, other_port};
	struct side here, there;
	uint32_t sockets[2];
	struct action a;

	(void)state;
	set(&here, &there);
	assert_false(turn(&here, &a));
	for (unsigned i = 0; i < 2; i++) {
		carry(&here, &there, FIRST, programs[i], "ask");
		assert_true(turn(&there, &a));
		assert_sends(&a, PORT, "ask");
		sockets[i] = a.id;
	}
	assert_int_not_equal(sockets[0], sockets[1]);
	for (unsigned i = 0; i < 2; i++) {
		carry(&there, &here, sockets[i], PORT, "answer");
		assert_true(turn(&here, &a));
		assert_int_equal(a.id, FIRST);
		assert_sends(&a, programs[i], "answer");
	}
}

/* Nothing but what is served, and only from there. */
static void test_refused(void **state)
{
	struct side here, there;
	struct action a;
	uint32_t socket;
	unsigned call;
	uint8_t out[CORE_DATAGRAM_MAX];

	(void)state;
	set(&here, &there);
	turn(&here, &a);
	here.options.forwards[0].peer_port = PORT + 1;
	carry(&here, &there, FIRST, program_port, "ask");
	assert_false(turn(&there, &a));
	assert_int_equal(here.unserved, PORT + 1);
	carry(&here, &there, FIRST, program_port, "once is enough");
	assert_int_equal(here.unserved, 0);
	here.options.forwards[0].peer_port = PORT;
	carry(&here, &there, FIRST, other_port, "ask");
	assert_true(turn(&there, &a));
	socket = a.id;

	const struct event stranger = {
		.kind = EVENT_DATAGRAM,
		.id = socket,
		.from = at(PORT + 1),
		.data = (const uint8_t *)"x",
		.len = 1,
	};

	assert_int_equal(forwards_input(&there.forwards, &stranger, CALL, &call, out, 1), 0);
	take(&there, &here, CALL, (const uint8_t *)"\2\0\0\0\0x", 6);
	take(&there, &here, CALL, (const uint8_t *)"\1\0\0\0\0x", 6);
	take(&there, &here, CALL, (const uint8_t *)"\0\0", 2);
	assert_false(turn(&there, &a));
}

static void test_over(void **state)
{
	struct side here, there;
	struct action a;
	uint32_t socket;

	(void)state;
	set(&here, &there);
	turn(&here, &a);
	carry(&here, &there, FIRST, program_port, "ask");
	assert_true(turn(&there, &a));
	socket = a.id;
	forwards_forget(&there.forwards, CALL);
	assert_true(forwards_output(&there.forwards, &a));
	assert_int_equal(a.kind, ACTION_CLOSE);
	assert_int_equal(a.id, socket);
}

/* Several come before any of them goes on, and the first ones before there is a socket. */
static void test_burst(void **state)
{
	static const char *const texts[] = {"one", "two", "three", "four"};
	struct side here, there;
	struct action a;

	(void)state;
	set(&here, &there);
	turn(&here, &a);
	for (unsigned i = 0; i < 4; i++)
		carry(&here, &there, FIRST, program_port, texts[i]);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(turn(&there, &a));
		assert_sends(&a, PORT, texts[i]);
	}
	assert_false(turn(&there, &a));
}

/* A datagram of no bytes is one. */
static void test_empty(void **state)
{
	struct side here, there;
	struct action a;

	(void)state;
	set(&here, &there);
	turn(&here, &a);
	carry(&here, &there, FIRST, program_port, "");
	assert_true(turn(&there, &a));
	assert_sends(&a, PORT, "");
}

/* More programs than there is room for: those that have been silent longest are forgotten. */
static void test_full(void **state)
{
	struct side here, there;
	struct action a;

	(void)state;
	set(&here, &there);
	turn(&here, &a);
	for (uint16_t i = 0; i < 2 * FORWARD_FLOWS; i++) {
		carry(&here, &there, FIRST, (uint16_t)(20000 + i), "ask");
		assert_true(turn(&there, &a));
		assert_sends(&a, PORT, "ask");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_over),           cmocka_unit_test(test_burst),
		cmocka_unit_test(test_empty),          cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
