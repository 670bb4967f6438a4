/* Binding exchanges: when requests are sent, which answers are believed, what counts as a fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/probe/exchange.h"

#define SOCKET  7u
#define ANOTHER 8u

static struct exchanges x;
static struct rng rng;
static struct action action;
static struct addr server, alternate, stranger, mapped;

static int set_up(void **state)
{
	(void)state;
	server = addr_v4(192, 0, 2, 1, 3478);
	alternate = addr_v4(198, 51, 100, 1, 3479);
	stranger = addr_v4(203, 0, 113, 66, 3478);
	mapped = addr_v4(203, 0, 113, 9, 40000);
	rng_seed_from_number(&rng, 1);
	exchanges_init(&x, &rng);
	return crypto_init();
}

/* What an answer to @e may be spoilt with. */
struct answer {
	enum stun_class cls;
	struct addr from;
	uint32_t socket;
	bool wrong_tid, no_address, cut, error;
	const char *software;
};

static struct answer good(void)
{
	return (struct answer){.cls = STUN_SUCCESS, .from = server, .socket = SOCKET};
}

static struct exchange *answer(const struct exchange *e, const struct answer *a, nk_time now)
{
	uint8_t bytes[256], tid[STUN_TID];
	struct wr w = wr_make(bytes, sizeof(bytes));
	struct event ev = {.kind = EVENT_DATAGRAM, .id = a->socket, .from = a->from};

	memcpy(tid, e->tid, sizeof(tid));
	tid[STUN_TID - 1] ^= a->wrong_tid;
	stun_begin(&w, STUN_BINDING, a->cls, tid);
	if (a->error)
		stun_put_error(&w, 420, "Unknown Attribute");
	else if (!a->no_address)
		stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
	if (a->software != NULL)
		stun_put_bytes(&w, STUN_SOFTWARE, a->software, strlen(a->software));
	ev.len = stun_end(&w) - a->cut;
	ev.data = bytes;
	return exchanges_input(&x, &ev, now);
}

/* An exchange whose request has left at @now. */
static struct exchange *asked(nk_time now)
{
	struct exchange *e = exchange_add(&x, SOCKET, &server, 3, now);

	assert_non_null(e);
	assert_true(exchanges_output(&x, &action, now));
	assert_int_equal(e->repeats, 1);
	return e;
}

static void check_faults(unsigned source, unsigned tid, unsigned garbage)
{
	assert_int_equal(x.faults[EXCHANGE_WRONG_SOURCE], source);
	assert_int_equal(x.faults[EXCHANGE_WRONG_TID], tid);
	assert_int_equal(x.faults[EXCHANGE_GARBAGE], garbage);
}

static void test_schedule(void **state)
{
	static const nk_time at[] = {0, 100, 200, 400, 800, 1600, 3200};
	struct exchange *e = exchange_add(&x, SOCKET, &server, 7, 5 * NK_S);
	uint8_t first[64];

	(void)state;
	assert_false(exchanges_output(&x, &action, 5 * NK_S - 1));
	for (unsigned i = 0; i < 7; i++) {
		const nk_time due = 5 * NK_S + at[i] * NK_MS;

		assert_true(exchanges_deadline(&x) == due);
		assert_false(exchanges_output(&x, &action, due - 1));
		assert_true(exchanges_output(&x, &action, due));
		assert_int_equal(action.kind, ACTION_SEND);
		assert_int_equal(action.id, SOCKET);
		assert_true(addr_eq(&action.to, &server));
		if (i == 0)
			memcpy(first, action.data, action.len);
		assert_memory_equal(action.data, first, action.len);
		assert_false(exchanges_output(&x, &action, due));
	}
	assert_int_equal(e->state, EXCHANGE_WAITING);
	assert_false(exchanges_output(&x, &action, exchanges_deadline(&x)));
	assert_int_equal(e->state, EXCHANGE_FAILED);
	assert_true(exchanges_deadline(&x) == NK_NEVER);
	assert_true(e->first_sent == 5 * NK_S);
	assert_int_equal(x.sent, 7);
	assert_int_equal(x.answered, 0);
}

static void test_answer(void **state)
{
	struct exchange *e = asked(NK_S);
	const struct answer a = good();

	(void)state;
	assert_ptr_equal(answer(e, &a, NK_S + 30 * NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
	assert_true(addr_eq(&e->xor_mapped, &mapped));
	assert_true(e->answered_at == NK_S + 30 * NK_MS);
	assert_true(exchanges_deadline(&x) == NK_NEVER);
	assert_false(exchanges_output(&x, &action, 100 * NK_S));
	check_faults(0, 0, 0);

	/* A second copy changes nothing. */
	mapped.port++;
	assert_ptr_equal(answer(e, &a, 2 * NK_S), e);
	assert_false(addr_eq(&e->xor_mapped, &mapped));
	assert_true(e->answered_at == NK_S + 30 * NK_MS);
	assert_int_equal(x.answered, 1);
	check_faults(0, 0, 0);
}

/* It is late, but an answer: better than none. */
static void test_answer_after_giving_up(void **state)
{
	struct exchange *e = exchange_add(&x, SOCKET, &server, 1, 0);
	const struct answer a = good();

	(void)state;
	assert_true(exchanges_output(&x, &action, 0));
	assert_false(exchanges_output(&x, &action, exchanges_deadline(&x)));
	assert_int_equal(e->state, EXCHANGE_FAILED);
	assert_ptr_equal(answer(e, &a, 2 * NK_S), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
}

static void test_round_trip(void **state)
{
	const struct answer a = good();

	(void)state;
	assert_true(exchanges_wait(&x) == 100 * NK_MS);
	answer(asked(NK_S), &a, NK_S + 80 * NK_MS);
	assert_true(x.rtt == 80 * NK_MS);
	assert_true(exchanges_wait(&x) == 170 * NK_MS);
	answer(asked(2 * NK_S), &a, 2 * NK_S + 160 * NK_MS);
	assert_true(x.rtt == 90 * NK_MS);

	/* Never so short that a busy machine would ask twice. */
	x.rtt = 10;
	assert_true(exchanges_wait(&x) == 25 * NK_MS);
}

/* Karn: the answer to a repeated request may be to either, so it only bounds the round trip. */
static void test_karn(void **state)
{
	struct exchange *e = asked(0);
	const struct answer a = good();

	(void)state;
	assert_true(exchanges_output(&x, &action, 100 * NK_MS));
	assert_ptr_equal(answer(e, &a, 101 * NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
	assert_true(x.rtt == 101 * NK_MS);

	/* Another such bound is no sample, and the first certain one counts alone. */
	e = asked(NK_S);
	assert_true(exchanges_output(&x, &action, 2 * NK_S));
	assert_ptr_equal(answer(e, &a, 2 * NK_S + NK_MS), e);
	assert_true(x.rtt == 101 * NK_MS);
	answer(asked(3 * NK_S), &a, 3 * NK_S + 2 * NK_MS);
	assert_true(x.rtt == 2 * NK_MS);
}

/* A round trip learnt from one exchange hastens the others. */
static void test_shorter_wait(void **state)
{
	struct exchange *first = asked(0);
	const struct answer a = good();

	(void)state;
	asked(0);
	answer(first, &a, 20 * NK_MS);
	assert_true(exchanges_deadline(&x) == 50 * NK_MS);
}

static void test_wrong_source(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	a.from = stranger;
	assert_null(answer(e, &a, NK_MS));
	check_faults(1, 0, 0);
	a.from = addr_with_port(server, 3479);
	assert_null(answer(e, &a, NK_MS));
	check_faults(2, 0, 0);
	assert_true(addr_eq(&x.fault_source[EXCHANGE_WRONG_SOURCE], &a.from));
	assert_int_equal(e->state, EXCHANGE_WAITING);
	assert_int_equal(addr_family(&e->xor_mapped), ADDR_NONE);
	assert_int_equal(x.answered, 0);
	assert_true(x.rtt == 0);
}

static void test_wrong_tid(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	a.wrong_tid = true;
	assert_null(answer(e, &a, NK_MS));
	check_faults(0, 1, 0);
	assert_true(addr_eq(&x.fault_source[EXCHANGE_WRONG_TID], &server));
	assert_int_equal(e->state, EXCHANGE_WAITING);
}

/* The id of a request that has not left can only be a guess. */
static void test_answer_before_request(void **state)
{
	struct exchange *e = exchange_add(&x, SOCKET, &server, 3, NK_S);
	const struct answer a = good();

	(void)state;
	assert_null(answer(e, &a, 0));
	assert_int_equal(e->state, EXCHANGE_WAITING);
	check_faults(0, 1, 0);
}

static void test_requests_are_no_answers(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	a.cls = STUN_REQUEST;
	assert_null(answer(e, &a, NK_MS));
	a.cls = STUN_INDICATION;
	assert_null(answer(e, &a, NK_MS));
	assert_int_equal(e->state, EXCHANGE_WAITING);
}

static void test_garbage(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	a.cut = true;
	assert_null(answer(e, &a, NK_MS));
	check_faults(0, 0, 1);
	a = good();
	a.no_address = true;
	assert_null(answer(e, &a, NK_MS));
	check_faults(0, 0, 2);
	assert_int_equal(e->state, EXCHANGE_WAITING);
	assert_true(x.rtt == 0);

	/* What strangers send is nobody's fault. */
	a = good();
	a.cut = true;
	a.from = stranger;
	assert_null(answer(e, &a, NK_MS));
	check_faults(0, 0, 2);
}

static void test_another_socket(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	a.socket = ANOTHER;
	answer(e, &a, NK_MS);
	assert_int_equal(e->state, EXCHANGE_WAITING);
	assert_int_equal(addr_family(&e->xor_mapped), ADDR_NONE);

	e->heard_on = ANOTHER;
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
}

static void test_error(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	a.cls = STUN_ERROR;
	a.error = true;
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
	assert_int_equal(e->error, 420);
	assert_int_equal(addr_family(&e->xor_mapped), ADDR_NONE);

	/* An error response without a code is an error all the same. */
	e = asked(NK_S);
	a.error = false;
	assert_ptr_equal(answer(e, &a, NK_S + 1), e);
	assert_int_equal(e->error, 500);
}

/* With CHANGE-REQUEST: the answer is due from elsewhere, and one from the address asked is told of. */
static void test_changed_source(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	e->from = alternate;
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_WAITING);
	assert_int_equal(e->error, 0);
	assert_true(addr_eq(&e->source, &e->to));

	a.cls = STUN_ERROR;
	a.error = true;
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_WAITING);
	assert_int_equal(e->error, 420);

	a = good();
	a.from = alternate;
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
	assert_int_equal(e->error, 0);
	check_faults(0, 0, 0);
}

static void test_any_other_port(void **state)
{
	struct exchange *e = asked(0);
	struct answer a = good();

	(void)state;
	e->from = addr_with_port(server, 0);
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_WAITING);
	a.from = addr_with_port(stranger, 3480);
	assert_null(answer(e, &a, NK_MS));
	a.from = addr_with_port(server, 3480);
	assert_ptr_equal(answer(e, &a, NK_MS), e);
	assert_int_equal(e->state, EXCHANGE_ANSWERED);
}

static void test_software(void **state)
{
	struct answer a = good();
	char name[101];

	(void)state;
	memset(name, 'n', 100);
	name[100] = '\0';
	a.software = "good 1.0\x1b[2J\xc3\xa9";
	answer(asked(0), &a, 1);
	assert_string_equal(x.software, "good 1.0?[2J??");
	a.software = name;
	answer(asked(0), &a, 1);
	assert_int_equal(strlen(x.software), sizeof(x.software) - 1);
}

static void test_request(void **state)
{
	struct exchange *e = exchange_add(&x, SOCKET, &server, 3, 0);
	struct stun_msg m;

	(void)state;
	e->change = STUN_CHANGE_IP | STUN_CHANGE_PORT;
	e->response_port = 40001;
	e->padding = 1000;
	assert_true(exchanges_output(&x, &action, 0));
	assert_int_equal(stun_read(&m, action.data, action.len), 0);
	assert_int_equal(m.method, STUN_BINDING);
	assert_int_equal(m.cls, STUN_REQUEST);
	assert_memory_equal(m.tid, e->tid, STUN_TID);
	assert_int_equal(m.change, STUN_CHANGE_IP | STUN_CHANGE_PORT);
	assert_int_equal(m.response_port, 40001);
	assert_int_equal(m.padding, 1000);
	assert_int_equal(action.ttl, 0);
}

static void test_table_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EXCHANGES_MAX; i++)
		assert_non_null(exchange_add(&x, SOCKET, &server, 1, 0));
	assert_null(exchange_add(&x, SOCKET, &server, 1, 0));
	for (unsigned i = 1; i < EXCHANGES_MAX; i++)
		assert_memory_not_equal(x.table[0].tid, x.table[i].tid, STUN_TID);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_schedule),
		TEST(test_answer),
		TEST(test_answer_after_giving_up),
		TEST(test_round_trip),
		TEST(test_karn),
		TEST(test_shorter_wait),
		TEST(test_wrong_source),
		TEST(test_wrong_tid),
		TEST(test_answer_before_request),
		TEST(test_requests_are_no_answers),
		TEST(test_garbage),
		TEST(test_another_socket),
		TEST(test_error),
		TEST(test_changed_source),
		TEST(test_any_other_port),
		TEST(test_software),
		TEST(test_request),
		TEST(test_table_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
