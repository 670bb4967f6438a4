/* Two ICE agents of ours behind NATs, each at its own stream, through which they get to know each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/ice/ice_run.h"
#include "duel.h"
#include "wire/sdp.h"

#define DELAY (20 * NK_MS)

/**
 * struct agent - One of them, and what is at its stream
 * @stream:	Its id, once open; @asked: it wants to read
 * @said:	What it has written, @said_len characters
 * @hears:	What it shall read: @heard characters of @hears_len are taken
 * @opened, @room, @ended: To be told
 */
struct agent {
	struct ice_options options;
	struct ice_run *run;
	uint32_t stream;
	bool is_open, opened, asked, room, ended;
	char said[16384], hears[16384];
	size_t said_len, hears_len, heard;
};

static void on_event(void *core, const struct event *ev, nk_time now)
{
	struct agent *a = core;

	ice_run_input(a->run, ev, now);
}

/* What the stream has for it. Return: false if nothing. */
static bool serve(struct agent *a, nk_time now)
{
	struct event ev = {.id = a->stream};

	if (a->opened) {
		ev.kind = EVENT_OPENED;
		a->opened = false;
	} else if (a->room) {
		ev.kind = EVENT_STREAM_ROOM;
		a->room = false;
	} else if (a->asked && a->heard < a->hears_len) {
		ev.kind = EVENT_STREAM_DATA;
		ev.data = (const uint8_t *)a->hears + a->heard;
		ev.len = a->hears_len - a->heard > 7 ? 7 : a->hears_len - a->heard;
		a->heard += ev.len;
		a->asked = false;
	} else if (a->asked && a->ended) {
		ev.kind = EVENT_STREAM_END;
		a->asked = false;
	} else {
		return false;
	}
	ice_run_input(a->run, &ev, now);
	return true;
}

/* Return: true if the action was the stream's. */
static bool take(struct agent *a, const struct action *action)
{
	if (action->kind == ACTION_OPEN && action->socket == SOCKET_STREAM) {
		a->stream = action->id;
		a->is_open = a->opened = true;
		return true;
	}
	if (!a->is_open || action->id != a->stream)
		return false;
	if (action->kind == ACTION_READ) {
		a->asked = true;
	} else if (action->kind == ACTION_SEND) {
		assert_true(action->len < sizeof(a->said) - a->said_len);
		memcpy(a->said + a->said_len, action->data, action->len);
		a->said_len += action->len;
		a->said[a->said_len] = '\0';
		a->room = true;
	}
	return true;
}

static bool next_action(void *core, struct action *action, nk_time now)
{
	struct agent *a = core;

	do {
		while (ice_run_output(a->run, action, now))
			if (!take(a, action))
				return true;
	} while (serve(a, now));
	return false;
}

static nk_time next_time(const void *core)
{
	return ice_run_deadline(((const struct agent *)core)->run);
}

static int status_of(const void *core)
{
	return ice_run_status(((const struct agent *)core)->run);
}

static const struct core_ops agent_ops = {
	.input = on_event,
	.output = next_action,
	.deadline = next_time,
	.status = status_of,
};

struct scene {
	struct world *world;
	struct plain_server server;
	struct agent agents[2];
	int hosts[2];
};

static void set(struct scene *s, uint64_t seed, bool same_nat)
{
	const struct addr server = addr_v4(192, 0, 2, 1, 3478);
	const struct link_spec link = {.delay = DELAY};
	int host, nat = -1;

	memset(s, 0, sizeof(*s));
	s->world = world_new(seed);
	host = world_add_host(s->world, &server, 1, -1);
	plain_server_start(&s->server, &server, NULL, 0, 1);
	world_attach(s->world, host, &plain_server_ops, &s->server);
	for (unsigned i = 0; i < 2; i++) {
		const struct nat_spec spec = duel_linux((uint8_t)(i + 1));
		const struct addr at = addr_v4(10, 0, 0, (uint8_t)(i + 2), 0);
		struct agent *a = &s->agents[i];
		uint8_t key[32] = {(uint8_t)seed, (uint8_t)i};

		if (i == 0 || !same_nat)
			nat = world_add_nat(s->world, &spec, -1);
		world_set_nat_link(s->world, nat, &link, &link);
		s->hosts[i] = world_add_host(s->world, &at, 1, nat);
		a->options = (struct ice_options){
			.controlling = i == 0,
			.server = {server},
			.hosts = {at},
			.host_count = 1,
			.timeout = 30 * NK_S,
		};
		a->run = ice_run_new(&a->options, key);
		assert_non_null(a->run);
		ice_run_start(a->run, 0);
		world_attach(s->world, s->hosts[i], &agent_ops, a);
	}
}

static void strike(struct scene *s)
{
	ice_run_free(s->agents[0].run);
	ice_run_free(s->agents[1].run);
	world_free(s->world);
}

static void hear(struct scene *s, unsigned who, const char *text)
{
	struct agent *a = &s->agents[who];

	a->hears_len += (size_t)snprintf(a->hears + a->hears_len, sizeof(a->hears) - a->hears_len,
					 "%s", text);
	world_tell(s->world, s->hosts[who], &(struct event){.kind = EVENT_RESUMED});
}

static void end(struct scene *s, unsigned who)
{
	s->agents[who].ended = true;
	world_tell(s->world, s->hosts[who], &(struct event){.kind = EVENT_RESUMED});
}

static void run_for(struct scene *s, nk_time time)
{
	world_run(s->world, NULL, world_now(s->world) + time);
}

/* Lets both describe themselves, and tells each of the other. */
static void introduce(struct scene *s)
{
	char descriptions[2][SDP_TEXT];

	run_for(s, 2 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		struct agent *a = &s->agents[i];

		assert_true(a->said_len > 2 && strcmp(a->said + a->said_len - 2, "\n\n") == 0);
		memcpy(descriptions[!i], a->said, a->said_len + 1);
		a->said_len = 0;
	}
	hear(s, 0, descriptions[0]);
	hear(s, 1, descriptions[1]);
}

/* Text of an agent from where it is connected on, and that it is. */
static const char *after_connected(const struct agent *a)
{
	const char *line = strstr(a->said, "connected ");

	assert_ptr_equal(line, a->said);
	return strchr(line, '\n') + 1;
}

static void test_lines_become_datagrams(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct scene s;

		set(&s, i, i == 1);
		introduce(&s);
		hear(&s, 0, "from the one\r\n");
		hear(&s, 1, "from the other\nand again\n");
		run_for(&s, 10 * NK_S);
		assert_string_equal(after_connected(&s.agents[0]), "from the other\nand again\n");
		assert_string_equal(after_connected(&s.agents[1]), "from the one\n");
		assert_int_equal(strstr(s.agents[0].said, "connected 10.0.0.3:") != NULL, i == 1);
		assert_int_equal(world_stats(s.world)->late, 0);
		strike(&s);
	}
}

/* It goes on for a moment after the end, and for long while there is none. */
static void test_end(void **state)
{
	struct scene s;

	(void)state;
	set(&s, 1, false);
	introduce(&s);
	run_for(&s, 600 * NK_S);
	assert_int_equal(ice_run_status(s.agents[0].run), CORE_BUSY);
	hear(&s, 0, "the last");
	end(&s, 0);
	run_for(&s, NK_S / 2);
	assert_int_equal(ice_run_status(s.agents[0].run), CORE_BUSY);
	assert_string_equal(after_connected(&s.agents[1]), "the last\n");
	run_for(&s, NK_S);
	assert_int_equal(ice_run_status(s.agents[0].run), CORE_DONE);
	world_tell(s.world, s.hosts[1], &(struct event){.kind = EVENT_STOP});
	assert_int_equal(ice_run_status(s.agents[1].run), CORE_DONE);
	strike(&s);
}

static void test_no_description(void **state)
{
	static const char *const texts[] = {"\n", "hello\n\n", "a=ice-ufrag:abcd\n\n", ""};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct scene s;

		set(&s, i, false);
		run_for(&s, 2 * NK_S);
		hear(&s, 0, texts[i]);
		end(&s, 0);
		run_for(&s, NK_S);
		assert_int_equal(ice_run_status(s.agents[0].run), NK_ERR_MALFORMED);
		strike(&s);
	}
}

/* Whom it should meet is not there, or the user has had enough. */
static void test_nobody(void **state)
{
	static const char nobody[] = "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
				     "a=candidate:1 1 UDP 1 198.51.100.9 9 typ host\n\n";

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct scene s;

		set(&s, i, false);
		run_for(&s, 2 * NK_S);
		hear(&s, 0, nobody);
		run_for(&s, 29 * NK_S);
		assert_int_equal(ice_run_status(s.agents[0].run), CORE_BUSY);
		if (i == 0)
			run_for(&s, 2 * NK_S);
		else
			world_tell(s.world, s.hosts[0], &(struct event){.kind = EVENT_STOP});
		assert_int_equal(ice_run_status(s.agents[0].run),
				 i == 0 ? NK_ERR_UNREACHABLE : NK_ERR_STOPPED);
		strike(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_become_datagrams),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_no_description),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
