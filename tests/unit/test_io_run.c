/* The loop on real sockets, in a network namespace of its own where one can be had. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/heap.h"
#include "io/clock.h"
#include "io/run.h"

#define FAN      1024
#define ACTIONS  4096
#define PATIENCE (30 * NK_S) /* of a run that will fail: nothing here takes a second */

/* Either its own namespace, whose links the tests may change, or none. */
static bool own_namespace;

/**
 * struct script - A core that does what a test queued and tells the test what happened
 * @on_event:	The test's part
 * @on_due:	Called when @due has passed
 */
struct script {
	struct action *actions;
	size_t first, count;
	void (*on_event)(struct script *s, const struct event *ev, nk_time now);
	void (*on_due)(struct script *s, nk_time now);
	nk_time due, give_up;
	int status;
	unsigned seen[EVENT_STOP + 1];
	struct addr local[2];
	struct event last;
	void *test;
};

static void script_input(void *core, const struct event *ev, nk_time now)
{
	struct script *s = core;

	s->seen[ev->kind]++;
	s->last = *ev;
	if (ev->kind == EVENT_OPENED && ev->id < 2)
		s->local[ev->id] = ev->local;
	s->on_event(s, ev, now);
}

static bool script_output(void *core, struct action *action, nk_time now)
{
	struct script *s = core;

	if (now >= s->give_up)
		s->status = NK_ERR_UNREACHABLE;
	if (now >= s->due) {
		s->due = NK_NEVER;
		s->on_due(s, now);
	}
	if (s->first == s->count)
		return false;
	*action = s->actions[s->first++];
	return true;
}

static nk_time script_deadline(const void *core)
{
	const struct script *s = core;

	return nk_min(s->due, s->give_up);
}

static int script_status(const void *core)
{
	return ((const struct script *)core)->status;
}

static const struct core_ops script_ops = {
	.input = script_input,
	.output = script_output,
	.deadline = script_deadline,
	.status = script_status,
};

static void ignore(struct script *s, const struct event *ev, nk_time now)
{
	(void)s;
	(void)ev;
	(void)now;
}

static struct script *script_new(void (*on_event)(struct script *, const struct event *, nk_time))
{
	struct script *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->actions = calloc(ACTIONS, sizeof(*s->actions));
	assert_non_null(s->actions);
	s->on_event = on_event;
	s->due = NK_NEVER;
	s->give_up = run_now() + PATIENCE;
	s->status = CORE_BUSY;
	return s;
}

static void script_free(struct script *s)
{
	free(s->actions);
	free(s);
}

static struct action *push(struct script *s, enum action_kind kind, uint32_t id)
{
	struct action *a = &s->actions[s->count++];

	assert_true(s->count <= ACTIONS);
	*a = (struct action){.kind = kind, .id = id};
	return a;
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static void push_open(struct script *s, uint32_t id, const char *local, const char *peer)
{
	struct action *a = push(s, ACTION_OPEN, id);

	if (local != NULL)
		a->local = addr_of(local);
	if (peer != NULL)
		a->peer = addr_with_port(addr_of(peer), 9);
}

static struct action *push_send(struct script *s, uint32_t id, struct addr to, size_t len)
{
	struct action *a = push(s, ACTION_SEND, id);

	a->to = to;
	a->len = len;
	for (size_t i = 0; i < len; i++)
		a->data[i] = (uint8_t)(i * 7 + id);
	return a;
}

static int run(struct script *s)
{
	struct run_options options = {.interface = NULL};

	return run_core(&script_ops, s, &options);
}

static unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 8192; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Descriptors open before a test: it must leave as many. */
static unsigned files_before;

static int count_files(void **state)
{
	(void)state;
	files_before = open_files();
	return 0;
}

static int same_files(void **state)
{
	(void)state;
	return open_files() == files_before ? 0 : -1;
}

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
	struct addr closed;
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
	}
	if (ev->kind == EVENT_ICMP_ERROR) {
		assert_int_equal(ev->id, 0);
		assert_int_equal(ev->error, ECONNREFUSED);
		assert_true(addr_eq(&ev->from, &s->local[1]));
		assert_true(addr_eq(&ev->local, &s->local[0]));
	}
	/* The kernel limits how many ICMP errors it sends; no datagram of ours may be missing. */
	if (s->seen[EVENT_ICMP_ERROR] > 0 && s->seen[EVENT_DATAGRAM] == t->want)
		s->status = CORE_DONE;
}

static void test_refused(const char *local)
{
	struct refused t = {.want = 20};
	struct script *s = script_new(refused_event);

	s->test = &t;
	push_open(s, 0, local, NULL);
	push_open(s, 1, local, NULL);
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

static void tells_icmp_errors(void **state)
{
	(void)state;
	test_refused("127.0.0.1");
	test_refused("::1");
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
	if (ev->kind == EVENT_OPENED)
		push(s, ACTION_OPEN, 1)->local = ev->local;
	record_failure(s, ev, now);
}

static void tells_why_it_cannot_open(void **state)
{
	struct script *s = script_new(in_use_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
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

static void done_on_any(struct script *s, const struct event *ev, nk_time now)
{
	(void)ev;
	(void)now;
	s->status = CORE_DONE;
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

static void reopen_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_not_equal(ev->kind, EVENT_OPEN_FAILED);
	if (ev->kind == EVENT_OPENED && ev->id == 1) {
		push_send(s, 1, s->local[0], 64);
		push(s, ACTION_CLOSE, 1);
		if (s->seen[EVENT_OPENED] <= 50)
			push(s, ACTION_OPEN, 1)->local = ev->local;
	}
	if (s->seen[EVENT_DATAGRAM] == 50)
		s->status = CORE_DONE;
}

static void reopens_a_number(void **state)
{
	struct script *s = script_new(reopen_event);

	(void)state;
	push_open(s, 0, "127.0.0.1", NULL);
	push_open(s, 1, "127.0.0.1", NULL);
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->seen[EVENT_OPENED], 51);
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

/* What needs links that we may change. */

static bool command(const char *text)
{
	const int rc = system(text);

	return rc == 0;
}

#define NEED(condition, reason)                                 \
	do {                                                    \
		if (!(condition)) {                             \
			print_message("skipped: %s\n", reason); \
			skip();                                 \
		}                                               \
	} while (0)

struct loss {
	const char *command;
};

static void loss_event(struct script *s, const struct event *ev, nk_time now)
{
	const struct loss *t = s->test;

	(void)now;
	if (ev->kind == EVENT_OPENED)
		assert_true(command(t->command));
	if (ev->kind == EVENT_LINK_LOST)
		s->status = NK_ERR_LINK_LOST;
}

static void test_loss(const char *interface, const char *what)
{
	struct run_options options = {.interface = interface, .watch_links = true};
	struct loss t = {.command = what};
	struct script *s = script_new(loss_event);

	assert_true(command("ip link add nkv0 type veth peer name nkv1 && "
			    "ip addr add 192.0.2.1/24 dev nkv0 && "
			    "ip link set nkv0 up && ip link set nkv1 up"));
	s->test = &t;
	push_open(s, 0, NULL, "192.0.2.9");
	assert_int_equal(run_core(&script_ops, s, &options), NK_ERR_LINK_LOST);
	assert_int_equal(s->seen[EVENT_LINK_LOST], 1);
	assert_int_equal(s->seen[EVENT_OPENED], 1);
	script_free(s);
	assert_true(command("ip link del nkv0 2>/dev/null; true"));
}

static void tells_that_the_link_is_lost(void **state)
{
	(void)state;
	NEED(own_namespace, "no network namespace of our own");
	NEED(command("ip link show lo >/dev/null 2>&1"), "no ip command");
	test_loss(NULL, "ip addr del 192.0.2.1/24 dev nkv0");
	test_loss(NULL, "ip link set nkv0 down");
	test_loss(NULL, "ip link del nkv0");
	test_loss("nkv0", "ip link del nkv0");
	/* A change that takes nothing from us is none, until one does. */
	test_loss(NULL, "ip addr add 192.0.2.77/24 dev nkv0; ip link set nkv1 mtu 1400; "
			"ip link del nkv0");
}

static void failed_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED)
		push_send(s, 0, addr_with_port(addr_of("198.51.100.1"), 9), 10);
	if (ev->kind == EVENT_SEND_FAILED)
		s->status = CORE_DONE;
}

static void tells_that_a_send_failed(void **state)
{
	struct script *s = script_new(failed_event);

	(void)state;
	NEED(own_namespace, "no network namespace of our own");
	push_open(s, 0, "0.0.0.0", NULL);
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.error, ENETUNREACH);
	assert_int_equal(s->last.id, 0);
	script_free(s);

	s = script_new(done_on_any);
	push_open(s, 0, NULL, "198.51.100.1");
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPEN_FAILED);
	assert_int_equal(s->last.error, ENETUNREACH);
	script_free(s);
}

/* A socket that blocks: all that its queue holds leaves when it can. */

#define SLOW_COUNT 200

static unsigned long sent_packets(const char *interface)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "r");
	char line[512];
	unsigned long v = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *colon = strchr(line, ':');

		if (colon != NULL && strstr(line, interface) != NULL)
			assert_int_equal(
				sscanf(colon + 1, "%*u %*u %*u %*u %*u %*u %*u %*u %*u %lu", &v),
				1);
	}
	fclose(f);
	return v;
}

static void slow_due(struct script *s, nk_time now)
{
	if (sent_packets("nkv0") >= SLOW_COUNT * 2) /* each in two fragments */
		s->status = CORE_DONE;
	s->due = now + 10 * NK_MS;
}

static void slow_event(struct script *s, const struct event *ev, nk_time now)
{
	assert_int_equal(ev->kind, EVENT_OPENED);
	for (unsigned i = 0; i < SLOW_COUNT; i++)
		push_send(s, 0, addr_with_port(addr_of("192.0.2.9"), 9), 2048);
	s->due = now;
}

static void waits_for_a_slow_link(void **state)
{
	struct script *s = script_new(slow_event);

	(void)state;
	NEED(own_namespace, "no network namespace of our own");
	NEED(command("ip link add nkv0 type veth peer name nkv1 && "
		     "ip addr add 192.0.2.1/24 dev nkv0 && ip link set nkv0 up && "
		     "ip link set nkv1 arp off up && "
		     "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev nkv0 nud permanent && "
		     "tc qdisc add dev nkv0 root tbf rate 10mbit burst 4kb limit 10mb 2>/dev/null"),
	     "no traffic shaping here");
	s->on_due = slow_due;
	push_open(s, 0, NULL, "192.0.2.9");
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->seen[EVENT_SEND_FAILED], 0);
	script_free(s);
	assert_true(command("ip link del nkv0"));
}

/* Ping sockets, which a namespace refuses until it is told otherwise. */

static void ping_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED) {
		struct action *a = push_send(s, 0, addr_of("127.0.0.1"), 16);

		memcpy(a->data, (const uint8_t[8]){8}, 8);
		return;
	}
	if (ev->kind == EVENT_DATAGRAM) {
		assert_int_equal(ev->len, 16);
		assert_int_equal(ev->data[0], 0); /* echo reply */
		assert_int_equal(ev->data[4] << 8 | ev->data[5], s->local[0].port);
		assert_int_not_equal(ev->ttl, 0);
	}
	s->status = CORE_DONE;
}

static void pings(void **state)
{
	struct script *s = script_new(ping_event);

	(void)state;
	NEED(own_namespace, "no network namespace of our own");
	push_open(s, 0, NULL, "127.0.0.1");
	s->actions[0].socket = SOCKET_ICMP;
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_OPEN_FAILED);
	assert_int_equal(s->last.error, EACCES);
	script_free(s);

	NEED(command("echo 0 0 2>/dev/null >/proc/sys/net/ipv4/ping_group_range"),
	     "ping_group_range cannot be set");
	s = script_new(ping_event);
	push_open(s, 0, NULL, "127.0.0.1");
	s->actions[0].socket = SOCKET_ICMP;
	assert_int_equal(run(s), CORE_DONE);
	assert_int_equal(s->last.kind, EVENT_DATAGRAM);
	script_free(s);
}

static bool write_text(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

static bool enter_user_namespace(void)
{
	char uid[64], gid[64];

	snprintf(uid, sizeof(uid), "0 %u 1", (unsigned)getuid());
	snprintf(gid, sizeof(gid), "0 %u 1", (unsigned)getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", uid) && write_text("/proc/self/gid_map", gid);
}

static int enter(void **state)
{
	struct script *s = script_new(ignore);

	(void)state;
	own_namespace = (unshare(CLONE_NEWNET) == 0 || enter_user_namespace()) &&
			command("ip link set lo up");
	s->status = CORE_DONE;
	run(s); /* libuv keeps two descriptors from its first loop on */
	script_free(s);
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
		TEST(binds_to_an_interface),
		TEST(reopens_a_number),
		TEST(sends_bursts),
		TEST(keeps_a_thousand_deadlines),
		TEST(stops_by_signal),
		TEST(second_signal_ends_at_once),
		TEST(ticks_without_events),
		TEST(notices_a_sleep),
		TEST(tells_that_the_link_is_lost),
		TEST(tells_that_a_send_failed),
		TEST(waits_for_a_slow_link),
		TEST(pings),
	};

	return cmocka_run_group_tests_name("io_run", tests, enter, NULL);
}
