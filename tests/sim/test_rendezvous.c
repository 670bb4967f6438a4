/* Registering, ringing, answering and relaying through a broker, with all that may go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "meeting.h"

#define RTT (2 * MEETING_ONE_WAY)

static void test_rung_and_answered(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	assert_int_equal(world_now(m.world), 2 * RTT);
	meeting_ring(&m, m.listener.identity.sign_public);
	assert_true(meeting_until_answered(&m, NK_S));
	assert_int_equal(m.caller.answered_at, 2 * RTT + RTT + RTT + RTT);
	assert_int_equal(m.caller.answer_len, sizeof(m.caller.offer));
	assert_int_equal(m.caller.answer[0], m.caller.offer[sizeof(m.caller.offer) - 1]);
	assert_int_equal(m.listener.rings, 1);
	assert_true(addr_eq(&m.listener.last.from, &(struct addr)V4(203, 0, 113, 2, 5000)));

	/* Settled: nothing more is sent. */
	meeting_wait(&m, 10 * NK_S);
	assert_int_equal(m.listener.rings, 1);
	assert_int_equal(ring_state(m.caller.ring), RING_ANSWERED);
	assert_int_equal(world_stats(m.world)->late, 0);
	meeting_close(&m);
}

static void test_clock(void **state)
{
	static struct meeting m;
	const struct broker_clock *clock;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	clock = registration_clock(m.listener.registration);
	assert_int_equal(broker_clock_rtt(clock), RTT);
	assert_int_equal(broker_clock_ours(clock, (uint64_t)(5 * NK_S)), 5 * NK_S);
	meeting_close(&m);
}

/* A frame every 13.3 to 16.7 s, and nothing else. */
static void test_held(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_wait(&m, 600 * NK_S);
	assert_int_equal(registration_state(m.listener.registration), REGISTRATION_HELD);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	assert_int_equal(broker_stats(m.broker)->proofs, 1);
	assert_in_range(broker_stats(m.broker)->datagrams_in, 2 + 600 / 17, 2 + 600 / 13);
	assert_int_equal(broker_stats(m.broker)->refreshes, 0);

	/* The client is gone: so is the registration, in time. */
	world_attach(m.world, m.listener_host, NULL, NULL);
	meeting_wait(&m, 44 * NK_S);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	meeting_wait(&m, 17 * NK_S);
	assert_int_equal(broker_stats(m.broker)->registrations, 0);
	meeting_close(&m);
}

/* Three of ten packets are lost on each link, each way. */
static void test_loss(void **state)
{
	static struct meeting m;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		meeting_open(&m, broker_default_config(), 0.3, seed);
		assert_true(meeting_until_held(&m, 30 * NK_S));
		meeting_ring(&m, m.listener.identity.sign_public);
		assert_true(meeting_until_answered(&m, 60 * NK_S));
		meeting_wait(&m, 300 * NK_S);
		assert_true(meeting_until_held(&m, 30 * NK_S));
		meeting_close(&m);
	}
}

/* Nobody by that key, or nobody there: acknowledged, rung again ever more slowly, never answered. */
static void test_unknown_key(void **state)
{
	static struct meeting m;
	uint8_t key[32] = {9};

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	meeting_ring(&m, key);
	assert_false(meeting_until_answered(&m, 30 * NK_S));
	assert_int_equal(ring_state(m.caller.ring), RING_ACKNOWLEDGED);
	assert_in_range(broker_stats(m.broker)->rings, 8, 20);
	assert_int_equal(broker_stats(m.broker)->calls, 0);
	meeting_close(&m);
}

/* A silent listener is rung again with the same offer until it answers. */
static void test_rung_until_answered(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	m.listener.silent = true;
	meeting_ring(&m, m.listener.identity.sign_public);
	assert_false(meeting_until_answered(&m, 3 * NK_S));
	assert_in_range(m.listener.rings, 3, 8);
	assert_memory_equal(m.listener.last.offer, m.caller.offer, sizeof(m.caller.offer));
	m.listener.silent = false;
	assert_true(meeting_until_answered(&m, 5 * NK_S));
	meeting_close(&m);
}

/* The broker's process is started anew: new secrets, no registrations. Listener and caller notice by
 * themselves; the listener within one refresh. */
static void test_broker_restarts(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	m.listener.silent = true;
	meeting_ring(&m, m.listener.identity.sign_public);
	meeting_wait(&m, NK_S);
	meeting_restart_broker(&m, 2);
	m.listener.silent = false;
	meeting_wait(&m, 16 * NK_S);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	assert_true(meeting_until_answered(&m, 6 * NK_S));
	assert_int_equal(broker_stats(m.broker)->refused_proof, 0);
	meeting_close(&m);
}

/* Away for ten minutes: said to be silent, asked ever more slowly, back within 16 s. */
static void test_broker_is_away(void **state)
{
	static struct meeting m;
	uint64_t sent;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_stop_broker(&m);
	meeting_wait(&m, 20 * NK_S);
	assert_int_equal(registration_state(m.listener.registration), REGISTRATION_SILENT);
	meeting_wait(&m, 40 * NK_S);
	sent = world_stats(m.world)->sent;
	meeting_wait(&m, 540 * NK_S);
	assert_in_range(world_stats(m.world)->sent - sent, 540 / 17, 540 / 15);
	meeting_restart_broker(&m, 2);
	assert_true(meeting_until_held(&m, 17 * NK_S));
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	meeting_close(&m);
}

/* The NAT is rebooted and gives another address: the token is worth nothing from there, the key is. */
static void test_address_changes(void **state)
{
	static struct meeting m;
	struct nat_spec other = {OPEN_NAT};
	struct addr mapped;

	(void)state;
	other.external[0] = addr_v4(198, 51, 100, 77, 0);
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_wait(&m, 5 * NK_S);
	assert_true(world_replace_nat(m.world, m.listener_nat, &other));
	meeting_wait(&m, 13 * NK_S);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	assert_int_equal(broker_stats(m.broker)->proofs, 2);
	mapped = registration_mapped(m.listener.registration);
	assert_true(addr_same_ip(&mapped, &other.external[0]));
	meeting_ring(&m, m.listener.identity.sign_public);
	assert_true(meeting_until_answered(&m, NK_S));
	meeting_close(&m);
}

/* registration_refresh() after such a change does not wait for the 15 s. */
static void test_refresh_at_once(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_wait(&m, NK_S);
	assert_true(world_reboot_nat(m.world, m.listener_nat));
	meeting_restart_broker(&m, 2);
	registration_refresh(m.listener.registration, world_now(m.world));
	world_tell(m.world, m.listener_host, &(struct event){.kind = EVENT_RESUMED});
	meeting_wait(&m, 4 * RTT);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	meeting_close(&m);
}

static void relay(struct meeting *m, unsigned relays_per_s, bool listener_may)
{
	struct broker_config config = broker_default_config();

	config.relays_per_s = relays_per_s;
	meeting_open(m, config, 0, 1);
	m->listener.relay = listener_may;
	assert_true(meeting_until_held(m, NK_S));
	meeting_ring(m, m->listener.identity.sign_public);
	assert_true(meeting_until_answered(m, NK_S));
}

/* Ten minutes long: tickets are made anew on the way. */
static void test_relay(void **state)
{
	static struct meeting m;

	(void)state;
	relay(&m, 10, true);
	assert_true(ring_may_relay(m.caller.ring));
	meeting_relay(&m, 600);
	meeting_wait(&m, 610 * NK_S);
	assert_int_equal(m.listener.relayed, 600);
	assert_int_equal(m.caller.relayed, 600);
	meeting_close(&m);
}

/* Both must allow it, and the broker does not unless it is told to. */
static void test_no_relay(void **state)
{
	static struct meeting m;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		relay(&m, i == 0 ? 0 : 10, i != 1);
		assert_int_equal(ring_may_relay(m.caller.ring), i == 2);
		meeting_relay(&m, 3);
		meeting_wait(&m, 10 * NK_S);
		assert_int_equal(m.listener.relayed, i == 2 ? 3 : 0);
		meeting_close(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rung_and_answered),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_unknown_key),
		cmocka_unit_test(test_rung_until_answered),
		cmocka_unit_test(test_broker_restarts),
		cmocka_unit_test(test_broker_is_away),
		cmocka_unit_test(test_address_changes),
		cmocka_unit_test(test_refresh_at_once),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_no_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
