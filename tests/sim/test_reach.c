/* Whether a port behind NATs is reached, as the broker and the port itself see it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/broker/broker.h"
#include "core/portmap/reach.h"
#include "open_nat.h"
#include "puppet.h"
#include "sim/nat_forward.h"
#include "sim/plain_server.h"
#include "wire/ip.h"
#include "wire/probe_msg.h"

#define SOCKETS 10 /* first id of the look */
#define SEEN    77 /* id of a socket of somebody else's */
#define PORT    4000
#define OPEN    8080

static const struct addr servers[] = {V4(192, 0, 2, 1, 0), V4(192, 0, 2, 2, 0)};
static const struct addr broker_addr = V4(192, 0, 2, 1, 3478);
static const struct addr inside_addr = V4(192, 168, 1, 2, PORT);
static const struct addr neighbour_addr = V4(192, 168, 1, 3, PORT);
static const struct addr middle_addr = V4(192, 168, 0, 2, OPEN); /* of the inner NAT of two */
static const struct addr outside_addr = V4(203, 0, 113, 1, OPEN);

/* Maps each destination anew at random, and lets in only who was spoken to. */
static const struct nat_spec closed = {
	OPEN_NAT,
	.mapping = NAT_APD,
	.filtering = NAT_APD,
	.ports = NAT_PORTS_RANDOM,
};

/**
 * struct bench - A look from behind a NAT, or two
 * @nat, @inner: Numbers in @world; without a second one they are the same
 */
struct bench {
	struct world *world;
	struct broker *broker;
	int nat, inner, inside, neighbour, server;
	struct rng rng;
	struct reach *reach;
	struct puppet other;
};

static void input(void *core, const struct event *ev, nk_time now)
{
	reach_input(((struct bench *)core)->reach, ev, now);
}

static bool output(void *core, struct action *action, nk_time now)
{
	return reach_output(((struct bench *)core)->reach, action, now);
}

static nk_time deadline(const void *core)
{
	return reach_deadline(((const struct bench *)core)->reach);
}

static int status(const void *core)
{
	return reach_status(((const struct bench *)core)->reach);
}

static const struct core_ops ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

static void start_broker(struct bench *b, unsigned addresses)
{
	struct broker_config config = broker_default_config();
	static const uint8_t seed[32] = {5};

	config.sessions_max = config.trials_max = config.registrations_max = 16;
	config.listen_count = addresses;
	for (unsigned i = 0; i < addresses; i++)
		config.listen[i] = servers[i];
	b->broker = broker_new(&config, seed);
	assert_non_null(b->broker);
	broker_start(b->broker, 0);
	world_attach(b->world, b->server, &broker_ops, b->broker);
}

static void bench_open(struct bench *b, const struct nat_spec *spec, unsigned nats, uint64_t seed)
{
	struct nat_spec inner = *spec;

	memset(b, 0, sizeof(*b));
	inner.external[0] = addr_with_port(middle_addr, 0);
	b->world = world_new(seed);
	assert_non_null(b->world);
	rng_seed_from_number(&b->rng, seed);
	b->nat = b->inner = world_add_nat(b->world, spec, NET_INTERNET);
	if (nats == 2)
		b->inner = world_add_nat(b->world, &inner, b->nat);
	b->inside = world_add_host(b->world, &inside_addr, 1, b->inner);
	b->neighbour = world_add_host(b->world, &neighbour_addr, 1, b->inner);
	b->server = world_add_host(b->world, servers, 2, NET_INTERNET);
	start_broker(b, 2);
}

static void bench_close(struct bench *b)
{
	assert_int_equal(world_stats(b->world)->late, 0);
	reach_free(b->reach);
	broker_free(b->broker);
	world_free(b->world);
}

static void set_links(struct bench *b, double loss)
{
	const struct link_spec link = {.delay = 10 * NK_MS, .loss = loss};

	world_set_nat_link(b->world, b->nat, &link, &link);
}

static void open_port(struct bench *b, int nat, enum packet_kind kind, struct addr external,
		      struct addr inside)
{
	const struct nat_forward f = {
		.kind = kind, .inside = inside, .external = external, .until = NK_NEVER};

	assert_true(nat_forward(world_nat(b->world, nat), &f, world_now(b->world)));
}

static struct reach_result look_for(struct bench *b, uint8_t ip_protocol, struct addr external)
{
	const struct reach_config config = {
		.broker = broker_addr,
		.internal = inside_addr,
		.external = external,
		.ip_protocol = ip_protocol,
		.first_socket = SOCKETS,
	};
	const nk_time start = world_now(b->world);

	reach_free(b->reach);
	b->reach = reach_new(&config, &b->rng, start);
	assert_non_null(b->reach);
	world_attach(b->world, b->inside, &ops, b);
	assert_int_equal(world_run(b->world, b, start + 60 * NK_S), CORE_DONE);
	return *reach_result(b->reach);
}

static struct reach_result look(struct bench *b, uint8_t ip_protocol)
{
	return look_for(b, ip_protocol, outside_addr);
}

static void check(struct reach_result got, enum reach_verdict verdict, enum reach_why why)
{
	assert_string_equal(reach_verdict_name(got.verdict), reach_verdict_name(verdict));
	assert_string_equal(reach_why_text(got.why), reach_why_text(why));
}

static const uint8_t protocols[] = {IP_UDP, IP_TCP};
static const enum packet_kind kinds[] = {PACKET_UDP, PACKET_TCP};

/* Open: seen in a few round trips, and it came from where we had not been. */
static void test_open(void **state)
{
	static struct bench b;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct reach_result r;

		bench_open(&b, &closed, 1, 1);
		set_links(&b, 0);
		open_port(&b, b.nat, kinds[i], outside_addr, inside_addr);
		r = look(&b, protocols[i]);
		check(r, REACH_SEEN, REACH_WHY_NONE);
		assert_true(addr_same_ip(&r.from, &servers[1]));
		assert_true(addr_same_ip(&r.mapped, &outside_addr));
		assert_true(r.other_ip);
		assert_int_equal(r.tries, 1);
		assert_true(r.took <= 120 * NK_MS);
		world_run(b.world, NULL, world_now(b.world) + NK_S);
		assert_int_equal(broker_stats(b.broker)->sessions, 0);
		bench_close(&b);
	}
}

/* Not open: that takes two tries, and no more than seconds. */
static void test_shut(void **state)
{
	static struct bench b;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct reach_result r;

		bench_open(&b, &closed, 1, 2);
		set_links(&b, 0);
		open_port(&b, b.nat, kinds[1 - i], outside_addr, inside_addr);
		r = look(&b, protocols[i]);
		check(r, REACH_NOT_SEEN, REACH_WHY_NONE);
		assert_int_equal(r.tries, 2);
		assert_true(r.took <= 10 * NK_S);
		assert_int_equal(broker_stats(b.broker)->visits, 2);
		bench_close(&b);
	}
}

static void test_refused(void **state)
{
	struct nat_spec spec = closed;
	static struct bench b;

	(void)state;
	spec.syn_answer = NAT_ANSWER_RST;
	bench_open(&b, &spec, 1, 3);
	check(look(&b, IP_TCP), REACH_REFUSED, REACH_WHY_NONE);
	bench_close(&b);
}

/* The gateway sends to somebody else what it said would come to us. */
static void test_elsewhere(void **state)
{
	static struct bench b;

	(void)state;
	bench_open(&b, &closed, 1, 4);
	puppet_attach(&b.other, b.world, b.neighbour);
	puppet_do(&b.other, b.world, b.neighbour,
		  &(struct action){.kind = ACTION_OPEN,
				   .id = 1,
				   .socket = SOCKET_TCP_DOOR,
				   .local = neighbour_addr});
	open_port(&b, b.nat, PACKET_TCP, outside_addr, neighbour_addr);
	open_port(&b, b.nat, PACKET_UDP, outside_addr, neighbour_addr);
	check(look(&b, IP_TCP), REACH_NOT_SEEN, REACH_ELSEWHERE);
	assert_int_equal(b.other.knocks, 2);
	check(look(&b, IP_UDP), REACH_NOT_SEEN, REACH_WHY_NONE);
	bench_close(&b);
}

/* Open on the inner NAT alone is open to nobody; if the outer one sends all there, it is open, whatever
 * address the inner one claims. */
static void test_double_nat(void **state)
{
	static struct bench b;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct reach_result r;

		bench_open(&b, &closed, 2, 5);
		open_port(&b, b.inner, kinds[i], middle_addr, inside_addr);
		r = look_for(&b, protocols[i], middle_addr);
		check(r, REACH_UNKNOWN, REACH_OTHER_ADDRESS);
		assert_true(addr_same_ip(&r.mapped, &outside_addr));
		open_port(&b, b.nat, kinds[i], outside_addr, middle_addr);
		check(look_for(&b, protocols[i], middle_addr), REACH_SEEN, REACH_WHY_NONE);
		bench_close(&b);
	}
}

/* Of a broker with one address its other port is as good: nobody has sent there. */
static void test_one_address(void **state)
{
	static struct bench b;
	struct reach_result r;

	(void)state;
	bench_open(&b, &closed, 1, 6);
	broker_free(b.broker);
	start_broker(&b, 1);
	open_port(&b, b.nat, PACKET_UDP, outside_addr, inside_addr);
	r = look(&b, IP_UDP);
	check(r, REACH_SEEN, REACH_WHY_NONE);
	assert_false(r.other_ip);
	assert_true(addr_same_ip(&r.from, &servers[0]));
	assert_int_equal(r.from.port, 3479);
	bench_close(&b);
}

static void test_no_broker(void **state)
{
	static struct plain_server plain;
	static struct bench b;
	struct reach_result r;

	(void)state;
	bench_open(&b, &closed, 1, 7);
	plain_server_start(&plain, &servers[0], NULL, PLAIN_UNKNOWN_METHOD_400, 1);
	world_attach(b.world, b.server, &plain_server_ops, &plain);
	check(look(&b, IP_UDP), REACH_UNKNOWN, REACH_BROKER_CANNOT);
	world_attach(b.world, b.server, NULL, NULL);
	r = look(&b, IP_UDP);
	check(r, REACH_UNKNOWN, REACH_BROKER_SILENT);
	assert_true(r.took <= 5 * NK_S);
	bench_close(&b);
}

static void test_too_often(void **state)
{
	static struct bench b;

	(void)state;
	bench_open(&b, &closed, 1, 8);
	open_port(&b, b.nat, PACKET_UDP, outside_addr, inside_addr);
	for (unsigned i = 0; i < 20; i++)
		check(look(&b, IP_UDP), REACH_SEEN, REACH_WHY_NONE);
	check(look(&b, IP_UDP), REACH_UNKNOWN, REACH_LIMITED);
	bench_close(&b);
}

/* Of many looks with loss: how often it was seen. What is shut is never seen. */
static unsigned count_seen(uint8_t ip_protocol, enum packet_kind kind, double loss, bool open)
{
	static struct bench b;
	unsigned seen = 0;

	for (uint64_t seed = 0; seed < 500; seed++) {
		bench_open(&b, &closed, 1, 1000 + seed);
		set_links(&b, loss);
		if (open)
			open_port(&b, b.nat, kind, outside_addr, inside_addr);
		seen += look(&b, ip_protocol).verdict == REACH_SEEN;
		bench_close(&b);
	}
	return seen;
}

static void test_loss(void **state)
{
	(void)state;
	assert_int_equal(count_seen(IP_UDP, PACKET_UDP, 0.1, true), 500);
	assert_in_range(count_seen(IP_TCP, PACKET_TCP, 0.02, true), 490, 500);
	assert_int_equal(count_seen(IP_UDP, PACKET_UDP, 0.1, false), 0);
	assert_int_equal(count_seen(IP_TCP, PACKET_TCP, 0.02, false), 0);
}

/* What follows is without a world: the core is told what no network would. */

/**
 * struct hand - A core in hand
 * @last:	What it sent last
 */
struct hand {
	struct rng rng;
	struct reach *reach;
	nk_time now;
	struct action last;
	unsigned opens, closes;
};

static void turn(struct hand *h)
{
	struct action a;

	while (reach_output(h->reach, &a, h->now)) {
		h->opens += a.kind == ACTION_OPEN;
		h->closes += a.kind == ACTION_CLOSE;
		if (a.kind == ACTION_SEND)
			h->last = a;
	}
}

static void hand_start(struct hand *h, uint8_t ip_protocol, uint32_t seen)
{
	const struct reach_config config = {
		.broker = broker_addr,
		.internal = inside_addr,
		.external = outside_addr,
		.ip_protocol = ip_protocol,
		.first_socket = SOCKETS,
		.seen = seen,
	};

	memset(h, 0, sizeof(*h));
	rng_seed_from_number(&h->rng, 1);
	h->reach = reach_new(&config, &h->rng, 0);
	assert_non_null(h->reach);
	turn(h);
}

static void tell(struct hand *h, struct event ev)
{
	reach_input(h->reach, &ev, h->now);
	turn(h);
}

/* An answer to what was sent last, from @from. */
static struct wr begin_answer(const struct hand *h, uint8_t *buf, enum stun_class cls)
{
	struct stun_msg asked;
	struct wr w = wr_make(buf, CORE_DATAGRAM_MAX);

	assert_int_equal(stun_read(&asked, h->last.data, h->last.len), 0);
	stun_begin(&w, asked.method, cls, asked.tid);
	return w;
}

static void answer(struct hand *h, struct wr *w, struct addr from)
{
	const size_t len = stun_end(w);

	tell(h, (struct event){.kind = EVENT_DATAGRAM,
			       .id = SOCKETS,
			       .from = from,
			       .data = w->buf,
			       .len = len});
}

static void open_session(struct hand *h, uint32_t abilities)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w;

	tell(h, (struct event){.kind = EVENT_OPENED, .id = SOCKETS});
	w = begin_answer(h, buf, STUN_SUCCESS);
	probe_put_token(&w, 7);
	probe_put_abilities(&w, abilities);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &outside_addr);
	answer(h, &w, broker_addr);
}

static void tell_visit(struct hand *h, enum probe_reach reach)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = begin_answer(h, buf, STUN_SUCCESS);

	probe_put_visit(&w, &(struct probe_visit){IP_TCP, (uint8_t)reach, OPEN});
	answer(h, &w, broker_addr);
}

static void hand_end(struct hand *h, enum reach_verdict verdict, enum reach_why why)
{
	turn(h);
	assert_int_equal(reach_status(h->reach), CORE_DONE);
	check(*reach_result(h->reach), verdict, why);
	assert_int_equal(h->opens, h->closes);
	reach_free(h->reach);
}

/* A program has the port: its accepting a connection is the answer; of UDP there is none. */
static void test_taken(void **state)
{
	const struct event taken = {
		.kind = EVENT_OPEN_FAILED, .id = SOCKETS + 1, .error = EADDRINUSE};
	struct hand h;

	(void)state;
	hand_start(&h, IP_TCP, 0);
	open_session(&h, PROBE_ABLE_REACH);
	tell(&h, taken);
	tell_visit(&h, PROBE_REACH_ACCEPTED);
	h.closes++; /* what could not be opened is not closed */
	hand_end(&h, REACH_ACCEPTED, REACH_WHY_NONE);

	hand_start(&h, IP_UDP, 0);
	open_session(&h, PROBE_ABLE_REACH);
	tell(&h, taken);
	h.closes++;
	hand_end(&h, REACH_UNKNOWN, REACH_PORT_TAKEN);
}

/* A low port, at which we may not listen: a program may, and without one nothing is known of the way. */
static void test_barred(void **state)
{
	const struct event barred = {.kind = EVENT_OPEN_FAILED, .id = SOCKETS + 1, .error = EACCES};
	struct hand h;

	(void)state;
	hand_start(&h, IP_TCP, 0);
	open_session(&h, PROBE_ABLE_REACH);
	tell(&h, barred);
	tell_visit(&h, PROBE_REACH_ACCEPTED);
	h.closes++;
	hand_end(&h, REACH_ACCEPTED, REACH_WHY_NONE);

	hand_start(&h, IP_TCP, 0);
	open_session(&h, PROBE_ABLE_REACH);
	tell(&h, barred);
	tell_visit(&h, PROBE_REACH_REFUSED);
	h.closes++;
	hand_end(&h, REACH_UNKNOWN, REACH_BARRED);

	hand_start(&h, IP_UDP, 0);
	open_session(&h, PROBE_ABLE_REACH);
	tell(&h, barred);
	h.closes++;
	hand_end(&h, REACH_UNKNOWN, REACH_BARRED);
}

static struct event visit_to(uint32_t id, const struct action *asked, uint8_t *buf)
{
	struct wr w = wr_make(buf, STUN_HEADER);
	struct stun_msg m;

	assert_int_equal(stun_read(&m, asked->data, asked->len), 0);
	stun_begin(&w, PROBE_VISIT, STUN_INDICATION, m.tid);
	return (struct event){.kind = EVENT_DATAGRAM,
			      .id = id,
			      .from = servers[1],
			      .data = buf,
			      .len = stun_end(&w)};
}

/* The port's owner sees what comes there; only what is ours is taken from him. */
static void test_shared(void **state)
{
	uint8_t buf[STUN_HEADER], other[STUN_HEADER];
	struct event ev, wrong;
	struct hand h;

	(void)state;
	hand_start(&h, IP_UDP, SEEN);
	open_session(&h, PROBE_ABLE_REACH);
	assert_int_equal(h.opens, 1);
	ev = visit_to(SEEN, &h.last, buf);
	wrong = visit_to(SEEN, &h.last, other);
	other[STUN_HEADER - 1] ^= 1;
	assert_false(reach_input(h.reach, &wrong, h.now));
	wrong.len = 3;
	assert_false(reach_input(h.reach, &wrong, h.now));
	assert_int_equal(reach_status(h.reach), CORE_BUSY);
	assert_true(reach_input(h.reach, &ev, h.now));
	assert_false(reach_input(h.reach, &ev, h.now));
	hand_end(&h, REACH_SEEN, REACH_WHY_NONE);
}

/* Answers from elsewhere, to nothing, or without sense are none; brokers that cannot say so. */
static void test_hostile(void **state)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct hand h;
	struct wr w;

	(void)state;
	hand_start(&h, IP_UDP, 0);
	tell(&h, (struct event){.kind = EVENT_OPENED, .id = SOCKETS});
	w = begin_answer(&h, buf, STUN_ERROR);
	stun_put_error(&w, 400, "");
	answer(&h, &w, servers[0]);
	answer(&h, &w, addr_with_port(servers[1], 3478));
	w = begin_answer(&h, buf, STUN_ERROR);
	buf[STUN_HEADER - 1] ^= 1;
	answer(&h, &w, broker_addr);
	assert_int_equal(reach_status(h.reach), CORE_BUSY);

	/* The same cookie for ever. */
	for (unsigned i = 0; i < 3; i++) {
		w = begin_answer(&h, buf, STUN_ERROR);
		stun_put_error(&w, PROBE_ERR_COOKIE, "");
		probe_put_cookie(&w, 3);
		answer(&h, &w, broker_addr);
	}
	hand_end(&h, REACH_UNKNOWN, REACH_BROKER_CANNOT);

	hand_start(&h, IP_UDP, 0);
	open_session(&h, PROBE_ABLE_HOLD);
	hand_end(&h, REACH_UNKNOWN, REACH_BROKER_CANNOT);
}

/* Under way for ever is not for ever. */
static void test_endless(void **state)
{
	struct hand h;

	(void)state;
	hand_start(&h, IP_TCP, 0);
	open_session(&h, PROBE_ABLE_REACH);
	tell(&h, (struct event){.kind = EVENT_OPENED, .id = SOCKETS + 1});
	while (reach_status(h.reach) == CORE_BUSY) {
		assert_true(h.now < 60 * NK_S);
		tell_visit(&h, PROBE_REACH_UNDER_WAY);
		h.now = nk_max(h.now, reach_deadline(h.reach));
		turn(&h);
	}
	hand_end(&h, REACH_NOT_SEEN, REACH_WHY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),       cmocka_unit_test(test_shut),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_double_nat), cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_no_broker),  cmocka_unit_test(test_too_often),
		cmocka_unit_test(test_loss),       cmocka_unit_test(test_taken),
		cmocka_unit_test(test_barred),     cmocka_unit_test(test_shared),
		cmocka_unit_test(test_hostile),    cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
