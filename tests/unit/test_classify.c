/*
 * Whole classifications of every kind of NAT, by a server with every fault.
 *
 * NAT and server are a few lines each, written apart from the models of the
 * simulation: a fault must never turn into a class.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/probe/classify.h"

static struct classify c;
static struct exchanges x;
static struct rng rng;
static struct budget budget;
static struct probe_result result;
static struct probe_options options;
static struct addr server, other;

static void set_up(void)
{
	assert_int_equal(crypto_init(), 0);
	server = addr_v4(192, 0, 2, 1, 3478);
	other = addr_v4(198, 51, 100, 1, 3479);
	rng_seed_from_number(&rng, 1);
	exchanges_init(&x, &rng);
	budget_init(&budget, 1000, 0);
	memset(&result, 0, sizeof(result));
	options = (struct probe_options){.mappings = 256, .pace = 20 * NK_MS};
	c = (struct classify){.options = &options,
			      .exchanges = &x,
			      .budget = &budget,
			      .result = &result,
			      .server = server};
}

enum fault {
	HONEST,
	NO_OTHER,   /* no OTHER-ADDRESS */
	OTHER_SELF, /* OTHER-ADDRESS has the server's own IP */
	OTHER_DEAD, /* nothing at OTHER-ADDRESS, and no answers from there */
	IGNORES,    /* CHANGE-REQUEST answered from the address asked */
	REFUSES,    /* CHANGE-REQUEST answered with 420 */
	SWALLOWS,   /* CHANGE-REQUEST not answered */
	FAULTS
};

#define SOCKETS   (2 * CLASSIFY_PORTS)
#define QUEUE     64
#define ANSWER_IN (10 * NK_MS)

/* A NAT in which socket s towards destination d has the external port outside(s, d). */
static struct {
	enum nat_class mapping, filtering;
	enum fault fault;
	bool contacted[SOCKETS][DEST_COUNT];
	struct {
		uint32_t id;
		struct addr from;
		size_t len;
		uint8_t data[256];
	} queue[QUEUE];
	unsigned queued;
} net;

static struct addr destination(unsigned d)
{
	const struct addr ip = d == DEST_IP || d == DEST_BOTH ? other : server;

	return addr_with_port(ip, d == DEST_PORT || d == DEST_BOTH ? other.port : server.port);
}

static uint16_t outside(unsigned s, unsigned d)
{
	const unsigned by_ip = d == DEST_IP || d == DEST_BOTH;

	if (net.mapping == CLASS_ENDPOINT_INDEPENDENT)
		return (uint16_t)(20000 + 100 * s);
	return (uint16_t)(20000 + 100 * s +
			  (net.mapping == CLASS_ADDRESS_DEPENDENT ? 7 * by_ip : 3 * d));
}

/* Whether what comes from @from to the mapping that socket s has towards d is let in. */
static bool let_in(unsigned s, unsigned d, struct addr from)
{
	for (unsigned i = 0; i < DEST_COUNT; i++) {
		const struct addr to = destination(i);

		if (!net.contacted[s][i] || outside(s, i) != outside(s, d))
			continue;
		if (net.filtering == CLASS_ENDPOINT_INDEPENDENT || addr_eq(&to, &from) ||
		    (net.filtering == CLASS_ADDRESS_DEPENDENT && addr_same_ip(&to, &from)))
			return true;
	}
	return false;
}

static void put_answer(const struct stun_msg *m, uint32_t id, unsigned d, struct addr from,
		       bool error)
{
	struct wr w = wr_make(net.queue[net.queued].data, sizeof(net.queue[0].data));
	const struct addr out =
		addr_v4(203, 0, 113, 9, outside((unsigned)(id - CLASSIFY_SOCKETS), d));

	assert_true(net.queued < QUEUE);
	stun_begin(&w, STUN_BINDING, error ? STUN_ERROR : STUN_SUCCESS, m->tid);
	if (error)
		stun_put_error(&w, 420, "");
	else
		stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &out);
	net.queue[net.queued].id = id;
	net.queue[net.queued].from = from;
	net.queue[net.queued++].len = stun_end(&w);
}

static void serve(const struct action *a)
{
	const unsigned s = a->id - CLASSIFY_SOCKETS;
	unsigned d = 0, source;
	struct addr from;
	struct stun_msg m;

	for (unsigned i = 0; i < DEST_COUNT; i++) {
		const struct addr to = destination(i);

		if (addr_eq(&to, &a->to))
			d = i;
	}
	from = destination(d);
	assert_true(addr_eq(&from, &a->to));
	net.contacted[s][d] = true;
	assert_int_equal(stun_read(&m, a->data, a->len), 0);
	source = d;
	if (m.change != 0 && net.fault == SWALLOWS)
		return;
	if (m.change != 0 && net.fault == REFUSES) {
		put_answer(&m, a->id, d, a->to, true);
		return;
	}
	if (net.fault != IGNORES && net.fault != NO_OTHER) {
		source ^= m.change & STUN_CHANGE_PORT ? DEST_PORT : 0;
		source ^= m.change & STUN_CHANGE_IP ? DEST_IP : 0;
	}
	if (net.fault == OTHER_DEAD && (source >= DEST_IP || d >= DEST_IP))
		return;
	if (let_in(s, d, destination(source)))
		put_answer(&m, a->id, d, destination(source), false);
}

static void deliver(nk_time now)
{
	for (unsigned i = 0; i < net.queued; i++) {
		const struct event ev = {.kind = EVENT_DATAGRAM,
					 .id = net.queue[i].id,
					 .from = net.queue[i].from,
					 .data = net.queue[i].data,
					 .len = net.queue[i].len};

		classify_input(&c, &ev, now);
	}
	net.queued = 0;
}

static void do_action(const struct action *a, nk_time now)
{
	const uint16_t port = (uint16_t)(40000 + a->id - CLASSIFY_SOCKETS);
	const struct event ev = {
		.kind = EVENT_OPENED, .id = a->id, .local = addr_v4(100, 64, 0, 2, port)};

	if (a->kind == ACTION_OPEN)
		classify_input(&c, &ev, now);
	else
		serve(a);
}

static void classify(enum nat_class mapping, enum nat_class filtering, enum fault fault)
{
	struct addr told;
	struct action a;
	nk_time now = NK_S;

	set_up();
	told = other;
	memset(&net, 0, sizeof(net));
	net.mapping = mapping;
	net.filtering = filtering;
	net.fault = fault;
	if (fault == NO_OTHER)
		told = (struct addr){.port = 0};
	else if (fault == OTHER_SELF)
		told = addr_with_port(server, other.port);
	classify_start(&c, &told, now);
	while (!c.done) {
		while (classify_output(&c, &a, now))
			do_action(&a, now);
		if (net.queued > 0)
			deliver(now += ANSWER_IN);
		else if (!c.done)
			now = nk_max(now + 1, classify_deadline(&c));
		assert_true(now < 120 * NK_S);
	}
	classify_report(&c);
}

static void check_honest(enum nat_class mapping, enum nat_class filtering)
{
	classify(mapping, filtering, HONEST);
	assert_int_equal(result.nat.answer, TRI_YES);
	assert_int_equal(result.mapping.cls, mapping);
	assert_int_equal(result.filtering.cls, filtering);
	assert_false(result.mapping.inconsistent || result.filtering.inconsistent);
	assert_int_equal(result.firewall.answer,
			 filtering == CLASS_ENDPOINT_INDEPENDENT ? TRI_NO : TRI_YES);
	assert_true(result.can_change);
	assert_int_equal(result.hairpin.answer, TRI_UNKNOWN);
}

/* Unknown for the server's sake, or else right. */
static void check_finding(const struct class_finding *f, enum nat_class truth)
{
	if (f->cls == CLASS_UNKNOWN) {
		assert_int_equal(f->why_kind, WHY_SERVER);
		assert_true(f->why[0] != '\0');
	} else {
		assert_int_equal(f->cls, truth);
	}
}

static void check_faulty(enum nat_class mapping, enum nat_class filtering, enum fault fault)
{
	classify(mapping, filtering, fault);
	assert_int_equal(result.nat.answer, TRI_YES);
	check_finding(&result.mapping, mapping);
	if (fault <= OTHER_DEAD && mapping != CLASS_ADDRESS_AND_PORT_DEPENDENT)
		assert_int_equal(result.mapping.cls, CLASS_UNKNOWN);
	if (fault > OTHER_DEAD)
		assert_int_equal(result.mapping.cls, mapping);
	/* Silence behind such a mapping cannot be told from a filter's: said with reserve. */
	if (fault == SWALLOWS && mapping != CLASS_ENDPOINT_INDEPENDENT) {
		assert_true(result.filtering.p <= 0.9);
		return;
	}
	check_finding(&result.filtering, filtering);
	assert_int_equal(result.filtering.cls, CLASS_UNKNOWN);
	assert_int_equal(result.firewall.answer, TRI_UNKNOWN);
	assert_int_equal(result.firewall.why_kind, WHY_SERVER);
}

static void test_all_nats_all_faults(void **state)
{
	(void)state;
	for (unsigned m = CLASS_ENDPOINT_INDEPENDENT; m < CLASS_COUNT; m++) {
		for (unsigned f = CLASS_ENDPOINT_INDEPENDENT; f < CLASS_COUNT; f++) {
			check_honest((enum nat_class)m, (enum nat_class)f);
			for (unsigned fault = HONEST + 1; fault < FAULTS; fault++)
				check_faulty((enum nat_class)m, (enum nat_class)f,
					     (enum fault)fault);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_nats_all_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
