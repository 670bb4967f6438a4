/* The loop and the links below it: lost, slow, without a route. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "io_script.h"
#include "own_net.h"

/**
 * struct loss - What happens to a link
 * @harmless:	A change that takes nothing from us
 * @harmful:	One that does, made when the first has been looked at
 */
struct loss {
	struct script *s;
	const char *harmless, *harmful;
	unsigned turns;
};

static void change_link(void *user, nk_time now)
{
	struct loss *t = user;

	(void)now;
	/* There is nothing to wake the second turn but the notice of the first change. */
	t->turns++;
	if (t->turns == 1)
		assert_true(command(t->harmless));
	if (t->turns == 2) {
		assert_int_equal(t->s->seen[EVENT_LINK_LOST], 0);
		assert_true(command(t->harmful));
	}
}

static void loss_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_LINK_LOST)
		s->status = NK_ERR_LINK_LOST;
}

static void test_loss(const char *interface, const char *local, const char *harmful)
{
	struct script *s = script_new(loss_event);
	struct loss t = {
		.s = s,
		.harmless = "ip addr add 192.0.2.77/24 dev nkv0",
		.harmful = harmful,
	};
	struct run_options options = {
		.interface = interface,
		.watch_links = true,
		.on_turn = change_link,
		.user = &t,
	};

	assert_true(command("ip link add nkv0 type veth peer name nkv1 && "
			    "ip addr add 192.0.2.1/24 dev nkv0 && "
			    "ip addr add 2001:db8::1/64 dev nkv0 nodad && "
			    "ip link set nkv0 up && ip link set nkv1 up"));
	push_open(s, 0, local, local == NULL ? "192.0.2.9" : NULL);
	if (interface == NULL)
		push_open(s, 1, "127.0.0.2", NULL);
	assert_int_equal(run_core(&script_ops, s, &options), NK_ERR_LINK_LOST);
	assert_int_equal(s->seen[EVENT_LINK_LOST], 1);
	assert_int_equal(s->seen[EVENT_OPEN_FAILED], 0);
	script_free(s);
	assert_true(command("ip link del nkv0 2>/dev/null; true"));
}

static void tells_that_the_link_is_lost(void **state)
{
	(void)state;
	NEED_OWN_NET();
	NEED(command("ip link show lo >/dev/null 2>&1"), "no ip command");
	test_loss(NULL, NULL, "ip addr del 192.0.2.1/24 dev nkv0");
	test_loss(NULL, NULL, "ip link set nkv0 down");
	test_loss(NULL, NULL, "ip link del nkv0");
	test_loss(NULL, "2001:db8::1", "ip addr del 2001:db8::1/64 dev nkv0");
	test_loss("nkv0", "0.0.0.0", "ip link set nkv0 down");
	test_loss("nkv0", "0.0.0.0", "ip link del nkv0");
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
	struct script *s;

	(void)state;
	NEED_OWN_NET();
	s = script_new(failed_event);
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

/* A socket that blocks: what its queue holds leaves when it can, and nothing is lost unsaid. */

struct slow {
	unsigned count;
};

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
	const struct slow *t = s->test;

	/* Each in two fragments. */
	if (sent_packets("nkv0") >= 2ul * (t->count - s->seen[EVENT_SEND_FAILED]))
		s->status = CORE_DONE;
	s->due = now + 10 * NK_MS;
}

static void slow_event(struct script *s, const struct event *ev, nk_time now)
{
	const struct slow *t = s->test;

	if (ev->kind == EVENT_SEND_FAILED)
		assert_int_equal(ev->error, ENOBUFS);
	if (ev->kind != EVENT_OPENED)
		return;
	for (unsigned i = 0; i < t->count; i++)
		push_send(s, 0, addr_with_port(addr_of("192.0.2.9"), 9), 2048);
	s->due = now;
}

static unsigned failures_on_a_slow_link(unsigned count)
{
	struct slow t = {.count = count};
	struct script *s;
	unsigned failed;

	NEED(command("ip link add nkv0 type veth peer name nkv1 && "
		     "ip addr add 192.0.2.1/24 dev nkv0 && ip link set nkv0 up && "
		     "ip link set nkv1 arp off up && "
		     "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev nkv0 nud permanent && "
		     "tc qdisc add dev nkv0 root tbf rate 2mbit burst 4kb limit 10mb 2>/dev/null"),
	     "no traffic shaping here");
	s = script_new(slow_event);
	s->test = &t;
	s->on_due = slow_due;
	push_open(s, 0, NULL, "192.0.2.9");
	assert_int_equal(run(s), CORE_DONE);
	failed = s->seen[EVENT_SEND_FAILED];
	script_free(s);
	assert_true(command("ip link del nkv0"));
	return failed;
}

static int send_buffer(void)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int size = INT_MAX;
	socklen_t len = sizeof(size);

	getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len);
	close(fd);
	return size;
}

static void waits_for_a_slow_link(void **state)
{
	unsigned failed;

	(void)state;
	NEED_OWN_NET();
	NEED(send_buffer() <= 256 * 2048,
	     "the send buffer of this system is too large to be filled");
	assert_int_equal(failures_on_a_slow_link(200), 0);
	failed = failures_on_a_slow_link(800);
	/* A socket gets half of the pool of 512, and the kernel's buffer has less than that. */
	assert_in_range(failed, 800 - 512 + 1, 800 - 256);
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
	struct script *s;

	(void)state;
	NEED_OWN_NET();
	s = script_new(ping_event);
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

static int enter(void **state)
{
	(void)state;
	own_net_enter();
	script_warm_up();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_that_the_link_is_lost, count_files,
						same_files),
		cmocka_unit_test_setup_teardown(tells_that_a_send_failed, count_files, same_files),
		cmocka_unit_test_setup_teardown(waits_for_a_slow_link, count_files, same_files),
		cmocka_unit_test_setup_teardown(pings, count_files, same_files),
	};

	return cmocka_run_group_tests_name("io_link", tests, enter, NULL);
}
