/* Doors and knocks on real sockets, in a network namespace of its own where one can be had. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "io_script.h"
#include "own_net.h"

enum { DOOR = 0, KNOCK = 1 };

static void push_tcp(struct script *s, uint32_t id, enum socket_kind kind, struct addr local,
		     struct addr peer)
{
	struct action *a = push(s, ACTION_OPEN, id);

	a->socket = kind;
	a->local = local;
	a->peer = peer;
}

/* A knock comes to the door, from where it says that it came from; each is told but once. */

struct visit {
	const char *from;
	unsigned knocks, want;
	struct addr knocker;
};

static void visit_event(struct script *s, const struct event *ev, nk_time now)
{
	struct visit *v = s->test;

	(void)now;
	assert_int_not_equal(ev->kind, EVENT_OPEN_FAILED);
	if (ev->kind == EVENT_KNOCK) {
		assert_int_equal(ev->id, DOOR);
		assert_true(addr_eq(&ev->local, &s->local[DOOR]));
		assert_true(addr_eq(&ev->from, &v->knocker));
		v->knocks++;
	} else if (ev->id == KNOCK) {
		assert_int_equal(addr_is_any(&ev->local), false);
		v->knocker = ev->local;
		push(s, ACTION_CLOSE, KNOCK);
	}
	if (v->knocks == v->want)
		s->status = CORE_DONE;
	else if (s->seen[EVENT_OPENED] == 1 + v->knocks)
		push_tcp(s, KNOCK, SOCKET_TCP_KNOCK, addr_of(v->from), s->local[DOOR]);
}

static void test_visit(const char *door, const char *from)
{
	struct visit v = {.from = from, .want = 3};
	struct script *s = script_new(visit_event);

	s->test = &v;
	push_tcp(s, DOOR, SOCKET_TCP_DOOR, addr_of(door), (struct addr){0});
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->seen[EVENT_OPENED], 4);
	script_free(s);
}

static void knocks_are_told(void **state)
{
	(void)state;
	test_visit("127.0.0.3", "127.0.0.2");
	test_visit("::1", "::1");
}

/* Nobody there: refused, and the number is free again. */

static void refused_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->id == DOOR && ev->kind == EVENT_OPENED) {
		push(s, ACTION_CLOSE, DOOR);
		push_tcp(s, KNOCK, SOCKET_TCP_KNOCK, addr_of("127.0.0.1"), ev->local);
		return;
	}
	assert_int_equal(ev->kind, EVENT_OPEN_FAILED);
	assert_int_equal(ev->error, ECONNREFUSED);
	if (s->seen[EVENT_OPEN_FAILED] == 2)
		s->status = CORE_DONE;
	else
		push_tcp(s, KNOCK, SOCKET_TCP_KNOCK, addr_of("127.0.0.1"), s->local[DOOR]);
}

static void a_closed_port_refuses(void **state)
{
	struct script *s = script_new(refused_event);

	(void)state;
	push_tcp(s, DOOR, SOCKET_TCP_DOOR, addr_of("127.0.0.1"), (struct addr){0});
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

/* A port that a program has is not ours, whatever address it has it at. */

static void a_taken_port_is_told(void **state)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct script *s = script_new(done_on_any);
	socklen_t len = sizeof(sa);
	const int on = 1;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	push_tcp(s, DOOR, SOCKET_TCP_DOOR, addr_v4(127, 0, 0, 1, ntohs(sa.sin_port)),
		 (struct addr){0});
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPEN_FAILED);
	assert_int_equal(s->last.error, EADDRINUSE);
	script_free(s);
	close(fd);
}

/* Let in and thrown out before we looked: that is let in. */

static void thrown_out_event(struct script *s, const struct event *ev, nk_time now)
{
	const int *listener = s->test;

	(void)now;
	if (ev->id != KNOCK) { /* the knock is under way, and nobody has looked at it */
		const struct linger reset = {.l_onoff = 1};
		const int fd = accept(*listener, NULL, NULL);

		assert_true(fd >= 0);
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
		close(fd);
		return;
	}
	assert_int_equal(ev->kind, EVENT_OPENED);
	s->status = CORE_DONE;
}

static void who_was_thrown_out_was_let_in(void **state)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct script *s = script_new(thrown_out_event);
	socklen_t len = sizeof(sa);

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	s->test = &listener;
	push_tcp(s, KNOCK, SOCKET_TCP_KNOCK, addr_of("127.0.0.1"),
		 addr_v4(127, 0, 0, 1, ntohs(sa.sin_port)));
	push_open(s, 2, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
	close(listener);
}

/* Who has come and gone again before we looked has come. What is there is neither read nor kept. */

static void guest_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED) {
		const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		const struct sockaddr_in sa = {.sin_family = AF_INET,
					       .sin_port = htons(ev->local.port),
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

		assert_int_equal(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
		assert_int_equal(send(fd, "hello", 5, 0), 5);
		close(fd);
		return;
	}
	assert_int_equal(ev->kind, EVENT_KNOCK);
	s->status = CORE_DONE;
}

static void a_guest_who_has_left_was_there(void **state)
{
	struct script *s = script_new(guest_event);

	(void)state;
	push_tcp(s, DOOR, SOCKET_TCP_DOOR, addr_of("127.0.0.1"), (struct addr){0});
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

static void twice_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)ev;
	(void)now;
	if (s->seen[EVENT_OPENED] + s->seen[EVENT_OPEN_FAILED] == 2)
		s->status = CORE_DONE;
}

static void a_number_is_open_once(void **state)
{
	struct script *s = script_new(twice_event);

	(void)state;
	push_tcp(s, DOOR, SOCKET_TCP_DOOR, addr_of("127.0.0.1"), (struct addr){0});
	push_tcp(s, DOOR, SOCKET_TCP_DOOR, addr_of("127.0.0.1"), (struct addr){0});
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.error, EEXIST);
	script_free(s);
}

static int enter(void **state)
{
	(void)state;
	own_net_enter();
	script_warm_up();
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, count_files, same_files)
	const struct CMUnitTest tests[] = {
		TEST(knocks_are_told),
		TEST(a_closed_port_refuses),
		TEST(a_taken_port_is_told),
		TEST(who_was_thrown_out_was_let_in),
		TEST(a_guest_who_has_left_was_there),
		TEST(a_number_is_open_once),
	};

	return cmocka_run_group_tests_name("io_tcp", tests, enter, NULL);
}
