/* Streams cut into messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/call/lines.h"

static void put(struct lines *l, const char *text)
{
	assert_true(lines_want(l));
	lines_put(l, (const uint8_t *)text, strlen(text));
}

static void assert_next(struct lines *l, const char *text)
{
	const uint8_t *bytes;
	size_t len;

	assert_int_equal(lines_next(l, &bytes, &len), LINES_ONE);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
	lines_take(l, len);
}

static void assert_none(struct lines *l)
{
	const uint8_t *bytes;
	size_t len;

	assert_int_equal(lines_next(l, &bytes, &len), LINES_NONE);
}

static void test_lines(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l, PUNCH_LINES);
	assert_none(&l);
	put(&l, "one\n\nthr");
	assert_false(lines_want(&l));
	assert_next(&l, "one\n");
	assert_next(&l, "\n");
	assert_none(&l);
	put(&l, "ee\nrest");
	assert_next(&l, "three\n");
	assert_none(&l);
	lines_end(&l);
	assert_false(lines_are_over(&l));
	assert_next(&l, "rest");
	assert_true(lines_are_over(&l));
	assert_false(lines_want(&l));
}

static void test_datagrams(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l, PUNCH_DATAGRAMS);
	put(&l, "one\ntwo");
	assert_false(lines_want(&l));
	assert_next(&l, "one\ntwo");
	put(&l, "three");
	assert_next(&l, "three");
	lines_end(&l);
	assert_true(lines_are_over(&l));
}

static void test_whole(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l, PUNCH_WHOLE);
	put(&l, "one\n");
	assert_none(&l);
	put(&l, "two\n");
	assert_none(&l);
	lines_end(&l);
	assert_next(&l, "one\ntwo\n");
	assert_true(lines_are_over(&l));
}

/* One byte more than fits, in pieces of @piece bytes: the length is told, and the next line comes. */
static void too_long(size_t piece)
{
	static const uint8_t xs[CORE_DATAGRAM_MAX] = {'x'};
	const uint8_t *bytes;
	struct lines l;
	size_t len;

	lines_init(&l, PUNCH_LINES);
	for (size_t left = SESSION_MESSAGE_MAX; left > 0; left -= piece)
		lines_put(&l, xs, piece);
	assert_none(&l);
	put(&l, "\nnext\n");
	assert_int_equal(lines_next(&l, &bytes, &len), LINES_TOO_LONG);
	assert_int_equal(len, SESSION_MESSAGE_MAX + 1);
	assert_next(&l, "next\n");
}

static void test_too_long(void **state)
{
	(void)state;
	too_long(1);
	too_long(100);
	too_long(SESSION_MESSAGE_MAX);
}

static void test_longest(void **state)
{
	static uint8_t xs[SESSION_MESSAGE_MAX];
	const uint8_t *bytes;
	struct lines l;
	size_t len;

	(void)state;
	memset(xs, 'x', sizeof(xs));
	xs[sizeof(xs) - 1] = '\n';
	lines_init(&l, PUNCH_LINES);
	lines_put(&l, xs, sizeof(xs));
	assert_int_equal(lines_next(&l, &bytes, &len), LINES_ONE);
	assert_int_equal(len, SESSION_MESSAGE_MAX);
}

/* Without an end to it, and as much as ever comes: it stays bounded. */
static void test_endless(void **state)
{
	static const uint8_t xs[CORE_DATAGRAM_MAX] = {'x'};
	const uint8_t *bytes;
	struct lines l;
	size_t len;

	(void)state;
	lines_init(&l, PUNCH_LINES);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(lines_want(&l));
		lines_put(&l, xs, sizeof(xs));
		assert_none(&l);
	}
	lines_end(&l);
	assert_int_equal(lines_next(&l, &bytes, &len), LINES_TOO_LONG);
	assert_int_equal(len, 1000 * sizeof(xs));
	assert_true(lines_are_over(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),   cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_whole),   cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_longest), cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
