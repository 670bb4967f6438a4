/* The virtual world: who reaches whom and when, through links and NATs, again and again alike. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "binomial.h"
#include "open_nat.h"
#include "puppet.h"

static const struct addr server_addr = V4(192, 0, 2, 1, 3478);
static const struct addr server_alt = V4(192, 0, 2, 2, 3478);
static const struct addr client_addr = V4(100, 64, 0, 2, 5000);
static const struct addr neighbour_addr = V4(100, 64, 0, 3, 5000);

static const struct nat_spec open_nat = {OPEN_NAT};

/* A server on the internet and a client behind @nats NATs, one in the other. */
struct bench {
	struct world *w;
	int nats[4];
	int server_host, client_host;
	struct puppet server, client;
};

static void bench_open(struct bench *b, uint64_t seed, unsigned nats, const struct nat_spec *spec)
{
	const struct addr server[] = {server_addr, server_alt};
	int behind = -1;

	b->w = world_new(seed);
	assert_non_null(b->w);
	for (unsigned i = 0; i < nats; i++) {
		struct nat_spec s = *spec;

		if (i > 0)
			s.external[0] = addr_v4(100, 64, (uint8_t)i, 1, 0);
		behind = b->nats[i] = world_add_nat(b->w, &s, behind);
		assert_true(behind >= 0);
	}
	b->server_host = world_add_host(b->w, server, 2, -1);
	b->client_host = world_add_host(b->w, &client_addr, 1, behind);
	assert_true(b->server_host >= 0 && b->client_host >= 0);
	puppet_attach(&b->server, b->w, b->server_host);
	puppet_attach(&b->client, b->w, b->client_host);
	assert_true(
		puppet_open(&b->server, b->w, b->server_host, 1, addr_any(ADDR_V4, 3478)).port !=
		0);
	assert_true(puppet_open(&b->client, b->w, b->client_host, 1, client_addr).port == 5000);
}

static void settle(struct bench *b, nk_time how_long)
{
	world_run(b->w, NULL, world_now(b->w) + how_long);
}

static void test_there_and_back(void **state)
{
	static struct bench b;
	const struct link_spec up = {.delay = 3 * NK_MS}, down = {.delay = 5 * NK_MS};

	(void)state;
	bench_open(&b, 1, 1, &open_nat);
	world_set_link(b.w, b.client_host, &up, &down);
	world_set_nat_link(b.w, b.nats[0], &(struct link_spec){.delay = 40 * NK_MS}, NULL);
	b.server.echo = true;
	puppet_send(&b.client, b.w, b.client_host, 1, server_alt, 0, 7);
	settle(&b, NK_S);
	assert_int_equal(b.server.count, 1);
	assert_int_equal(b.server.got[0].at, 43 * NK_MS);
	assert_int_equal(b.server.got[0].from.port, 5000);
	assert_true(addr_same_ip(&b.server.got[0].from, &open_nat.external[0]));
	assert_int_equal(b.server.got[0].ttl, 64 - 2);
	assert_int_equal(b.client.count, 1);
	assert_int_equal(b.client.got[0].at, 48 * NK_MS);
	assert_true(addr_eq(&b.client.got[0].from, &server_alt));
	assert_true(addr_eq(&b.client.got[0].local, &client_addr));
	assert_int_equal(b.client.got[0].value, 7);
	assert_int_equal(world_now(b.w), NK_S);
	world_free(b.w);
}

/* The world stands still until there is something to do, and a core's deadline is kept to. */
static void test_deadlines(void **state)
{
	static struct bench b;

	(void)state;
	bench_open(&b, 1, 0, NULL);
	b.client.wake = 17 * NK_S + 3;
	world_tell(b.w, b.client_host, &(struct event){.kind = EVENT_RESUMED});
	world_run(b.w, NULL, 17 * NK_S + 2);
	assert_int_equal(b.client.wake, 17 * NK_S + 3);
	world_run(b.w, NULL, 17 * NK_S + 3);
	assert_int_equal(b.client.wake, NK_NEVER);
	assert_int_equal(world_run(b.w, &b.client, 20 * NK_S), CORE_BUSY);
	assert_int_equal(world_now(b.w), 20 * NK_S);
	world_tell(b.w, b.client_host, &(struct event){.kind = EVENT_STOP});
	assert_int_equal(world_run(b.w, &b.client, 30 * NK_S), CORE_DONE);
	assert_int_equal(world_now(b.w), 20 * NK_S);
	assert_int_equal(world_stats(b.w)->late, 0);
	world_free(b.w);
}

/* Each NAT and the internet take one: behind three NATs a packet needs a TTL of five. */
static void test_ttl(void **state)
{
	static struct bench b;

	(void)state;
	bench_open(&b, 1, 3, &open_nat);
	for (uint8_t ttl = 1; ttl < 7; ttl++)
		puppet_send(&b.client, b.w, b.client_host, 1, server_addr, ttl, ttl);
	settle(&b, NK_S);
	assert_int_equal(b.server.count, 2);
	assert_int_equal(b.server.got[0].value, 5);
	assert_int_equal(b.server.got[0].ttl, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(nat_mappings(b.w, b.nats[i]), 1);
	world_free(b.w);

	bench_open(&b, 1, 3, &open_nat);
	puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 2, 0);
	settle(&b, NK_S);
	assert_int_equal(nat_mappings(b.w, b.nats[2]), 1);
	assert_int_equal(nat_mappings(b.w, b.nats[1]), 0);
	world_free(b.w);
}

/* Packets that die at the NAT, from either side, restart its timer, as in Linux; or not. */
static void test_ttl_and_timers(void **state)
{
	static struct bench b;
	struct nat_spec spec = open_nat;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		spec.ttl_first = i == 1;
		bench_open(&b, 1, 1, &spec);
		puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 0, 0);
		settle(&b, 20 * NK_S);
		puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 1, 0);
		settle(&b, 20 * NK_S);
		assert_int_equal(nat_mappings(b.w, b.nats[0]), spec.ttl_first ? 0 : 1);
		puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 0, 0);
		settle(&b, 20 * NK_S);
		puppet_send(&b.server, b.w, b.server_host, 1, b.server.got[0].from, 2, 0);
		settle(&b, 20 * NK_S);
		assert_int_equal(nat_mappings(b.w, b.nats[0]), spec.ttl_first ? 0 : 1);
		assert_int_equal(b.client.count, 0);
		world_free(b.w);
	}
}

/* The inner NAT's external address is an inside host of the outer one. */
static void test_nested(void **state)
{
	static struct bench b;

	(void)state;
	bench_open(&b, 1, 3, &open_nat);
	b.server.echo = true;
	puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 0, 9);
	settle(&b, NK_S);
	assert_int_equal(b.client.count, 1);
	assert_true(addr_same_ip(&b.server.got[0].from, &open_nat.external[0]));
	world_free(b.w);
}

/* A firewall hides no address: the host is reached by its own once it has sent. */
static void test_firewall(void **state)
{
	static struct bench b;
	struct nat_spec spec = open_nat;

	(void)state;
	spec.translate = false;
	spec.filtering = NAT_APD;
	bench_open(&b, 1, 2, &spec);
	puppet_send(&b.server, b.w, b.server_host, 1, client_addr, 0, 1);
	settle(&b, NK_S);
	assert_int_equal(b.client.count, 0);
	b.server.echo = true;
	puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 0, 2);
	settle(&b, NK_S);
	assert_true(addr_eq(&b.server.got[0].from, &client_addr));
	assert_int_equal(b.client.count, 1);
	world_free(b.w);
}

/* RFC 4787 section 6: who writes to the neighbour's external endpoint. */
static void test_hairpin(void **state)
{
	static struct bench b;
	static struct puppet neighbour;

	(void)state;
	for (int kind = NAT_HAIRPIN_NONE; kind <= NAT_HAIRPIN_INTERNAL; kind++) {
		for (int filtering = NAT_EI; filtering <= NAT_APD; filtering++) {
			struct nat_spec spec = open_nat;
			int host;

			spec.hairpin = (enum nat_hairpin)kind;
			spec.filtering = (enum nat_behaviour)filtering;
			bench_open(&b, 1, 1, &spec);
			host = world_add_host(b.w, &neighbour_addr, 1, b.nats[0]);
			puppet_attach(&neighbour, b.w, host);
			puppet_open(&neighbour, b.w, host, 1, addr_with_port(neighbour_addr, 6000));
			puppet_send(&neighbour, b.w, host, 1, server_addr, 0, 1);
			puppet_send(&b.client, b.w, b.client_host, 1,
				    addr_with_port(spec.external[0], 6000), 0, 2);
			settle(&b, NK_S);

			const bool delivered = kind != NAT_HAIRPIN_NONE && filtering == NAT_EI;
			const struct addr seen = kind == NAT_HAIRPIN_EXTERNAL
							 ? addr_with_port(spec.external[0], 5000)
							 : client_addr;

			assert_int_equal(neighbour.count, delivered);
			if (delivered)
				assert_true(addr_eq(&neighbour.got[0].from, &seen));
			world_free(b.w);
		}
	}
}

/* Two hosts of one network do not need the NAT between them. */
static void test_same_network(void **state)
{
	static struct bench b;
	static struct puppet neighbour;
	int host;

	(void)state;
	bench_open(&b, 1, 1, &open_nat);
	host = world_add_host(b.w, &neighbour_addr, 1, b.nats[0]);
	puppet_attach(&neighbour, b.w, host);
	puppet_open(&neighbour, b.w, host, 1, neighbour_addr);
	puppet_send(&b.client, b.w, b.client_host, 1, neighbour_addr, 0, 1);
	settle(&b, NK_S);
	assert_int_equal(neighbour.count, 1);
	assert_true(addr_eq(&neighbour.got[0].from, &client_addr));
	assert_int_equal(nat_mappings(b.w, b.nats[0]), 0);
	world_free(b.w);
}

static void test_sockets(void **state)
{
	static struct bench b;
	static bool seen[65536];
	struct action a = {.kind = ACTION_OPEN, .id = 2, .peer = server_addr};

	(void)state;
	bench_open(&b, 1, 1, &open_nat);
	puppet_open(&b.client, b.w, b.client_host, 2, client_addr);
	assert_int_equal(b.client.error, EADDRINUSE);
	puppet_open(&b.client, b.w, b.client_host, 2, neighbour_addr);
	assert_int_equal(b.client.error, EADDRNOTAVAIL);
	puppet_open(&b.client, b.w, b.client_host, 1, addr_any(ADDR_V4, 6000));
	assert_int_equal(b.client.error, EBUSY);
	puppet_send(&b.client, b.w, b.client_host, 99, server_addr, 0, 0);
	assert_int_equal(b.client.error, EBADF);

	/* Bound to the address that reaches the peer, and to a port that was not used lately. */
	for (unsigned i = 0; i < 28000; i++) {
		puppet_do(&b.client, b.w, b.client_host, &a);
		assert_true(addr_same_ip(&b.client.opened, &client_addr));
		assert_true(b.client.opened.port >= 32768);
		assert_false(seen[b.client.opened.port]);
		seen[b.client.opened.port] = true;
		puppet_do(&b.client, b.w, b.client_host,
			  &(struct action){.kind = ACTION_CLOSE, .id = 2});
	}
	a.peer = (struct addr){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 1};
	puppet_do(&b.client, b.w, b.client_host, &a);
	assert_int_equal(b.client.error, ENETUNREACH);
	world_free(b.w);
}

/* Sends @n packets, one each @gap, over a link; the share that arrives. */
static unsigned arrivals(struct bench *b, const struct link_spec *link, unsigned n, nk_time gap)
{
	bench_open(b, 3, 0, NULL);
	world_set_link(b->w, b->client_host, link, NULL);
	for (unsigned i = 0; i < n; i++) {
		puppet_send(&b->client, b->w, b->client_host, 1, server_addr, 0, i);
		settle(b, gap);
	}
	settle(b, NK_S);
	return b->server.count;
}

static void test_loss(void **state)
{
	static const double rates[] = {0.02, 0.05, 0.3};
	static struct bench b;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const struct link_spec link = {.loss = rates[i]};
		const unsigned n = 10000;
		const unsigned got = arrivals(&b, &link, n, NK_MS);

		assert_binomial(n - got, n, rates[i]);
		assert_int_equal(world_stats(b.w)->lost, n - got);
		world_free(b.w);
	}
}

/* Which of 40 packets of the client arrive, each @answers times answered. */
static uint64_t arriving(unsigned answers)
{
	const struct link_spec link = {.loss = 0.5};
	static struct bench b;
	uint64_t which = 0;

	bench_open(&b, 7, 0, NULL);
	world_set_link(b.w, b.client_host, &link, &link);
	for (unsigned i = 0; i < 40; i++) {
		const unsigned before = b.server.count;

		puppet_send(&b.client, b.w, b.client_host, 1, server_addr, 0, i);
		settle(&b, NK_MS);
		which |= (uint64_t)(b.server.count != before) << i;
		for (unsigned j = 0; j < answers; j++)
			puppet_send(&b.server, b.w, b.server_host, 1, client_addr, 0, j);
		settle(&b, NK_MS);
	}
	world_free(b.w);
	return which;
}

/* So it is in real time, where answers come sooner or later, with one seed. */
static void test_loss_is_of_its_direction(void **state)
{
	const uint64_t alone = arriving(0);

	(void)state;
	assert_true(alone != 0);
	assert_true(arriving(1) == alone);
	assert_true(arriving(2) == alone);
}

/* Bursts: 1 per second on average, 100 ms long; a lost packet's successor 1 ms later is lost with
 * e^-0.01, and packets 10 s apart know nothing of each other. */
static void test_bursts(void **state)
{
	const struct link_spec link = {.burst_enter = 0.001, .burst_mean = 100 * NK_MS};
	const double settled = 0.1 / 1.1;
	static struct bench b;
	unsigned got, pairs = 0, lost = 0, next = 0;

	(void)state;
	got = arrivals(&b, &link, 10000, 10 * NK_S);
	assert_binomial(10000 - got, 10000, settled);
	world_free(b.w);

	got = arrivals(&b, &link, 16000, NK_MS);
	for (unsigned i = 0; i < got; i++) {
		const unsigned missing = b.server.got[i].value - next;

		lost += missing;
		pairs += missing > 0;
		next = b.server.got[i].value + 1;
	}
	/* Each burst that is seen loses 100 packets on average, geometrically distributed. */
	assert_true(pairs >= 4);
	assert_true(fabs((double)lost / pairs - 100) < 5 * 100 / sqrt(pairs));
	world_free(b.w);
}

static void test_jitter_and_duplicates(void **state)
{
	const struct link_spec link = {
		.delay = 20 * NK_MS, .jitter = 10 * NK_MS, .duplicate = 0.25};
	static struct bench b;
	unsigned got, late = 0, reordered = 0;

	(void)state;
	got = arrivals(&b, &link, 10000, NK_MS);
	assert_binomial(got - 10000, 10000, 0.25);
	for (unsigned i = 0; i < got; i++) {
		const struct puppet_got *g = &b.server.got[i];
		const nk_time took = g->at - g->value * NK_MS;

		assert_in_range(took, 20 * NK_MS, 30 * NK_MS);
		late += took > 25 * NK_MS;
		reordered += i > 0 && g->value < b.server.got[i - 1].value;
	}
	assert_binomial(late, got, 0.5);
	assert_true(reordered > 1000);
	world_free(b.w);
}

/* A busy little run; what its trace is depends on the seed and on nothing else. */
static uint64_t trace_of(uint64_t seed)
{
	const struct link_spec link = {.delay = 10 * NK_MS,
				       .jitter = 30 * NK_MS,
				       .loss = 0.1,
				       .burst_enter = 0.001,
				       .burst_mean = 50 * NK_MS,
				       .duplicate = 0.05};
	static struct bench b;
	struct nat_spec spec = open_nat;
	uint64_t trace;

	spec.ports = NAT_PORTS_RANDOM;
	spec.mapping = NAT_APD;
	bench_open(&b, seed, 2, &spec);
	world_set_link(b.w, b.client_host, &link, &link);
	b.server.echo = true;
	for (uint32_t i = 0; i < 500; i++) {
		puppet_open(&b.client, b.w, b.client_host, 2 + i, addr_any(ADDR_V4, 0));
		puppet_send(&b.client, b.w, b.client_host, 2 + i, server_addr, 0, i);
		settle(&b, 7 * NK_MS);
	}
	settle(&b, NK_S);
	assert_int_equal(world_stats(b.w)->sent, 500 + b.server.count);
	assert_int_equal(world_stats(b.w)->delivered, b.server.count + b.client.count);
	trace = world_stats(b.w)->trace;
	world_free(b.w);
	return trace;
}

static void test_determinism(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		const uint64_t trace = trace_of(seed);

		assert_true(trace_of(seed) == trace);
		assert_true(trace_of(seed + 1) != trace);
	}
}

static void test_full_world(void **state)
{
	struct world *w = world_new(1);
	int hosts = 0, nats = 0;

	(void)state;
	while (world_add_host(w, &client_addr, 1, -1) >= 0)
		hosts++;
	while (world_add_nat(w, &open_nat, -1) >= 0)
		nats++;
	assert_int_equal(hosts, NET_HOSTS_MAX);
	assert_int_equal(nats, NET_NODES_MAX);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_ttl_and_timers),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_same_network),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_loss_is_of_its_direction),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_jitter_and_duplicates),
		cmocka_unit_test(test_determinism),
		cmocka_unit_test(test_full_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
