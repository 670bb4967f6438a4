/* Streams of the loop: files, pipes, terminals and programs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "io_script.h"

#define TEXT_MAX 8192

/**
 * struct rig - What stream 7 is, and what came of it
 * @in, @out:	@in[0] and @out[1] are the stream's, the others the test's
 * @text:	All that was read from it
 * @end:	What its end was told with
 * @on_turn:	The test's part between turns, or NULL
 */
struct rig {
	struct script *s;
	struct stream_plan plan;
	int in[2], out[2];
	char text[TEXT_MAX];
	size_t len;
	int end;
	void (*on_turn)(struct rig *t);
	unsigned turns;
};

static void plan_stream(void *user, uint32_t id, struct stream_plan *plan)
{
	const struct rig *t = user;

	assert_int_equal(id, 7);
	assert_int_equal(plan->input, STDIN_FILENO);
	assert_int_equal(plan->output, STDOUT_FILENO);
	assert_null(plan->command);
	*plan = t->plan;
}

static void turn_rig(void *user, nk_time now)
{
	struct rig *t = user;

	(void)now;
	t->turns++;
	if (t->on_turn != NULL)
		t->on_turn(t);
}

static int run_rig(struct rig *t)
{
	struct run_options options = {
		.plan_stream = plan_stream, .on_turn = turn_rig, .user = t, .tick = 5 * NK_MS};

	return run_core(&script_ops, t->s, &options);
}

/* Opens stream 7 first. */
static struct rig rig_new(void (*on_event)(struct script *, const struct event *, nk_time))
{
	struct rig t = {.s = script_new(on_event), .in = {-1, -1}, .out = {-1, -1}, .end = -1};

	assert_int_equal(pipe2(t.in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(t.out, O_CLOEXEC), 0);
	t.plan = (struct stream_plan){.input = t.in[0], .output = t.out[1]};
	push(t.s, ACTION_OPEN, 7)->socket = SOCKET_STREAM;
	return t;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void rig_end(struct rig *t)
{
	script_free(t->s);
	for (int i = 0; i < 2; i++) {
		close_one(&t->in[i]);
		close_one(&t->out[i]);
	}
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void push_text(struct script *s, const char *text)
{
	struct action *a = push(s, ACTION_SEND, 7);

	a->len = strlen(text);
	memcpy(a->data, text, a->len);
}

static void keep(struct rig *t, const struct event *ev)
{
	assert_true(ev->len <= CORE_DATAGRAM_MAX);
	assert_true(ev->len < sizeof(t->text) - t->len);
	memcpy(t->text + t->len, ev->data, ev->len);
	t->len += ev->len;
}

/* Reads to the end. */
static void read_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_equal(ev->id, 7);
	if (ev->kind == EVENT_STREAM_DATA)
		keep(s->test, ev);
	if (ev->kind == EVENT_OPENED || ev->kind == EVENT_STREAM_DATA)
		push(s, ACTION_READ, 7);
	if (ev->kind == EVENT_STREAM_END) {
		((struct rig *)s->test)->end = ev->error;
		s->status = CORE_DONE;
	}
}

static void test_read(struct rig *t, const char *want)
{
	t->s->test = t;
	assert_int_equal(run_rig(t), CORE_DONE);
	assert_string_equal(t->text, want);
}

static void reads_a_pipe_to_its_end(void **state)
{
	struct rig t = rig_new(read_event);

	(void)state;
	put(t.in[1], "one\ntwo");
	close_one(&t.in[1]);
	test_read(&t, "one\ntwo");
	assert_int_equal(t.end, 0);
	/* The others who have the pipe would not bear that. */
	assert_int_equal(fcntl(t.in[0], F_GETFL) & O_NONBLOCK, 0);
	rig_end(&t);
}

/* Nothing is read that was not asked for, and no more at once than the core may be shown. */

static void read_once_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED)
		push(s, ACTION_READ, 7);
	if (ev->kind == EVENT_STREAM_DATA)
		assert_int_equal(ev->len, CORE_DATAGRAM_MAX);
}

static void end_after_some_turns(struct rig *t)
{
	if (t->s->seen[EVENT_STREAM_DATA] > 0 && t->turns > 5)
		t->s->status = CORE_DONE;
}

static void reads_what_is_asked_for(void **state)
{
	static const char many[3 * CORE_DATAGRAM_MAX];
	struct rig t = rig_new(read_once_event);
	char rest[sizeof(many)];

	(void)state;
	t.on_turn = end_after_some_turns;
	assert_int_equal(write(t.in[1], many, sizeof(many)), sizeof(many));
	assert_int_equal(run_rig(&t), CORE_DONE);
	assert_int_equal(t.s->seen[EVENT_STREAM_DATA], 1);
	assert_int_equal(read(t.in[0], rest, sizeof(rest)), sizeof(many) - CORE_DATAGRAM_MAX);
	rig_end(&t);
}

/* Regular files, at the place that others have left them at. */

static void copy_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_STREAM_DATA) {
		struct action *a = push(s, ACTION_SEND, 7);

		a->len = ev->len;
		memcpy(a->data, ev->data, ev->len);
	} else if (ev->kind == EVENT_OPENED || ev->kind == EVENT_STREAM_ROOM) {
		push(s, ACTION_READ, 7);
	} else {
		assert_int_equal(ev->kind, EVENT_STREAM_END);
		s->status = CORE_DONE;
	}
}

static void copies_files(void **state)
{
	struct rig t = rig_new(copy_event);
	const int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	char text[16] = "";

	(void)state;
	put(in, "skipped kept");
	lseek(in, 8, SEEK_SET);
	put(out, "before ");
	t.plan = (struct stream_plan){.input = in, .output = out};
	assert_int_equal(run_rig(&t), CORE_DONE);
	put(out, "!");
	assert_int_equal(pread(out, text, sizeof(text), 0), 12);
	assert_string_equal(text, "before kept!");
	rig_end(&t);
	close(in);
	close(out);
}

/* A terminal, and what is there when nobody is. */

static void reads_a_terminal(void **state)
{
	struct rig t = rig_new(read_event);
	int master, slave;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	t.plan = (struct stream_plan){.input = slave, .output = slave};
	put(master, "typed\n\x04");
	test_read(&t, "typed\n");
	rig_end(&t);
	close(master);
	close(slave);
}

static void reads_nothing_of_null(void **state)
{
	struct rig t = rig_new(read_event);
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	t.plan = (struct stream_plan){.input = null, .output = null};
	push_text(t.s, "lost");
	test_read(&t, "");
	assert_int_equal(t.s->seen[EVENT_STREAM_ROOM], 1);
	rig_end(&t);
	close(null);
}

static void open_failed_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	assert_int_equal(ev->kind, EVENT_OPEN_FAILED);
	assert_int_equal(ev->error, EBADF);
	s->status = CORE_DONE;
}

static void tells_why_it_cannot_open(void **state)
{
	struct rig t = rig_new(open_failed_event);

	(void)state;
	t.plan.output = 4711;
	assert_int_equal(run_rig(&t), CORE_DONE);
	t.s->status = CORE_BUSY;
	t.plan = (struct stream_plan){.input = 4711, .output = t.out[1]};
	push(t.s, ACTION_OPEN, 7)->socket = SOCKET_STREAM;
	assert_int_equal(run_rig(&t), CORE_DONE);
	rig_end(&t);
}

/* A slow reader: room is told when there is some, and what was sent comes whole. */

static void fill_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED || ev->kind == EVENT_STREAM_ROOM)
		push_send(s, 7, (struct addr){.port = 0}, CORE_DATAGRAM_MAX);
}

static void drain(struct rig *t)
{
	char buf[3000];
	ssize_t n;

	if (t->turns < 100)
		return;
	n = read(t->out[0], buf, sizeof(buf));
	for (ssize_t i = 0; i < n; i++, t->len++)
		assert_int_equal((uint8_t)buf[i], (uint8_t)(t->len % CORE_DATAGRAM_MAX * 7 + 7));
	if (t->len > (1 << 20))
		t->s->status = CORE_DONE;
}

static void waits_for_a_slow_reader(void **state)
{
	struct rig t = rig_new(fill_event);

	(void)state;
	t.on_turn = drain;
	assert_int_equal(run_rig(&t), CORE_DONE);
	assert_int_equal(t.s->seen[EVENT_SEND_FAILED], 0);
	rig_end(&t);
}

/* A reader that is gone is told of, with and without something to write. */

static void gone_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_STREAM_GONE) {
		assert_int_equal(ev->error, EPIPE);
		push_text(s, "too late");
	}
	if (ev->kind == EVENT_SEND_FAILED) {
		assert_int_equal(ev->error, EPIPE);
		s->status = CORE_DONE;
	}
}

static void close_reader(struct rig *t)
{
	if (t->s->seen[EVENT_OPENED] > 0)
		close_one(&t->out[0]);
}

static void disk_full_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_STREAM_GONE) {
		assert_int_equal(ev->error, ENOSPC);
		s->status = CORE_DONE;
	}
}

static void tells_of_a_full_disk(void **state)
{
	struct rig t = rig_new(disk_full_event);
	struct run_options options = {.plan_stream = plan_stream, .user = &t};
	const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	t.plan.output = full;
	push_text(t.s, "lost");
	assert_int_equal(run_core(&script_ops, t.s, &options), CORE_DONE);
	assert_int_equal(options.stream_error, ENOSPC);
	rig_end(&t);
	close(full);
}

static void test_gone(struct rig *t)
{
	struct sigaction now;

	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(run_rig(t), CORE_DONE);
	assert_int_equal(t->s->seen[EVENT_STREAM_GONE], 1);
	assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
	assert_true(now.sa_handler == SIG_DFL);
	rig_end(t);
}

static void tells_of_a_reader_that_goes(void **state)
{
	struct rig t = rig_new(gone_event);

	(void)state;
	t.on_turn = close_reader;
	test_gone(&t);

	t = rig_new(gone_event);
	push_text(t.s, "to nobody");
	close_one(&t.out[0]);
	test_gone(&t);
}

/* The end of the output is one for the reader, after all that was sent. */

static void end_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED) {
		push_text(s, "last words");
		push(s, ACTION_END, 7);
		push_text(s, "too many");
		push(s, ACTION_READ, 7);
	}
	if (ev->kind == EVENT_STREAM_DATA)
		s->status = CORE_DONE;
}

static void shut_own_ends(struct rig *t)
{
	if (t->s->seen[EVENT_OPENED] > 0)
		close_one(&t->out[1]);
	if (t->s->seen[EVENT_STREAM_ROOM] > 0)
		put(t->in[1], "x");
}

static void ends_its_output(void **state)
{
	struct rig t = rig_new(end_event);
	char text[32] = "";

	(void)state;
	t.on_turn = shut_own_ends;
	assert_int_equal(run_rig(&t), CORE_DONE);
	assert_int_equal(t.s->seen[EVENT_SEND_FAILED], 1);
	assert_int_equal(read(t.out[0], text, sizeof(text)), 10);
	assert_string_equal(text, "last words");
	assert_int_equal(read(t.out[0], text, sizeof(text)), 0);
	rig_end(&t);
}

/* What no core should do does no harm. */

static void misuse_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED) {
		push(s, ACTION_READ, 4711);
		push(s, ACTION_END, 4711);
		push(s, ACTION_CLOSE, 4711);
		push_text(s, "");
		push_text(s, "one too many");
		push(s, ACTION_OPEN, 7)->socket = SOCKET_STREAM;
	}
	if (ev->kind == EVENT_SEND_FAILED)
		assert_int_equal(ev->error, ENOBUFS);
	if (ev->kind == EVENT_OPEN_FAILED)
		assert_int_equal(ev->error, EEXIST);
	if (s->seen[EVENT_STREAM_ROOM] > 0)
		s->status = CORE_DONE;
}

static void bears_misuse(void **state)
{
	struct rig t = rig_new(misuse_event);

	(void)state;
	assert_int_equal(run_rig(&t), CORE_DONE);
	assert_int_equal(t.s->seen[EVENT_SEND_FAILED], 1);
	assert_int_equal(t.s->seen[EVENT_OPEN_FAILED], 1);
	rig_end(&t);
}

/* Programs. */

static void test_program(const char *command, const char *want, int status)
{
	char *environment[] = {(char[]){"WORD=hello"}, NULL};
	struct rig t = rig_new(read_event);

	t.plan = (struct stream_plan){.command = command, .environment = environment};
	push_text(t.s, "you\n");
	test_read(&t, want);
	assert_int_equal(t.end, status);
	rig_end(&t);
}

static void runs_a_program(void **state)
{
	(void)state;
	test_program("read -r who; echo \"$WORD $who\"; exit 7", "hello you\n", 7);
	test_program("echo dying; kill -TERM $$", "dying\n", 128 + SIGTERM);
	test_program("exec /nonexistent 2>/dev/null", "", 127);
	/* Its end is its exit, and not that of its output or input. */
	test_program("exec >&- <&-; kill -KILL $$", "", 128 + SIGKILL);
}

/* Whose line is closed is told so, and waited for. */

#define COMMAND 160

/* A program that says on @fd that it was hung up on. */
static const char *await_hang_up(char command[static COMMAND], int fd)
{
	fcntl(fd, F_SETFD, 0);
	snprintf(command, COMMAND,
		 "trap 'echo hung up >/dev/fd/%d; exit' HUP; echo ready; "
		 "for i in $(seq 1000); do sleep 0.01; done",
		 fd);
	return command;
}

static void close_program_event(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_OPENED)
		push(s, ACTION_READ, 7);
	if (ev->kind == EVENT_STREAM_DATA)
		push(s, ACTION_CLOSE, 7);
}

static void done_when_hung_up(struct rig *t)
{
	if (read(t->out[0], t->text, sizeof(t->text)) > 0)
		t->s->status = CORE_DONE;
}

static void test_hang_up(struct rig *t, const char *command)
{
	fcntl(t->out[0], F_SETFL, O_NONBLOCK);
	t->plan = (struct stream_plan){.command = command};
	t->on_turn = done_when_hung_up;
	assert_int_equal(run_rig(t), CORE_DONE);
	assert_string_equal(t->text, "hung up\n");
	rig_end(t);
}

static void hangs_up(void **state)
{
	struct rig t = rig_new(close_program_event);
	char command[COMMAND];

	(void)state;
	test_hang_up(&t, await_hang_up(command, t.out[1]));
}

/* A shell does not pass on what it hears. */
static void hangs_up_on_what_a_program_has_started(void **state)
{
	struct rig t = rig_new(close_program_event);
	char inner[COMMAND], command[COMMAND + 16];

	(void)state;
	snprintf(command, sizeof(command), "(%s); true", await_hang_up(inner, t.out[1]));
	test_hang_up(&t, command);
}

static void done_when_open(struct script *s, const struct event *ev, nk_time now)
{
	(void)now;
	if (ev->kind == EVENT_STREAM_DATA)
		s->status = CORE_DONE;
	else
		push(s, ACTION_READ, 7);
}

/* The run's end is the line's. */
static void hangs_up_at_the_end(void **state)
{
	struct rig t = rig_new(done_when_open);
	struct pollfd told = {.fd = t.out[0], .events = POLLIN};
	char command[COMMAND];

	(void)state;
	t.plan = (struct stream_plan){.command = await_hang_up(command, t.out[1])};
	assert_int_equal(run_rig(&t), CORE_DONE);
	assert_int_equal(poll(&told, 1, 60000), 1);
	assert_int_equal(read(t.out[0], t.text, sizeof(t.text)), 8);
	rig_end(&t);
}

static int enter(void **state)
{
	(void)state;
	script_warm_up();
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, count_files, same_files)
	const struct CMUnitTest tests[] = {
		TEST(reads_a_pipe_to_its_end),
		TEST(reads_what_is_asked_for),
		TEST(copies_files),
		TEST(reads_a_terminal),
		TEST(reads_nothing_of_null),
		TEST(tells_why_it_cannot_open),
		TEST(waits_for_a_slow_reader),
		TEST(tells_of_a_full_disk),
		TEST(tells_of_a_reader_that_goes),
		TEST(ends_its_output),
		TEST(bears_misuse),
		TEST(runs_a_program),
		TEST(hangs_up),
		TEST(hangs_up_on_what_a_program_has_started),
		TEST(hangs_up_at_the_end),
	};

	return cmocka_run_group_tests_name("io_streams", tests, enter, NULL);
}
