/* A gate, whose mapping and looks from outside the test plays: what follows from what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/portmap/gate.h"

#define START (1000 * NK_S)

/* In place of portmap.c and reach.c, of which nothing else is needed here. */

struct portmap {
	struct portmap_config config;
	struct portmap_mapping mapping;
	int status;
	bool claimed, released, doubted;
};

struct reach {
	struct reach_config config;
	struct reach_result result;
	int status;
};

static struct portmap *map;
static struct reach *look;
static unsigned maps, looks;

struct portmap *portmap_new(const struct portmap_config *config, struct rng *rng, nk_time now)
{
	(void)rng;
	(void)now;
	map = calloc(1, sizeof(*map));
	assert_non_null(map);
	map->config = *config;
	map->status = CORE_BUSY;
	map->mapping.gateway = config->gateway;
	maps++;
	return map;
}

void portmap_free(struct portmap *p)
{
	if (p != NULL)
		map = NULL;
	free(p);
}

bool portmap_input(struct portmap *p, const struct event *ev, nk_time now)
{
	(void)now;
	return ev->id == p->config.first_socket;
}

bool portmap_output(struct portmap *p, struct action *action, nk_time now)
{
	(void)p;
	(void)action;
	(void)now;
	return false;
}

nk_time portmap_deadline(const struct portmap *p)
{
	(void)p;
	return NK_NEVER;
}

int portmap_status(const struct portmap *p)
{
	return p->status;
}

void portmap_release(struct portmap *p, nk_time now)
{
	(void)now;
	p->released = true;
}

void portmap_claim(struct portmap *p)
{
	p->claimed = true;
}

void portmap_doubt(struct portmap *p, nk_time now)
{
	(void)now;
	p->doubted = true;
}

const struct portmap_mapping *portmap_result(const struct portmap *p)
{
	return &p->mapping;
}

struct reach *reach_new(const struct reach_config *config, struct rng *rng, nk_time now)
{
	(void)rng;
	(void)now;
	look = calloc(1, sizeof(*look));
	assert_non_null(look);
	look->config = *config;
	look->status = CORE_BUSY;
	looks++;
	return look;
}

void reach_free(struct reach *r)
{
	if (r != NULL)
		look = NULL;
	free(r);
}

bool reach_input(struct reach *r, const struct event *ev, nk_time now)
{
	(void)now;
	return ev->id == r->config.first_socket;
}

bool reach_output(struct reach *r, struct action *action, nk_time now)
{
	(void)r;
	(void)action;
	(void)now;
	return false;
}

nk_time reach_deadline(const struct reach *r)
{
	(void)r;
	return NK_NEVER;
}

int reach_status(const struct reach *r)
{
	return r->status;
}

const struct reach_result *reach_result(const struct reach *r)
{
	return &r->result;
}

/* The gate */

static struct gate *gate;
static nk_time now;

static void turn(void)
{
	struct action action;

	assert_false(gate_output(gate, &action, now));
}

static void start(unsigned brokers, bool verify, bool detach)
{
	struct gate_config c = {
		.map = {.gateway = addr_v4(192, 0, 2, 1, 0),
			.internal = addr_v4(192, 0, 2, 10, 8080),
			.ip_protocol = 6,
			.detach = detach,
			.first_socket = 10},
		.verify = verify,
		.broker_count = brokers,
	};

	for (unsigned i = 0; i < brokers; i++)
		c.brokers[i] = addr_v4(203, 0, 113, (uint8_t)(i + 1), 3478);
	maps = looks = 0;
	now = START;
	gate = gate_new(&c, NULL);
	assert_non_null(gate);
	turn();
	assert_int_equal(maps, 1);
}

static int end(void **state)
{
	(void)state;
	gate_free(gate);
	gate = NULL;
	return 0;
}

static void hold(uint16_t port)
{
	map->mapping.state = PORTMAP_HELD;
	map->mapping.external = addr_v4(198, 51, 100, 7, port);
	turn();
}

static void answer(enum reach_verdict verdict, enum reach_why why)
{
	assert_non_null(look);
	look->result.verdict = verdict;
	look->result.why = why;
	look->status = CORE_DONE;
	turn();
}

/* What nobody gets in by is looked at once more. */
static void answer_twice(enum reach_verdict verdict)
{
	const unsigned before = looks;

	answer(verdict, REACH_WHY_NONE);
	assert_int_equal(gate_result(gate)->state == GATE_SHUT, 0);
	assert_true(gate_deadline(gate) > now);
	now = gate_deadline(gate);
	turn();
	assert_int_equal(looks, before + 1);
	answer(verdict, REACH_WHY_NONE);
}

static void let_go(void)
{
	assert_true(map->released && map->claimed);
	map->mapping.state = PORTMAP_GONE;
	map->status = CORE_DONE;
	turn();
}

static void assert_state(enum gate_state s)
{
	assert_string_equal(gate_state_name(gate_result(gate)->state), gate_state_name(s));
}

static void looks_as_soon_as_it_is_there(void **state)
{
	(void)state;
	start(1, true, false);
	assert_state(GATE_ASKING);
	assert_int_equal(looks, 0);
	hold(8080);
	assert_state(GATE_LOOKING);
	assert_int_equal(look->config.external.port, 8080);
	assert_int_equal(look->config.internal.port, 8080);
	assert_true(look->config.first_socket >= 10 + PORTMAP_SOCKETS);
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_OPEN);
	assert_int_equal(gate_status(gate), CORE_BUSY);
	turn();
	assert_int_equal(looks, 1);
	gate_release(gate, now);
	assert_int_equal(gate_status(gate), CORE_BUSY);
	let_go();
	assert_state(GATE_REMOVED);
	assert_int_equal(gate_status(gate), CORE_DONE);
}

static void looks_again_after_each_change(void **state)
{
	(void)state;
	start(1, true, false);
	hold(8080);
	answer(REACH_ACCEPTED, REACH_WHY_NONE);
	hold(8081);
	assert_state(GATE_LOOKING);
	assert_int_equal(looks, 2);
	hold(8082); /* while it is looked at: what comes of that counts no more */
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_LOOKING);
	assert_int_equal(looks, 3);
	assert_int_equal(look->config.external.port, 8082);
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_OPEN);
	map->mapping.renewals = 1;
	turn();
	assert_int_equal(looks, 3);
	map->mapping.recreated = 1;
	turn();
	assert_int_equal(looks, 4);
	answer(REACH_SEEN, REACH_WHY_NONE);
	gate_doubt(gate, now);
	turn();
	assert_true(map->doubted);
	assert_int_equal(looks, 5);
	assert_state(GATE_OPEN); /* until it is known better */
}

static void is_lost_and_comes_back(void **state)
{
	(void)state;
	start(1, true, false);
	hold(8080);
	answer(REACH_SEEN, REACH_WHY_NONE);
	map->mapping.state = PORTMAP_ASKING;
	turn();
	assert_state(GATE_ASKING);
	hold(8080);
	assert_state(GATE_LOOKING);
	answer_twice(REACH_NOT_SEEN);
	assert_state(GATE_SHUT);
	assert_false(map->released); /* it was of use once */
	assert_int_equal(gate_status(gate), CORE_BUSY);
	assert_true(gate_deadline(gate) > now && gate_deadline(gate) < now + 600 * NK_S);
	now = gate_deadline(gate);
	turn();
	assert_int_equal(looks, 4);
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_OPEN);
}

/* One look may have come too early. */
static void one_look_decides_nothing(void **state)
{
	(void)state;
	start(1, true, false);
	hold(8080);
	answer(REACH_NOT_SEEN, REACH_WHY_NONE);
	assert_state(GATE_LOOKING);
	now = gate_deadline(gate);
	turn();
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_OPEN);
	hold(8081);
	look->result.took = 8 * NK_S; /* in which it was tried often */
	answer(REACH_NOT_SEEN, REACH_WHY_NONE);
	assert_state(GATE_SHUT);
}

static void what_nobody_gets_in_by_is_removed(void **state)
{
	static const struct {
		enum reach_verdict verdict;
		enum reach_why why;
	} useless[] = {
		{REACH_NOT_SEEN, REACH_WHY_NONE},
		{REACH_REFUSED, REACH_WHY_NONE},
		{REACH_UNKNOWN, REACH_OTHER_ADDRESS},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		start(1, true, i == 1); /* also where it was to stay */
		hold(8080);
		if (useless[i].verdict == REACH_UNKNOWN)
			answer(useless[i].verdict, useless[i].why);
		else
			answer_twice(useless[i].verdict);
		assert_state(GATE_SHUT);
		assert_int_equal(gate_status(gate), CORE_BUSY);
		let_go();
		assert_state(GATE_SHUT); /* which says why it is gone */
		assert_int_equal(gate_status(gate), CORE_DONE);
		gate_free(gate);
	}
	gate = NULL;
}

static void asks_one_broker_after_the_other(void **state)
{
	(void)state;
	start(3, true, false);
	hold(8080);
	assert_int_equal(look->config.broker.ip[15], 1);
	answer(REACH_UNKNOWN, REACH_BROKER_SILENT);
	assert_state(GATE_LOOKING);
	assert_int_equal(look->config.broker.ip[15], 2);
	answer(REACH_UNKNOWN, REACH_BROKER_CANNOT);
	assert_int_equal(look->config.broker.ip[15], 3);
	answer(REACH_UNKNOWN, REACH_LIMITED);
	assert_state(GATE_UNVERIFIED);
	assert_false(map->released);
	assert_null(look);
	now = gate_deadline(gate);
	turn();
	assert_int_equal(look->config.broker.ip[15], 1); /* from the first on */
	answer(REACH_UNKNOWN, REACH_PORT_TAKEN);
	assert_state(GATE_UNVERIFIED);
	assert_true(gate_deadline(gate) == NK_NEVER); /* which all of them would find */
}

/* A program may be started, which then has the port. */
static void looks_again_where_it_may_not_listen(void **state)
{
	(void)state;
	start(2, true, false);
	hold(80);
	look->result.tries = 1;
	answer(REACH_UNKNOWN, REACH_BARRED);
	assert_state(GATE_UNVERIFIED);
	assert_false(map->released);
	assert_null(look); /* the other one would find the same */
	now = gate_deadline(gate);
	turn();
	look->result.tries = 1;
	answer(REACH_ACCEPTED, REACH_WHY_NONE);
	assert_state(GATE_ACCEPTED);
}

static void holds_without_a_look(void **state)
{
	(void)state;
	start(0, true, false); /* nobody can */
	hold(8080);
	assert_state(GATE_UNVERIFIED);
	assert_false(gate_result(gate)->looked);
	gate_free(gate);
	start(1, false, false); /* nobody is to */
	map->mapping.why = PORTMAP_PRIVATE;
	hold(8080);
	assert_state(GATE_UNVERIFIED);
	assert_int_equal(looks, 0);
	assert_false(map->released);
}

static void a_private_address_is_no_way_in(void **state)
{
	(void)state;
	start(0, true, false);
	map->mapping.why = PORTMAP_PRIVATE;
	hold(8080);
	assert_state(GATE_SHUT);
	let_go();
	gate_free(gate);
	start(1, true, false);
	map->mapping.why = PORTMAP_PRIVATE;
	hold(8080);
	answer(REACH_UNKNOWN, REACH_BROKER_SILENT);
	assert_state(GATE_SHUT);
	let_go();
	gate_free(gate);
	start(1, true, false); /* from where the broker is one gets in */
	map->mapping.why = PORTMAP_PRIVATE;
	hold(8080);
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_OPEN);
}

/* A gateway that has another address than it says. */
static void what_was_seen_counts(void **state)
{
	struct addr public;

	(void)state;
	start(1, true, false);
	hold(8080);
	public = gate_public(gate_result(gate));
	assert_true(addr_eq(&public, &map->mapping.external));
	look->result.mapped = addr_v4(203, 0, 113, 99, 0);
	answer(REACH_SEEN, REACH_WHY_NONE);
	public = gate_public(gate_result(gate));
	assert_int_equal(public.ip[15], 99);
	assert_int_equal(public.port, 8080);
}

static void is_left_open(void **state)
{
	(void)state;
	start(1, true, true);
	hold(8080);
	assert_int_equal(gate_status(gate), CORE_BUSY);
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_int_equal(gate_status(gate), CORE_DONE);
	assert_false(map->released);
}

static void fails(void **state)
{
	(void)state;
	start(1, true, false);
	map->mapping.state = PORTMAP_FAILED;
	map->mapping.why = PORTMAP_SILENT;
	map->status = CORE_DONE;
	turn();
	assert_state(GATE_FAILED);
	assert_int_equal(gate_result(gate)->mapping.why, PORTMAP_SILENT);
	assert_int_equal(gate_status(gate), CORE_DONE);
	gate_release(gate, now);
	assert_int_equal(gate_status(gate), CORE_DONE);
	assert_int_equal(maps, 1);
}

/* What a broker sees of another gateway says nothing of this one. */
static void is_not_looked_at_by_another_way(void **state)
{
	struct gate_config c = {.verify = true, .aside = true};

	(void)state;
	start(1, true, false);
	hold(8080);
	gate_doubt_way(gate, &c, now); /* in mid-look */
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_UNVERIFIED);
	assert_int_equal(gate_result(gate)->reach.why, REACH_OTHER_WAY);
	assert_int_equal(looks, 1);
	hold(8081);
	assert_state(GATE_UNVERIFIED);
	assert_true(gate_result(gate)->looked);
	assert_int_equal(looks, 1);
	assert_int_equal(gate_status(gate), CORE_BUSY);
	c = (struct gate_config){.broker_count = 1, .brokers = {addr_v4(203, 0, 113, 9, 3478)}};
	gate_doubt_way(gate, &c, now);
	turn();
	assert_int_equal(looks, 2);
	assert_int_equal(look->config.broker.ip[15], 9);
	answer(REACH_SEEN, REACH_WHY_NONE);
	assert_state(GATE_OPEN);
}

static void moves(void **state)
{
	struct gate_config to = {.map = {.gateway = addr_v4(192, 0, 2, 254, 0),
					 .internal = addr_v4(192, 0, 2, 77, 8080),
					 .nonce = {7}},
				 .broker_count = 1};

	(void)state;
	start(1, true, false);
	hold(8080);
	answer(REACH_SEEN, REACH_WHY_NONE);
	gate_move(gate, &to, now);
	assert_true(map->released && !map->claimed);
	map->mapping.state = PORTMAP_GONE;
	map->status = CORE_DONE;
	turn();
	assert_int_equal(maps, 2);
	assert_true(addr_eq(&map->config.internal, &to.map.internal));
	assert_true(addr_eq(&map->config.gateway, &to.map.gateway));
	assert_int_equal(map->config.nonce[0], 7);
	hold(8080);
	assert_true(addr_eq(&look->config.internal, &to.map.internal));
	assert_state(GATE_LOOKING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(looks_as_soon_as_it_is_there, end),
		cmocka_unit_test_teardown(looks_again_after_each_change, end),
		cmocka_unit_test_teardown(is_lost_and_comes_back, end),
		cmocka_unit_test_teardown(one_look_decides_nothing, end),
		cmocka_unit_test_teardown(what_nobody_gets_in_by_is_removed, end),
		cmocka_unit_test_teardown(asks_one_broker_after_the_other, end),
		cmocka_unit_test_teardown(looks_again_where_it_may_not_listen, end),
		cmocka_unit_test_teardown(holds_without_a_look, end),
		cmocka_unit_test_teardown(a_private_address_is_no_way_in, end),
		cmocka_unit_test_teardown(what_was_seen_counts, end),
		cmocka_unit_test_teardown(is_left_open, end),
		cmocka_unit_test_teardown(fails, end),
		cmocka_unit_test_teardown(is_not_looked_at_by_another_way, end),
		cmocka_unit_test_teardown(moves, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
