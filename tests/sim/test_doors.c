/*
 * Calls of those whose gateway opens ports (PCP, NAT-PMP): two NATs between which nothing else gets
 * through are passed, no call waits for a gateway, and what was opened is closed in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pair.h"
#include "sim/nat_forward.h"

#define DELAY    (20 * NK_MS)
#define PATIENCE (60 * NK_S)

static const struct port_rules pcp = {.pcp = true}, natpmp = {.nat_pmp = true};
static const struct port_rules no_gateway;

/* Every destination has a port of its own, at random; and as Linux does it, too. */
static void make_symmetric(struct nat_spec *nat, bool is_linux)
{
	nat->mapping = nat->filtering = NAT_APD;
	nat->ports = NAT_PORTS_RANDOM;
	nat->flow_timers = nat->port_overload = is_linux;
}

static struct pair_plan hard_plan(uint64_t seed, const struct port_rules *caller,
				  const struct port_rules *listener, bool is_linux)
{
	struct pair_plan plan = pair_plan(seed, DELAY);

	plan.ends[PAIR_CALLS].gateway = *caller;
	plan.ends[PAIR_LISTENS].gateway = *listener;
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		make_symmetric(&plan.ends[i].nats[0], is_linux);
	return plan;
}

static unsigned open_ports(const struct pair *p, enum pair_who who)
{
	return nat_forwards(world_nat(p->world, p->ends[who].nats[0]), world_now(p->world));
}

static void stop(struct pair *p, enum pair_who who)
{
	world_tell(p->world, p->ends[who].host, &(struct event){.kind = EVENT_STOP});
}

static struct call_report report(const struct pair *p, enum pair_who who)
{
	struct call_report r;

	assert_true(natpunch_call(p->ends[who].run, 0, &r));
	return r;
}

/* Return: from the start of the call on, or NK_NEVER. */
static nk_time connects(struct pair *p, const struct pair_plan *plan)
{
	nk_time at;

	pair_set(p, plan);
	at = pair_wait(p, PAIR_CALLS, NATPUNCH_CONNECTED, 1, PATIENCE);
	return at == NK_NEVER ? at : at - plan->call_at;
}

/* Both stop: nothing is left on either gateway. */
static void end(struct pair *p)
{
	stop(p, PAIR_CALLS);
	pair_run(p, world_now(p->world) + PATIENCE);
	assert_int_equal(natpunch_status(p->ends[PAIR_CALLS].run), CORE_DONE);
	assert_int_equal(open_ports(p, PAIR_CALLS), 0);
	stop(p, PAIR_LISTENS);
	world_run(p->world, NULL, world_now(p->world) + PATIENCE);
	assert_int_equal(natpunch_status(p->ends[PAIR_LISTENS].run), CORE_DONE);
	assert_int_equal(open_ports(p, PAIR_LISTENS), 0);
	assert_int_equal(world_stats(p->world)->late, 0);
	pair_strike(p);
}

static void test_no_way_without(void **state)
{
	(void)state;
	for (int is_linux = 0; is_linux < 2; is_linux++) {
		const struct pair_plan plan = hard_plan(1, &no_gateway, &no_gateway, is_linux);
		struct pair p;

		assert_true(connects(&p, &plan) == NK_NEVER);
		pair_strike(&p);
	}
}

static void check_hard_pair(const struct port_rules *caller, const struct port_rules *listener,
			    bool is_linux)
{
	const bool listener_opens = listener->pcp || listener->nat_pmp;
	const struct pair_plan plan = hard_plan(2, caller, listener, is_linux);
	struct call_report r;
	struct pair p;

	assert_in_range(connects(&p, &plan), 0, NK_S);
	r = report(&p, PAIR_CALLS);
	if (listener_opens)
		assert_int_equal(r.punch.by, TACTIC_MAPPED);
	assert_int_equal(r.mapping.offered, caller->pcp || caller->nat_pmp);
	assert_int_equal(report(&p, PAIR_LISTENS).mapping.offered, listener_opens);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_RELAY_LIKELY, 1), NK_NEVER);
	end(&p);
}

/* One open port is enough, on either side, by either protocol. */
static void test_hard_pair(void **state)
{
	(void)state;
	for (int is_linux = 0; is_linux < 2; is_linux++) {
		check_hard_pair(&no_gateway, &pcp, is_linux);
		check_hard_pair(&no_gateway, &natpmp, is_linux);
		check_hard_pair(&pcp, &no_gateway, is_linux);
		check_hard_pair(&natpmp, &no_gateway, is_linux);
		check_hard_pair(&pcp, &natpmp, is_linux);
	}
}

static unsigned seeds(void)
{
	const char *text = getenv("NATKIT_SEEDS");

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 20;
}

/* With loss the port may be there too late for the offer of a caller, but not for that of a
 * listener. */
static void test_hard_pair_with_loss(void **state)
{
	unsigned connected = 0;

	(void)state;
	for (unsigned seed = 1; seed <= seeds(); seed++) {
		struct pair_plan plan = hard_plan(seed, &no_gateway, &pcp, seed % 2);
		struct pair p;

		plan.call_at = 5 * NK_S;
		for (unsigned i = 0; i <= PAIR_LISTENS; i++)
			plan.ends[i].up.loss = plan.ends[i].down.loss = 0.1;
		connected += connects(&p, &plan) != NK_NEVER;
		end(&p);
	}
	assert_int_equal(connected, seeds());
}

/* One port, and that of the call that has taken it over; each is closed with its call. */
static void test_one_port_each(void **state)
{
	struct pair_plan plan = hard_plan(3, &no_gateway, &pcp, false);
	struct pair p;

	(void)state;
	plan.call_at = 3600 * NK_S;
	pair_set(&p, &plan);
	assert_int_equal(open_ports(&p, PAIR_LISTENS), 1);
	assert_int_equal(p.ends[PAIR_LISTENS].gateway.server.made, 1);
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1, plan.call_at + NK_S) !=
		    NK_NEVER);
	world_run(p.world, NULL, plan.call_at + NK_S);
	assert_int_equal(open_ports(&p, PAIR_LISTENS), 2);
	stop(&p, PAIR_CALLS);
	world_run(p.world, NULL, plan.call_at + 10 * NK_S);
	assert_int_equal(open_ports(&p, PAIR_LISTENS), 1);
	end(&p);
}

/* Whatever the gateway does, a call is connected as soon as without. */
static void test_never_waits(void **state)
{
	const struct pair_plan without = pair_plan(4, DELAY);
	const struct link_spec slow = {.delay = 400 * NK_MS}, dead = {.loss = 1};
	struct pair p;
	nk_time best, took;

	(void)state;
	best = connects(&p, &without);
	assert_in_range(best, 0, NK_S);
	pair_strike(&p);
	for (int kind = 0; kind < 3; kind++) {
		struct pair_plan plan = without;

		plan.ends[PAIR_CALLS].gateway = plan.ends[PAIR_LISTENS].gateway = pcp;
		if (kind == 2)
			plan.ends[PAIR_CALLS].gateway.pcp_result = PCP_NOT_AUTHORIZED;
		pair_set(&p, &plan);
		for (unsigned i = 0; kind < 2 && i <= PAIR_LISTENS; i++)
			world_set_link(p.world, p.ends[i].gateway.host, kind == 0 ? &slow : &dead,
				       NULL);
		took = pair_wait(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1, PATIENCE) - plan.call_at;
		assert_in_range(took, 0, best + 5 * NK_MS);
		pair_strike(&p);
	}
}

/* A gateway that claims another address than the one at which the broker sees us: the peer is told
 * nothing of it. */
static void test_lies(void **state)
{
	struct port_rules rules = pcp;
	struct pair_plan plan;
	struct pair p;

	(void)state;
	rules.faults = PORT_PRIVATE;
	plan = hard_plan(5, &no_gateway, &rules, true);
	assert_true(connects(&p, &plan) == NK_NEVER);
	assert_false(report(&p, PAIR_LISTENS).mapping.offered);
	assert_true(report(&p, PAIR_LISTENS).mapping.asked);
	pair_strike(&p);

	rules.faults = PORT_OTHER;
	plan = hard_plan(5, &no_gateway, &rules, false);
	assert_true(connects(&p, &plan) != NK_NEVER);
	end(&p);
}

/* Who does not want it, on either side, has none. */
static void test_not_wanted(void **state)
{
	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		struct pair_plan plan = hard_plan(6, &pcp, &pcp, true);
		struct pair p;

		plan.ends[who].options.call.tactics &= ~TACTIC_BIT(TACTIC_MAPPED);
		pair_set(&p, &plan);
		world_run(p.world, NULL, 3 * NK_S);
		assert_int_equal(p.ends[who].gateway.server.made, 0);
		assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1) == NK_NEVER);
		pair_strike(&p);
	}
}

/* The gateway reboots in mid-call: a port is opened anew, and the call goes on. */
static void test_reboot(void **state)
{
	(void)state;
	for (int is_linux = 0; is_linux < 2; is_linux++) {
		const struct pair_plan plan = hard_plan(7, &no_gateway, &pcp, is_linux);
		struct pair p;

		assert_true(connects(&p, &plan) != NK_NEVER);
		port_host_reboot(&p.ends[PAIR_LISTENS].gateway);
		assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_MENDED, 1, 5 * PATIENCE) !=
			    NK_NEVER);
		pair_say(&p, PAIR_CALLS, "still here\n");
		assert_true(pair_hears(&p, PAIR_LISTENS, "still here\n",
				       world_now(p.world) + NK_S) != NK_NEVER);
		end(&p);
	}
}

/* Another gateway, as after a move to another network: the port is opened there. */
static void test_other_gateway(void **state)
{
	const struct pair_plan plan = hard_plan(8, &no_gateway, &pcp, false);
	const struct addr other = addr_v4(10, 0, 2, 3, 0), nowhere = {.port = 0};
	const struct port_rules rules = {.nat_pmp = true, .faults = PORT_OTHER};
	struct port_host second;
	struct pair_end *e;
	struct pair p;
	int host;

	(void)state;
	pair_set(&p, &plan);
	e = &p.ends[PAIR_LISTENS];
	host = world_add_host(p.world, &other, 1, e->nats[0]);
	port_host_start(&second, p.world, host, e->nats[0], &other, &nowhere, &rules, 9);
	stop(&p, PAIR_CALLS);
	world_run(p.world, NULL, 10 * NK_S);
	e->options.call.doors.gateway = other;
	world_tell(p.world, e->host, &(struct event){.kind = EVENT_LINK_LOST});
	world_run(p.world, NULL, 30 * NK_S);
	assert_int_equal(second.server.made, 1);
	assert_int_equal(e->gateway.server.removed, e->gateway.server.made);
	assert_int_equal(open_ports(&p, PAIR_LISTENS), 1);
	pair_strike(&p);
}

/* What the gateway has said is known in the end, and it is not asked again and again. */
static void test_what_was_found(void **state)
{
	struct pair_plan plan = hard_plan(9, &natpmp, &pcp, false);
	const struct link_spec dead = {.loss = 1};
	struct doors_found found;
	struct pair p;

	(void)state;
	assert_true(connects(&p, &plan) != NK_NEVER);
	found = natpunch_doors(p.ends[PAIR_CALLS].run);
	assert_int_equal(found.worked, PORTMAP_BIT(PORTMAP_NAT_PMP));
	assert_int_equal(found.failed, PORTMAP_BIT(PORTMAP_PCP));
	end(&p);

	pair_set(&p, &plan);
	world_set_link(p.world, p.ends[PAIR_CALLS].gateway.host, &dead, NULL);
	world_run(p.world, NULL, plan.call_at + 4 * NK_S);
	found = natpunch_doors(p.ends[PAIR_CALLS].run);
	assert_int_equal(found.worked, 0);
	assert_int_equal(found.failed, PORTMAP_ALL & ~PORTMAP_BIT(PORTMAP_UPNP)); /* not asked */
	pair_strike(&p);
}

static bool count_asked(void *user, const struct action *a)
{
	*(unsigned *)user += a->to.port == PCP_PORT;
	return true;
}

/* A gateway that opens nothing is asked once in ten minutes, not for every socket that could be
 * next. */
static void test_refused(void **state)
{
	const struct port_rules refusing = {.pcp = true, .pcp_result = PCP_NOT_AUTHORIZED};
	const struct pair_plan plan = hard_plan(10, &no_gateway, &refusing, false);
	unsigned asked = 0;
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	stop(&p, PAIR_CALLS);
	p.ends[PAIR_LISTENS].watch = count_asked;
	p.ends[PAIR_LISTENS].user = &asked;
	world_run(p.world, NULL, 500 * NK_S); /* it was asked when the listener began */
	assert_int_equal(asked, 0);
	world_run(p.world, NULL, 1000 * NK_S);
	assert_in_range(asked, 1, 9);
	pair_strike(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_way_without),
		cmocka_unit_test(test_hard_pair),
		cmocka_unit_test(test_hard_pair_with_loss),
		cmocka_unit_test(test_one_port_each),
		cmocka_unit_test(test_never_waits),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_other_gateway),
		cmocka_unit_test(test_what_was_found),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
