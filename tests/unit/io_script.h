/*
 * A core for tests of the loop: it does what the test queued, and tells the
 * test what happened. A run that will never end gives up by itself.
 */
#ifndef TESTS_IO_SCRIPT_H
#define TESTS_IO_SCRIPT_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "io/run.h"

#define ACTIONS  4096
#define PATIENCE (30 * NK_S) /* nothing here takes a second */

/**
 * struct script - A core that does what a test queued and tells the test what happened
 * @on_event:	The test's part
 * @on_due:	Called when @due has passed
 */
struct script {
	struct action *actions;
	size_t first, count;
	void (*on_event)(struct script *s, const struct event *ev, nk_time now);
	void (*on_due)(struct script *s, nk_time now);
	nk_time due, give_up;
	int status;
	unsigned seen[EVENT_STREAM_GONE + 1];
	struct addr local[2];
	struct event last;
	void *test;
};

static inline void script_input(void *core, const struct event *ev, nk_time now)
{
	struct script *s = core;

	s->seen[ev->kind]++;
	s->last = *ev;
	if (ev->kind == EVENT_OPENED && ev->id < 2)
		s->local[ev->id] = ev->local;
	s->on_event(s, ev, now);
}

static inline bool script_output(void *core, struct action *action, nk_time now)
{
	struct script *s = core;

	if (now >= s->give_up)
		s->status = NK_ERR_UNREACHABLE;
	if (now >= s->due) {
		s->due = NK_NEVER;
		s->on_due(s, now);
	}
	if (s->first == s->count)
		return false;
	*action = s->actions[s->first++];
	return true;
}

static inline nk_time script_deadline(const void *core)
{
	const struct script *s = core;

	return nk_min(s->due, s->give_up);
}

static inline int script_status(const void *core)
{
	return ((const struct script *)core)->status;
}

static const struct core_ops script_ops = {
	.input = script_input,
	.output = script_output,
	.deadline = script_deadline,
	.status = script_status,
};

static inline void ignore(struct script *s, const struct event *ev, nk_time now)
{
	(void)s;
	(void)ev;
	(void)now;
}

static inline void done_on_any(struct script *s, const struct event *ev, nk_time now)
{
	(void)ev;
	(void)now;
	s->status = CORE_DONE;
}

static inline struct script *script_new(void (*on_event)(struct script *, const struct event *,
							 nk_time))
{
	struct script *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->actions = calloc(ACTIONS, sizeof(*s->actions));
	assert_non_null(s->actions);
	s->on_event = on_event;
	s->due = NK_NEVER;
	s->give_up = run_now() + PATIENCE;
	s->status = CORE_BUSY;
	return s;
}

static inline void script_free(struct script *s)
{
	free(s->actions);
	free(s);
}

static inline struct action *push(struct script *s, enum action_kind kind, uint32_t id)
{
	struct action *a;

	if (s->first == s->count)
		s->first = s->count = 0;
	assert_true(s->count < ACTIONS);
	a = &s->actions[s->count++];
	*a = (struct action){.kind = kind, .id = id};
	return a;
}

static inline struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static inline void push_open(struct script *s, uint32_t id, const char *local, const char *peer)
{
	struct action *a = push(s, ACTION_OPEN, id);

	if (local != NULL)
		a->local = addr_of(local);
	if (peer != NULL)
		a->peer = addr_with_port(addr_of(peer), 9);
}

static inline struct action *push_send(struct script *s, uint32_t id, struct addr to, size_t len)
{
	struct action *a = push(s, ACTION_SEND, id);

	a->to = to;
	a->len = len;
	for (size_t i = 0; i < len; i++)
		a->data[i] = (uint8_t)(i * 7 + id);
	return a;
}

static inline int run(struct script *s)
{
	struct run_options options = {.interface = NULL};

	return run_core(&script_ops, s, &options);
}

static inline unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 8192; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* libuv keeps two descriptors from its first loop on: have them before any are counted. */
static inline void script_warm_up(void)
{
	struct script *s = script_new(ignore);

	s->status = CORE_DONE;
	assert_int_equal(run(s), CORE_DONE);
	script_free(s);
}

/* Descriptors open before a test: it must leave as many. */
static unsigned files_before;

static inline int count_files(void **state)
{
	(void)state;
	files_before = open_files();
	return 0;
}

static inline int same_files(void **state)
{
	(void)state;
	return open_files() == files_before ? 0 : -1;
}

#endif
