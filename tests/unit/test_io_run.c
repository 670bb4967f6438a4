/* The loop on real sockets, in a network namespace of its own where one can be had. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/heap.h"
#include "io/clock.h"
#include "io_script.h"
#include "own_net.h"

#define FAN 1024

/* Both directions: address, TTL, sender's choice of address, the largest payload. */

struct echo {
	struct addr asked, from;
	uint8_t ttl;
};

static void echo_event(struct script *s, const struct event *ev, nk_time now)
{
	const struct echo *e = s->test;

	(void)now;
	if (ev->kind == EVENT_OPENED && ev->id == 1) {
		struct action *a = push_send(s, 1, addr_with_port(e->asked, s->local[0].port),
					     CORE_DATAGRAM_MAX);

		a->ttl = e->ttl;
		a->local = e->from;
		return;
	}
	if (ev->kind != EVENT_DATAGRAM)
		return;
	assert_int_equal(ev->len, CORE_DATAGRAM_MAX);
	for (size_t i = 0; i < ev->len; i++)
		assert_int_equal(ev->data[i], (uint8_t)(i * 7 + 1));
	if (ev->id == 0) {
		struct action *a = push(s, ACTION_SEND, 0);

		assert_int_equal(ev->ttl, e->ttl);
		assert_true(addr_same_ip(&ev->from, &e->from));
		assert_int_equal(ev->from.port, s->local[1].port);
		assert_true(addr_same_ip(&ev->local, &e->asked));
		assert_int_equal(ev->local.port, s->local[0].port);
		a->to = ev->from;
		a->local = ev->local;
		a->len = ev->len;
		memcpy(a->data, ev->data, ev->len);
	} else {
		assert_true(addr_same_ip(&ev->from, &e->asked));
		s->status = CORE_DONE;
	}
}

static void test_echo(const char *any, const char *asked, const char *client, const char *from)
{
	struct echo e = {.asked = addr_of(asked), .from = addr_of(from), .ttl = 33};
	struct script *s = script_new(echo_event);

	s->test = &e;
	s->actions[0] = (struct action){.kind = ACTION_OPEN};
	s->count = 1;
	s->actions[0].local = addr_of(any);
	push_open(s, 1, client, NULL);
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->seen[EVENT_DATAGRAM], 2);
	script_free(s);
}

static void echoes_ipv4(void **state)
{
	(void)state;
	/* A server on any address answers from the one that was asked. */
	test_echo("0.0.0.0", "127.0.0.3", "0.0.0.0", "127.0.0.2");
	test_echo("127.0.0.3", "127.0.0.3", "127.0.0.2", "127.0.0.2");
}

static void echoes_ipv6(void **state)
{
	(void)state;
	test_echo("::1", "::1", "::", "::1");
}

/* A socket with a peer is bound to the address that leads there, and open to all. */

static void done_when_open(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_equal(ev->kind, EVENT_OPENED);
	s->status = CORE_DONE;
}

static void binds_towards_the_peer(void **state)
{
	struct script *s = script_new(done_when_open);
	const struct addr want = addr_of("127.0.0.1");

	(void)state;
	push_open(s, 0, NULL, "127.0.0.9");
	assert_int_equal(run(s), CORE_DONE);
	assert_true(addr_same_ip(&s->local[0], &want));
	assert_int_not_equal(s->local[0].port, 0);
	script_free(s);
}

/* An ICMP error is told as one, and the sends after it are not taken for failures. */

struct refused {
	uint8_t type, code;
	unsigned want;
};

static void refused_event(struct script *s, const struct event *ev, nk_time now)
{
	const struct refused *t = s->test;

	(void)now;
	assert_int_not_equal(ev->kind, EVENT_SEND_FAILED);
	if (ev->kind == EVENT_OPENED && ev->id == 1) {
		push(s, ACTION_CLOSE, 1);
		for (unsigned i = 0; i < t->want; i++) {
			push_send(s, 0, s->local[1], 100);
			push_send(s, 0, s->local[0], 100);
		}
		/* The close makes what was sent leave, so that the next send is the one to be told
		 * of the error. */
		push_send(s, 0, s->local[1], 100);
		push(s, ACTION_CLOSE, 2);
		push_send(s, 0, s->local[0], 100);
	}
	if (ev->kind == EVENT_ICMP_ERROR) {
		assert_int_equal(ev->id, 0);
		assert_int_equal(ev->error, ECONNREFUSED);
		assert_true(addr_eq(&ev->from, &s->local[1]));
		assert_true(addr_eq(&ev->local, &s->local[0]));
		assert_true(addr_same_ip(&ev->reporter, &s->local[1]));
		assert_int_equal(ev->reporter.port, 0);
		assert_int_equal(ev->icmp_type, t->type);
		assert_int_equal(ev->icmp_code, t->code);
		if (s->seen[EVENT_ICMP_ERROR] == 1) /* the socket is heard after it, too */
			push_send(s, 0, s->local[0], 100);
	}
	/* The kernel limits how many ICMP errors it sends; no datagram of ours may be missing. */
	if (s->seen[EVENT_ICMP_ERROR] > 0 && s->seen[EVENT_DATAGRAM] == t->want + 2)
		s->status = CORE_DONE;
}

static void test_refused(const char *local, uint8_t type, uint8_t code)
{
	struct refused t = {.type = type, .code = code, .want = 20};
	struct script *s = script_new(refused_event);

	s->test = &t;
	push_open(s, 2, local, NULL);
	push_open(s, 0, local, NULL);
	push_open(s, 1, local, NULL);
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

static void tells_icmp_errors(void **state)
{
	(void)state;
	test_refused("127.0.0.1", 3, 3);
	test_refused("::1", 1, 4);
}

/* Failures to open say why, and leave the number free. */

static void record_failure(struct script *s, const struct event *ev, nk_time now)
{
	(void)ev;
	(void)now;
	if (s->seen[EVENT_OPEN_FAILED] + s->seen[EVENT_OPENED] == 2)
		s->status = CORE_DONE;
}

static int second_open_error(struct script *s)
{
	int error;

	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPEN_FAILED);
	error = s->last.error;
	script_free(s);
	return error;
}

static void in_use_event(struct script *s, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_OPENED && ev->id == 0) {
		struct action *a = push(s, ACTION_OPEN, 1);

		a->local = ev->local;
		a->many = s->test != NULL;
	}
	record_failure(s, ev, now);
}

static void tells_why_it_cannot_open(void **state)
{
	struct script *s = script_new(in_use_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	assert_int_equal(second_open_error(s), EADDRINUSE);

	s = script_new(in_use_event);
	push_open(s, 0, "127.0.0.1", NULL);
	s->actions[0].many = true; /* it takes both to share a port */
	assert_int_equal(second_open_error(s), EADDRINUSE);

	s = script_new(record_failure);
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "192.0.2.200", NULL);
	assert_int_equal(second_open_error(s), EADDRNOTAVAIL);

	s = script_new(record_failure);
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 0, "127.0.0.1", NULL);
	assert_int_equal(second_open_error(s), EEXIST);

	s = script_new(record_failure);
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "127.0.0.1", "::1");
	assert_int_equal(second_open_error(s), EAFNOSUPPORT);
}

static void shares_a_port(void **state)
{
	struct script *s = script_new(in_use_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	s->actions[0].many = true;
	s->test = s; /* the second one is for many, too */
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->seen[EVENT_OPENED], 2);
	assert_true(addr_eq(&s->local[0], &s->local[1]));
	script_free(s);
}

/* What no core should do does no harm. */

static void misuse_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED) {
		push(s, ACTION_CLOSE, 4711);
		push_send(s, 4711, s->local[0], 1);
		push_send(s, 0, s->local[0], 1)->len = CORE_DATAGRAM_MAX + 1;
		return;
	}
	assert_int_equal(ev->kind, EVENT_SEND_FAILED);
	assert_int_equal(ev->error, s->seen[EVENT_SEND_FAILED] == 1 ? EBADF : EMSGSIZE);
	if (s->seen[EVENT_SEND_FAILED] == 2)
		s->status = CORE_DONE;
}

static void bears_misuse(void **state)
{
	struct script *s = script_new(misuse_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

static void fill_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED) {
		push_open(s, ev->id + 1, "127.0.0.1", NULL);
		return;
	}
	assert_int_equal(ev->kind, EVENT_OPEN_FAILED);
	assert_int_equal(ev->error, EMFILE);
	s->status = CORE_DONE;
}

static void holds_a_bounded_number_of_sockets(void **state)
{
	struct script *s = script_new(fill_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	assert_true(s->seen[EVENT_OPENED] <= 4096);
	script_free(s);
}

static void binds_to_an_interface(void **state)
{
	struct run_options options = {.interface = "lo"};
	struct script *s = script_new(done_on_any);

	(void)state;
	push_open(s, 0, NULL, "127.0.0.1");
	assert_int_equal(run_core(&script_ops, s, &options), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPENED);
	script_free(s);

	s = script_new(done_on_any);
	options.interface = "nk-none";
	push_open(s, 0, NULL, "127.0.0.1");
	assert_int_equal(run_core(&script_ops, s, &options), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPEN_FAILED);
	assert_int_equal(s->last.error, ENODEV);
	script_free(s);
}

/* What is sent before a close leaves, and number and port are free at once. */

#define REOPENS 5000 /* more than may be open at once */

static void reopen_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_not_equal(ev->kind, EVENT_OPEN_FAILED);
	if (ev->kind == EVENT_OPENED && ev->id == 1) {
		push_send(s, 1, s->local[0], 64);
		push(s, ACTION_CLOSE, 1);
		if (s->seen[EVENT_OPENED] <= REOPENS)
			push(s, ACTION_OPEN, 1)->local = ev->local;
	}
	if (s->seen[EVENT_DATAGRAM] == REOPENS)
		s->status = CORE_DONE;
}

static void reopens_a_number(void **state)
{
	struct script *s = script_new(reopen_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->seen[EVENT_OPENED], REOPENS + 1);
	script_free(s);
}

/* More in one turn than a socket's queue holds. */

static void burst_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_not_equal(ev->kind, EVENT_SEND_FAILED);
	if (ev->kind == EVENT_OPENED && ev->id == 1)
		for (unsigned i = 0; i < 300; i++)
			push_send(s, 1, s->local[0], 20);
	if (s->seen[EVENT_DATAGRAM] == 300)
		s->status = CORE_DONE;
}

static void sends_bursts(void **state)
{
	struct script *s = script_new(burst_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

/* A socket is closed with more waiting in it than was read. */

static void flooded_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED && ev->id == 1)
		for (unsigned i = 0; i < 300; i++)
			push_send(s, 1, s->local[0], 20);
	if (ev->kind == EVENT_DATAGRAM && s->seen[EVENT_DATAGRAM] == 1) {
		push(s, ACTION_CLOSE, 0);
		s->due = now + 10 * NK_MS;
	}
}

static void flooded_due(struct script *s, nk_time now)
{
	(void)now;
	s->status = CORE_DONE;
}

static void closes_a_flooded_socket(void **state)
{
	struct script *s = script_new(flooded_event);

	(void)state;
	s->on_due = flooded_due;
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	assert_in_range(s->seen[EVENT_DATAGRAM], 1, 299);
	script_free(s);
}

/* A core that answers in place: nothing is lost or mixed up, and it learns when nothing waits. */

#define ASKED 300

static void answers_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED && ev->id == 1)
		for (unsigned i = 0; i < ASKED; i++)
			push_send(s, 1, s->local[0], 1 + i)->data[0] = (uint8_t)i;
}

static bool answers_answer(void *core, const struct event *ev, struct action *first, nk_time now)
{
	struct script *s = core;
	unsigned *idle = s->test;

	if (ev->id == 1) {
		script_input(core, ev, now);
		assert_int_equal(ev->data[0], (uint8_t)(ev->len - 1));
		s->status = s->seen[EVENT_DATAGRAM] == ASKED ? CORE_DONE : CORE_BUSY;
		return false;
	}
	*idle += !ev->more;
	first->kind = ACTION_SEND;
	first->id = ev->id;
	first->local = (struct addr){.port = 0};
	first->to = ev->from;
	first->ttl = 0;
	first->len = ev->len;
	memcpy(first->data, ev->data, ev->len);
	return true;
}

static void answers_in_place(void **state)
{
	struct script *s = script_new(answers_event);
	struct run_options options = {.interface = NULL};
	struct core_ops ops = script_ops;
	unsigned idle = 0;

	(void)state;
	s->test = &idle;
	ops.answer = answers_answer;
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "127.0.0.1", NULL);
	assert_int_equal(run_core(&ops, s, &options), CORE_DONE);
	assert_in_range(idle, 1, ASKED / 8);
	script_free(s);
}

/* What several sockets send in one turn leaves in the order of their sends. */

#define IN_TURN 8u

static void turns_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED && ev->id == IN_TURN)
		for (uint32_t id = 1; id <= IN_TURN; id++)
			push_send(s, id, s->local[0], 1);
	if (ev->kind != EVENT_DATAGRAM)
		return;
	assert_int_equal(ev->data[0], s->seen[EVENT_DATAGRAM]);
	if (s->seen[EVENT_DATAGRAM] == IN_TURN)
		s->status = CORE_DONE;
}

static void sends_in_order(void **state)
{
	struct script *s = script_new(turns_event);

	(void)state;
	for (uint32_t id = 0; id <= IN_TURN; id++)
		push_open(s, id, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

/* A fan: each socket has a deadline of its own, in no order, and is answered. */

struct fan {
	struct heap heap;
	nk_time at[FAN], due[FAN];
	uint32_t order[FAN], where[FAN];
	bool answered[FAN];
	unsigned opened, answers, sent;
};

#define FAN_ID(i) ((uint32_t)(i)*4096u + 77u) /* as hard on a hash as it gets */

static void fan_due(struct script *s, nk_time now)
{
	struct fan *f = s->test;
	uint32_t i;

	while ((i = heap_due(&f->heap, now)) != HEAP_NONE) {
		assert_true(now >= f->due[i]);
		push_send(s, FAN_ID(i), s->local[0], 32);
		heap_set(&f->heap, i, NK_NEVER);
		f->sent++;
	}
	s->due = heap_next(&f->heap);
}

static void fan_opened(struct script *s, uint32_t i, nk_time now)
{
	struct fan *f = s->test;

	f->due[i] = now + (nk_time)(i * 389u % 1000u) * 300;
	heap_set(&f->heap, i, f->due[i]);
	s->due = heap_next(&f->heap);
	f->opened++;
}

static void fan_event(struct script *s, const struct event *ev, nk_time now)
{
	struct fan *f = s->test;

	assert_true(ev->kind == EVENT_OPENED || ev->kind == EVENT_DATAGRAM);
	if (ev->kind == EVENT_OPENED && ev->id != 0) {
		fan_opened(s, (ev->id - 77u) / 4096u, now);
	} else if (ev->kind == EVENT_DATAGRAM && ev->id == 0) {
		push_send(s, 0, ev->from, 32);
	} else if (ev->kind == EVENT_DATAGRAM) {
		const uint32_t i = (ev->id - 77u) / 4096u;

		assert_true(i < FAN && !f->answered[i]);
		f->answered[i] = true;
		if (++f->answers == FAN)
			s->status = CORE_DONE;
	}
}

static void keeps_a_thousand_deadlines(void **state)
{
	struct fan *f = calloc(1, sizeof(*f));
	struct script *s = script_new(fan_event);

	(void)state;
	assert_non_null(f);
	heap_init(&f->heap, f->at, f->order, f->where, FAN);
	s->test = f;
	s->on_due = fan_due;
	push_open(s, 0, "127.0.0.1", NULL);
	for (unsigned i = 0; i < FAN; i++)
		push_open(s, FAN_ID(i), NULL, "127.0.0.1");
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(f->opened, FAN);
	assert_int_equal(f->sent, FAN);
	script_free(s);
	free(f);
}

/* Signals. */

static void raise_on_turn(void *user, nk_time now)
{
	(void)user;
	(void)now;
	raise(SIGTERM);
}

static void hang_up_on_turn(void *user, nk_time now)
{
	(void)user;
	(void)now;
	raise(SIGHUP);
}

static void stop_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_equal(ev->kind, EVENT_STOP);
	s->status = NK_ERR_STOPPED;
}

static void stops_by_signal(void **state)
{
	struct run_options options = {.on_turn = raise_on_turn};
	struct script *s = script_new(stop_event);

	(void)state;
	assert_int_equal(run_core(&script_ops, s, &options), NK_ERR_STOPPED);
	assert_int_equal(s->seen[EVENT_STOP], 1);
	assert_int_equal(options.signal, SIGTERM);
	script_free(s);
}

static void stops_by_hangup(void **state)
{
	struct run_options options = {.on_turn = hang_up_on_turn};
	struct script *s = script_new(stop_event);

	(void)state;
	signal(SIGHUP, SIG_DFL); /* as it is without nohup */
	assert_int_equal(run_core(&script_ops, s, &options), NK_ERR_STOPPED);
	assert_int_equal(options.signal, SIGHUP);
	script_free(s);
}

static void second_signal_ends_at_once(void **state)
{
	struct run_options options = {.on_turn = raise_on_turn};
	struct script *s = script_new(ignore);

	(void)state;
	assert_int_equal(run_core(&script_ops, s, &options), NK_ERR_STOPPED);
	assert_int_equal(s->seen[EVENT_STOP], 1);
	assert_int_equal(s->status, CORE_BUSY);
	script_free(s);
}

/* Two signals, and a turn for each: the core ends the run when both have been seen. */
struct twice {
	struct script *s;
	unsigned turns;
};

static void raise_twice(void *user, nk_time now)
{
	struct twice *t = user;

	(void)now;
	if (++t->turns <= 2)
		raise(SIGTERM);
	else
		t->s->status = CORE_DONE;
}

static void signals_that_come_together_are_one(void **state)
{
	struct script *s = script_new(ignore);
	struct twice t = {.s = s};
	struct run_options options = {.on_turn = raise_twice, .user = &t};

	(void)state;
	assert_int_equal(run_core(&script_ops, s, &options), CORE_DONE);
	assert_int_equal(s->seen[EVENT_STOP], 1);
	assert_int_equal(options.signal, SIGTERM);
	script_free(s);
}

struct ticks {
	struct script *s;
	unsigned count;
};

static void count_ticks(void *user, nk_time now)
{
	struct ticks *t = user;

	(void)now;
	if (++t->count == 5)
		t->s->status = CORE_DONE;
}

static void ticks_without_events(void **state)
{
	struct script *s = script_new(ignore);
	struct ticks t = {.s = s};
	struct run_options options = {.on_turn = count_ticks, .user = &t, .tick = 10 * NK_MS};

	(void)state;
	assert_int_equal(run_core(&script_ops, s, &options), CORE_DONE);
	assert_int_equal(t.count, 5);
	script_free(s);
}

static void notices_a_sleep(void **state)
{
	struct clock_sleep c = clock_sleep_start(100 * NK_S, 90 * NK_S);

	(void)state;
	assert_false(clock_slept(&c, 200 * NK_S, 190 * NK_S));
	assert_false(clock_slept(&c, 201 * NK_S, 190 * NK_S + NK_S / 2));
	assert_true(clock_slept(&c, 300 * NK_S, 250 * NK_S));
	assert_false(clock_slept(&c, 301 * NK_S, 251 * NK_S));
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
		TEST(echoes_ipv4),
		TEST(echoes_ipv6),
		TEST(binds_towards_the_peer),
		TEST(tells_icmp_errors),
		TEST(tells_why_it_cannot_open),
		TEST(shares_a_port),
		TEST(bears_misuse),
		TEST(holds_a_bounded_number_of_sockets),
		TEST(binds_to_an_interface),
		TEST(reopens_a_number),
		TEST(sends_bursts),
		TEST(closes_a_flooded_socket),
		TEST(answers_in_place),
		TEST(sends_in_order),
		TEST(keeps_a_thousand_deadlines),
		TEST(stops_by_signal),
		TEST(stops_by_hangup),
		TEST(second_signal_ends_at_once),
		TEST(signals_that_come_together_are_one),
		TEST(ticks_without_events),
		TEST(notices_a_sleep),
	};

	return cmocka_run_group_tests_name("io_run", tests, enter, NULL);
}
