/* A broker that is killed and comes back with its ledger, while its listeners keep themselves alive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/broker/ledger.h"
#include "meeting.h"

/* Of one registration, in one slice. */
struct ledger {
	uint8_t bytes[LEDGER_SLICE_MIN];
	size_t len;
};

static struct ledger written(const struct meeting *m)
{
	struct ledger_cursor c = {.next = 0};
	struct ledger l;

	l.len = ledger_write(m->broker, &c, l.bytes, sizeof(l.bytes), 0, world_now(m->world));
	assert_true(c.ended);
	return l;
}

/* Rung at once, before it has said a word; and it never learns that there was anything. */
static void test_known(void **state)
{
	static struct meeting m;
	struct ledger l;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_wait(&m, 100 * NK_S);
	assert_true(broker_stats(m.broker)->frames_answered >= 5);
	l = written(&m);
	meeting_wait(&m, 10 * NK_S);
	assert_int_equal(meeting_restart_from(&m, 2, l.bytes, l.len), 1);

	meeting_ring(&m, m.listener.identity.sign_public);
	assert_true(meeting_until_answered(&m, NK_S));
	meeting_wait(&m, 300 * NK_S);
	assert_true(broker_stats(m.broker)->frames_answered >= 15);
	assert_int_equal(broker_stats(m.broker)->frames_bad, 0);
	assert_int_equal(broker_stats(m.broker)->frames_unknown, 0);
	assert_int_equal(broker_stats(m.broker)->refreshes, 0);
	assert_int_equal(broker_stats(m.broker)->proofs, 0);
	meeting_close(&m);
}

/* Registered after the ledger was written: its next keepalive is met by silence, and its token is
 * good for a new registration without a proof. */
static void test_ticket(void **state)
{
	static struct meeting m;
	struct ledger l;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	l = written(&m);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_wait(&m, 50 * NK_S);
	assert_int_equal(meeting_restart_from(&m, 2, l.bytes, l.len), 0);
	meeting_wait(&m, 18 * NK_S);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	assert_int_equal(broker_stats(m.broker)->tickets_taken, 1);
	assert_int_equal(broker_stats(m.broker)->proofs, 0);
	meeting_ring(&m, m.listener.identity.sign_public);
	assert_true(meeting_until_answered(&m, NK_S));
	meeting_close(&m);
}

/* Its NAT was started anew as well: neither the ledger nor the ticket is of use, the key is. */
static void test_moved(void **state)
{
	static struct meeting m;
	struct nat_spec other = {OPEN_NAT};
	struct ledger l;

	(void)state;
	other.external[0] = addr_v4(198, 51, 100, 77, 0);
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	meeting_wait(&m, 50 * NK_S);
	l = written(&m);
	assert_int_equal(meeting_restart_from(&m, 2, l.bytes, l.len), 1);
	assert_true(world_replace_nat(m.world, m.listener_nat, &other));
	meeting_wait(&m, 18 * NK_S);
	assert_int_equal(broker_stats(m.broker)->registrations, 1);
	assert_int_equal(broker_stats(m.broker)->tickets_taken, 0);
	assert_int_equal(broker_stats(m.broker)->proofs, 1);
	meeting_ring(&m, m.listener.identity.sign_public);
	assert_true(meeting_until_answered(&m, NK_S));
	meeting_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_ticket),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
