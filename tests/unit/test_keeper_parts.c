/* Parts of natkeepalive's run: sockets that targets share, Binding requests, and events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/keeper/asks.h"
#include "core/keeper/news.h"
#include "core/keeper/outlets.h"

static struct outlets outlets;
static struct rng rng;

static int set_up(void **state)
{
	(void)state;
	memset(&outlets, 0, sizeof(outlets));
	rng_seed_from_number(&rng, 1);
	return crypto_init();
}

static uint32_t take(const char *to, uint16_t port, bool shared)
{
	const struct keeper_target target = {.local_port = port, .shared = shared};
	struct addr addr;

	assert_int_equal(addr_parse(&addr, to, 3478), 0);
	return outlets_take(&outlets, &target, &addr);
}

/* The next action is to open that socket, which succeeds, or does not. */
static struct action opens(uint32_t id, bool works, nk_time now)
{
	struct event ev = {.kind = works ? EVENT_OPENED : EVENT_OPEN_FAILED, .id = id};
	struct action action;

	assert_true(outlets_output(&outlets, &action, now));
	assert_int_equal(action.kind, ACTION_OPEN);
	assert_int_equal(action.id, id);
	ev.local = addr_v4(10, 0, 0, 2, action.local.port != 0 ? action.local.port : 45678);
	assert_true(outlets_input(&outlets, &ev, now));
	assert_int_equal(outlets_open(&outlets, id), works);
	return action;
}

static void closes(uint32_t id, nk_time now)
{
	struct action action;

	assert_true(outlets_output(&outlets, &action, now));
	assert_int_equal(action.kind, ACTION_CLOSE);
	assert_int_equal(action.id, id);
}

static void rests(nk_time now)
{
	struct action action;

	assert_false(outlets_output(&outlets, &action, now));
}

/* A target alone is bound to the address from which it is reached; two of a port are bound to none. */
static void test_sharing(void **state)
{
	const uint32_t one = take("192.0.2.1", 5000, false);
	struct action action = opens(one, true, 0);

	(void)state;
	assert_int_equal(action.local.port, 5000);
	assert_int_equal(action.peer.port, 3478);
	assert_int_equal(take("192.0.2.2", 5000, false), one);
	closes(one, 0);
	action = opens(one, true, 0);
	assert_int_equal(action.local.port, 5000);
	assert_int_equal(addr_family(&action.peer), ADDR_NONE);
	assert_int_not_equal(take("2001:db8::1", 5000, false), one);
	assert_int_not_equal(take("192.0.2.3", 5001, false), one);
	assert_int_not_equal(take("192.0.2.4", 5000, true), one);
	assert_int_not_equal(take("192.0.2.5", 0, false), take("192.0.2.6", 0, false));
}

/* Who leaves last closes it, and the place is free for another. */
static void test_leaving(void **state)
{
	const uint32_t id = take("192.0.2.1", 0, false);

	(void)state;
	opens(id, true, 0);
	outlets_leave(&outlets, id);
	assert_int_equal(outlets_deadline(&outlets), 0);
	assert_int_not_equal(take("192.0.2.1", 0, false), id); /* it is still to be closed */
	closes(id, 0);
	opens(id + 1, true, 0);
	rests(0);
	assert_int_equal(take("192.0.2.1", 0, false), id);
}

/* Another network: the same port, from another address. */
static void test_renewing(void **state)
{
	const uint32_t id = take("192.0.2.1", 0, false);

	(void)state;
	assert_int_equal(opens(id, true, 0).local.port, 0);
	outlets_renew(&outlets);
	assert_false(outlets_open(&outlets, id));
	closes(id, 0);
	assert_int_equal(opens(id, true, 0).local.port, 45678);

	/* If another has that port meanwhile, any will do. */
	outlets_renew(&outlets);
	closes(id, 0);
	opens(id, false, 0);
	assert_int_equal(opens(id, true, NK_S).local.port, 0);
}

/* Tried ever more slowly, and at once where the network is another one. */
static void test_failing(void **state)
{
	const uint32_t id = take("192.0.2.1", 0, false);
	nk_time now = 0, last = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		opens(id, false, now);
		last = outlets_deadline(&outlets) - now;
		assert_in_range(last, NK_S, 30 * NK_S);
		rests(now + last - 1);
		now += last;
	}
	assert_int_equal(last, 30 * NK_S);
	opens(id, false, now);
	outlets_renew(&outlets);
	opens(id, true, now);
	assert_int_equal(outlets_deadline(&outlets), NK_NEVER);
}

static struct stun_msg answer_to(const struct action *ask, struct action *answer)
{
	struct wr w = wr_make(answer->data, sizeof(answer->data));
	struct stun_msg m;

	assert_int_equal(stun_read(&m, ask->data, ask->len), 0);
	assert_true(m.has_fingerprint);
	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, m.tid);
	answer->len = stun_end(&w);
	assert_int_equal(stun_read(&m, answer->data, answer->len), 0);
	return m;
}

/* An answer settles what was asked before it, and not what was asked later. */
static void test_asks(void **state)
{
	struct asks asks = {.next = 0};
	struct action ask[ASKS_KEPT + 1], answer;
	struct stun_msg m;
	nk_time rtt;

	(void)state;
	for (unsigned i = 0; i <= ASKS_KEPT; i++)
		asks_write(&asks, &rng, &ask[i], i * NK_S);
	m = answer_to(&ask[0], &answer);
	assert_false(asks_answered(&asks, &m, &rtt, 10 * NK_S)); /* forgotten */
	m = answer_to(&ask[3], &answer);
	m.cls = STUN_ERROR;
	assert_false(asks_answered(&asks, &m, &rtt, 10 * NK_S));
	m.cls = STUN_SUCCESS;
	assert_true(asks_answered(&asks, &m, &rtt, 10 * NK_S));
	assert_int_equal(rtt, 7 * NK_S);
	assert_false(asks_answered(&asks, &m, &rtt, 10 * NK_S));
	m = answer_to(&ask[2], &answer);
	assert_false(asks_answered(&asks, &m, &rtt, 10 * NK_S));
	m = answer_to(&ask[4], &answer);
	assert_true(asks_answered(&asks, &m, &rtt, 10 * NK_S));
}

static void test_indication(void **state)
{
	struct action action;
	struct stun_msg m;

	(void)state;
	asks_write_indication(&rng, &action);
	assert_int_equal(action.len, STUN_HEADER + 8);
	assert_int_equal(stun_read(&m, action.data, action.len), 0);
	assert_int_equal(m.cls, STUN_INDICATION);
}

/* In order; of too many the oldest are gone. */
static void test_news(void **state)
{
	struct news news = {.count = 0};
	struct keeper_event e = {.kind = KEEPER_EVENT_UP};

	(void)state;
	assert_false(news_take(&news, &e));
	for (unsigned i = 0; i < NEWS_MAX + 3; i++) {
		e.at = i;
		news_put(&news, &e);
	}
	for (unsigned i = 3; i < NEWS_MAX + 3; i++) {
		assert_true(news_take(&news, &e));
		assert_int_equal(e.at, i);
	}
	assert_false(news_take(&news, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sharing, set_up),
		cmocka_unit_test_setup(test_leaving, set_up),
		cmocka_unit_test_setup(test_renewing, set_up),
		cmocka_unit_test_setup(test_failing, set_up),
		cmocka_unit_test_setup(test_asks, set_up),
		cmocka_unit_test_setup(test_indication, set_up),
		cmocka_unit_test_setup(test_news, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
