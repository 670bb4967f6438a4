/* Sockets of other programs in a run, by means that the test plays; and what else wakes a run. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/lookup.h"
#include "io_script.h"

#define PORT 5000

/**
 * struct means - What a caller of a run has in place of raw packets
 * @sent, @from: What left; @refuse: the errno with which nothing does
 * @waiting:	Datagrams to @to that have come, of which @bell tells
 */
struct means {
	unsigned sent, waiting;
	struct addr from, to;
	int refuse, bell;
};

static int send_by_hand(void *user, const struct addr *from, const struct action *a)
{
	struct means *m = user;

	(void)a;
	m->sent++;
	m->from = *from;
	return -m->refuse;
}

static bool receive_by_hand(void *user, struct event *ev)
{
	static const uint8_t bytes[3] = {1, 2, 3};
	struct means *m = user;

	if (m->waiting == 0)
		return false;
	m->waiting--;
	ev->from = addr_v4(192, 0, 2, 1, 3478);
	ev->local = m->to;
	ev->data = bytes;
	ev->len = sizeof(bytes);
	return true;
}

static void push_shared(struct script *s, uint32_t id, uint16_t port)
{
	struct action *a = push(s, ACTION_OPEN, id);

	a->socket = SOCKET_SHARED;
	a->local = addr_any(ADDR_V4, port);
	a->peer = addr_v4(127, 0, 0, 9, 9);
}

static int run_with(struct script *s, struct means *m)
{
	const struct run_shared shared = {send_by_hand, receive_by_hand, m};
	struct run_options options = {
		.shared = m != NULL ? &shared : NULL,
		.wake_fd = m != NULL ? m->bell : 0,
	};

	return run_core(&script_ops, s, &options);
}

/* Ids of one port each hear of what comes to it, and others do not. */

static unsigned heard[3];

static void count_heard(struct script *s, const struct event *ev, nk_time now)
{
	struct means *m = s->test;

	(void)now;
	if (ev->kind == EVENT_OPENED && ev->id == 2) {
		m->waiting = 2;
		assert_int_equal(eventfd_write(m->bell, 1), 0);
	}
	if (ev->kind == EVENT_DATAGRAM) {
		assert_int_equal(ev->len, 3);
		assert_int_equal(ev->local.port, PORT);
		heard[ev->id]++;
	}
	if (heard[0] == 2 && heard[1] == 2)
		s->status = CORE_DONE;
}

static void tells_all_of_a_port(void **state)
{
	struct means m = {.to = addr_v4(127, 0, 0, 1, PORT), .bell = eventfd(0, 0)};
	struct script *s = script_new(count_heard);

	(void)state;
	memset(heard, 0, sizeof(heard));
	s->test = &m;
	push_shared(s, 0, PORT);
	push_shared(s, 1, PORT);
	push_shared(s, 2, PORT + 1);
	assert_int_equal(run_with(s, &m), CORE_DONE);
	assert_int_equal(heard[2], 0);
	script_free(s);
	close(m.bell);
}

/* What leaves does so from the source towards its destination, and the shared port. */

static void send_when_open(struct script *s, const struct event *ev, nk_time now)
{
	struct means *m = s->test;

	(void)now;
	if (ev->kind == EVENT_OPENED) {
		assert_int_equal(ev->local.port, PORT);
		push_send(s, 0, addr_v4(127, 0, 0, 9, 3478), 20);
		push(s, ACTION_CLOSE, 0);
		push_send(s, 0, addr_v4(127, 0, 0, 9, 3478), 20); /* it is no more */
		return;
	}
	assert_int_equal(ev->kind, EVENT_SEND_FAILED);
	if (ev->error == EBADF)
		s->status = CORE_DONE;
	else
		assert_int_equal(ev->error, m->refuse);
}

static void sends_from_its_port(void **state)
{
	const struct addr source = addr_v4(127, 0, 0, 1, PORT);

	(void)state;
	for (int refuse = 0; refuse <= EPERM; refuse += EPERM) {
		struct means m = {.refuse = refuse};
		struct script *s = script_new(send_when_open);

		s->test = &m;
		push_shared(s, 0, PORT);
		assert_int_equal(run_with(s, &m), CORE_DONE);
		assert_int_equal(m.sent, 1);
		assert_true(addr_eq(&m.from, &source));
		assert_int_equal(s->seen[EVENT_SEND_FAILED], refuse != 0 ? 2 : 1);
		script_free(s);
	}
}

static void refuses_what_cannot_be(void **state)
{
	struct script *s = script_new(done_on_any);
	struct means m = {.sent = 0};

	(void)state;
	push_shared(s, 0, PORT);
	assert_int_equal(run_with(s, NULL), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPEN_FAILED);
	assert_int_equal(s->last.error, EPROTONOSUPPORT);
	script_free(s);

	s = script_new(done_on_any);
	push_shared(s, 0, PORT);
	push_shared(s, 0, PORT); /* that number is taken */
	assert_int_equal(run_with(s, &m), CORE_DONE);
	assert_int_equal(s->last.error, EEXIST);
	script_free(s);
}

/* A descriptor of the caller makes a turn. */

static void look(void *user, nk_time now)
{
	struct script *s = user;
	eventfd_t n;

	(void)now;
	if (eventfd_read(*(int *)s->test, &n) == 0)
		s->status = CORE_DONE;
}

static void wakes_for_a_descriptor(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct script *s = script_new(ignore);
	struct run_options options = {.on_turn = look, .user = s, .wake_fd = fd};

	(void)state;
	assert_true(fd > 0);
	s->test = &fd;
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_int_equal(run_core(&script_ops, s, &options), CORE_DONE);
	script_free(s);
	close(fd);
}

/* Names */

static bool look_up(const char *name, struct addr *out)
{
	struct pollfd p = {.fd = lookup_begin(name, 3478, ADDR_NONE), .events = POLLIN};

	assert_true(p.fd > 0);
	assert_int_equal(poll(&p, 1, 30000), 1);
	return lookup_end(p.fd, out);
}

static void looks_up_beside_the_run(void **state)
{
	const struct addr want = addr_v4(192, 0, 2, 7, 3479);
	struct addr a = {.port = 1};

	(void)state;
	assert_true(look_up("192.0.2.7:3479", &a));
	assert_true(addr_eq(&a, &want));
	assert_false(look_up("192.0.2", &a));
	assert_true(addr_eq(&a, &want));
	/* Whoever asked does not wait for the answer. */
	for (unsigned i = 0; i < 20; i++)
		lookup_end(lookup_begin("192.0.2.7", 1, ADDR_NONE), &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_all_of_a_port),     cmocka_unit_test(sends_from_its_port),
		cmocka_unit_test(refuses_what_cannot_be),  cmocka_unit_test(wakes_for_a_descriptor),
		cmocka_unit_test(looks_up_beside_the_run),
	};

	script_warm_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
