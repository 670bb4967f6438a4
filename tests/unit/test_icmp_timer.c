/* The ICMP timer against a broker and a NAT that keeps query ids for a time of its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/broker/broker.h"
#include "core/probe/icmp_timer.h"
#include "wire/icmp_echo.h"

#define CONTROL   1u
#define ID_OFFSET 1000 /* what the NAT adds to an id */

/**
 * struct net - Client, NAT and broker, with no time between them
 * @timer:	Of the NAT, for queries; 0: none passes
 * @last:	By trial: when its mapping was last used
 * @pings, @most: Echo requests sent, and the most mappings held at once
 */
struct net {
	struct rng rng;
	struct probe_options options;
	struct exchanges exchanges;
	struct budget budget;
	struct asker asker;
	struct fan fan;
	struct icmp_timer icmp;
	struct probe_result result;
	struct broker *broker;
	nk_time now, timer;
	nk_time last[ICMP_TRIALS_MAX];
	unsigned pings, most;
	int open_error;
};

static struct net net;

static struct addr server(void)
{
	return addr_v4(192, 0, 2, 1, 3478);
}

static struct addr public_ip(uint16_t port)
{
	return addr_v4(198, 51, 100, 10, port);
}

static void to_broker(uint32_t id, struct addr from, const uint8_t *data, size_t len)
{
	const struct event ev = {.kind = EVENT_DATAGRAM,
				 .id = id,
				 .from = from,
				 .local = server(),
				 .data = data,
				 .len = len};

	broker_input(net.broker, &ev, net.now);
}

static void to_socket(uint32_t index, const uint8_t *data, size_t len)
{
	const struct event ev = {.kind = EVENT_DATAGRAM,
				 .id = ICMP_SOCKETS + index,
				 .from = addr_with_port(server(), 0),
				 .data = data,
				 .len = len};

	net.last[index] = net.now;
	icmp_timer_input(&net.icmp, &ev, net.now);
}

static bool held(uint32_t index)
{
	return net.last[index] >= 0 && net.now - net.last[index] < net.timer;
}

/* Through the NAT to the kernel of the server, which answers, and to the broker, which looks on. */
static void ping(uint32_t index, struct action *a)
{
	struct icmp_echo e;
	unsigned n = 0;

	assert_int_equal(icmp_echo_read(&e, ADDR_V4, a->data, a->len), 0);
	assert_true(e.request);
	assert_int_equal(e.id, index + 1);
	net.pings++;
	if (net.timer == 0)
		return;
	net.last[index] = net.now;
	for (uint32_t i = 0; i < ICMP_TRIALS_MAX; i++)
		n += held(i);
	net.most = n > net.most ? n : net.most;
	e.id += ID_OFFSET;
	icmp_echo_finish(a->data, ADDR_V4, &e);
	to_broker(2, public_ip(0), a->data, a->len);
	e.request = false;
	e.id -= ID_OFFSET;
	icmp_echo_finish(a->data, ADDR_V4, &e);
	to_socket(index, a->data, a->len);
}

static void client_does(struct action *a)
{
	const uint32_t index = a->id - ICMP_SOCKETS;
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};

	switch (a->kind) {
	case ACTION_OPEN:
		assert_int_equal(a->socket, SOCKET_ICMP);
		ev.local = addr_v4(100, 64, 0, 2, (uint16_t)(index + 1));
		ev.error = net.open_error;
		if (ev.error != 0)
			ev.kind = EVENT_OPEN_FAILED;
		icmp_timer_input(&net.icmp, &ev, net.now);
		break;
	case ACTION_SEND:
		if (a->id == CONTROL)
			to_broker(0, public_ip(50000), a->data, a->len);
		else
			ping(index, a);
		break;
	default:
		break;
	}
}

static void broker_does(const struct action *a)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id, .local = a->local};
	struct icmp_echo e;
	uint8_t copy[256];

	if (a->kind == ACTION_OPEN) {
		broker_input(net.broker, &ev, net.now);
	} else if (a->id == 0) {
		ev = (struct event){.kind = EVENT_DATAGRAM,
				    .id = CONTROL,
				    .from = server(),
				    .data = a->data,
				    .len = a->len};
		asker_input_control(&net.asker, &ev, net.now);
	} else {
		assert_int_equal(a->id, 2);
		assert_int_equal(icmp_echo_read(&e, ADDR_V4, a->data, a->len), 0);
		assert_false(e.request);
		assert_true(a->len <= sizeof(copy));
		memcpy(copy, a->data, a->len);
		e.id -= ID_OFFSET;
		icmp_echo_finish(copy, ADDR_V4, &e);
		if (held(e.id - 1u))
			to_socket(e.id - 1u, copy, a->len);
	}
}

/* All that is to be done at this moment. */
static void turn(void)
{
	static struct action a;
	struct ask_verdict v;
	bool more = true;

	while (more) {
		more = false;
		while (icmp_timer_output(&net.icmp, &a, net.now) ||
		       asker_output(&net.asker, &a, net.now)) {
			client_does(&a);
			more = true;
		}
		while (broker_output(net.broker, &a, net.now)) {
			broker_does(&a);
			more = true;
		}
		while (asker_take(&net.asker, &v, net.now)) {
			icmp_timer_verdict(&net.icmp, &v, net.now);
			more = true;
		}
	}
}

static nk_time deadline(void)
{
	return nk_min(icmp_timer_deadline(&net.icmp),
		      nk_min(asker_deadline(&net.asker), broker_deadline(net.broker)));
}

static void run(nk_time d)
{
	const nk_time end = net.now + d;

	turn();
	while (deadline() <= end) {
		assert_true(deadline() > net.now); /* else it would be called for nothing */
		net.now = deadline();
		turn();
	}
	net.now = end;
}

static void set_up(nk_time timer, int open_error)
{
	struct broker_config config = broker_default_config();
	static const uint8_t seed[32] = {3};

	assert_int_equal(crypto_init(), 0);
	memset(&net, 0, sizeof(net));
	memset(net.last, 0xff, sizeof(net.last));
	net.now = 1000 * NK_S;
	net.timer = timer;
	net.open_error = open_error;
	net.options = (struct probe_options){
		.max = 120 * NK_S, .resolution = 0.01, .mappings = 64, .pace = 20 * NK_MS};
	config.listen[0] = addr_with_port(server(), 0);
	config.listen_count = 1;
	config.sessions_max = 4;
	config.trials_max = 256;
	net.broker = broker_new(&config, seed);
	assert_non_null(net.broker);
	broker_start(net.broker, net.now);

	rng_seed_from_number(&net.rng, 5);
	exchanges_init(&net.exchanges, &net.rng);
	budget_init(&net.budget, net.options.mappings, net.options.pace);
	asker_start(&net.asker, CONTROL, &(struct addr){{0}, 0}, &net.exchanges);
	net.asker.server = server();
	asker_open_session(&net.asker, 5);
	net.fan.options = &net.options;
	net.fan.asker = &net.asker;
	net.fan.budget = &net.budget;
	net.fan.exchanges = &net.exchanges;
	net.fan.result = &net.result;
	timeout_grid_init(&net.fan.grid, nk_seconds(net.options.max));
	icmp_timer_try(&net.icmp, &net.asker.server, &(struct addr){{0}, 0});
	turn();
	assert_int_equal(net.asker.mode, ASKER_SERVICE);
	assert_true((net.asker.abilities & PROBE_ABLE_ICMP) != 0);
	assert_int_equal(net.pings, 0);
}

static struct measured tear_down(void)
{
	struct measured m;

	icmp_timer_report(&net.icmp, &m);
	broker_free(net.broker);
	return m;
}

static void test_finds_timers(void **state)
{
	static const double truths[] = {3, 5, 17, 30, 60, 77};

	(void)state;
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		struct measured m;

		set_up(nk_from_seconds(truths[i]), 0);
		assert_true(net.icmp.permitted);
		icmp_timer_start(&net.icmp, &net.fan, net.now);
		run(nk_from_seconds(4 * truths[i] + 10));
		m = tear_down();
		assert_true(m.known);
		assert_true(m.lo <= truths[i] && truths[i] <= m.hi);
		assert_true(m.hi - m.lo <= 0.1 * truths[i] + 0.5);
		assert_true(net.most <= ICMP_HELD);
		assert_true(net.pings <= ICMP_TRIALS_MAX);
	}
}

static void test_cut_short(void **state)
{
	struct measured m;

	(void)state;
	set_up(60 * NK_S, 0);
	icmp_timer_start(&net.icmp, &net.fan, net.now);
	run(20 * NK_S);
	m = tear_down();
	assert_false(m.known);
	assert_true(m.at_least > 5 && m.at_least < 20);
	assert_true(m.why[0] != '\0');
}

static void test_nothing_passes(void **state)
{
	struct measured m;

	(void)state;
	set_up(0, 0);
	icmp_timer_start(&net.icmp, &net.fan, net.now);
	run(60 * NK_S);
	m = tear_down();
	assert_false(m.known);
	assert_true(m.at_least <= 0);
	assert_string_equal(m.why, "no ping was answered");
	assert_true(net.pings < ICMP_HELD); /* it was given up */
}

static void test_not_permitted(void **state)
{
	struct measured m;

	(void)state;
	set_up(5 * NK_S, 13);
	assert_false(net.icmp.permitted);
	m = tear_down();
	assert_int_equal(m.why_kind, WHY_NOT_ASKED);
	assert_non_null(strstr(m.why, "ping_group_range"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_timers),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_nothing_passes),
		cmocka_unit_test(test_not_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
