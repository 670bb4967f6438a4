/*
 * The streams of a run: standard input and output, or a program's.
 *
 * One send at a time is kept for each, and nothing is read that the core has not asked for: a
 * stream takes no more memory than its struct, however slow its other side is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/program.h"
#include "io/run_state.h"
#include "io/stream_end.h"

/**
 * struct stream - A stream
 * @handles:	Of libuv, that are not closed yet: they keep the struct alive
 * @closed:	By the core: its number is free, but the program has not ended
 * @wanted:	The core has asked for bytes
 * @sending:	@data was sent: @left bytes from @done on are to be written
 * @ending:	Close the output after that
 */
struct stream {
	struct stream *next;
	struct run *run;
	uint32_t id;
	unsigned handles;
	struct stream_end in, out;
	struct program program;
	bool closed, wanted, sending, ending;
	size_t done, left;
	uint8_t data[CORE_DATAGRAM_MAX];
};

static struct stream *find(const struct run *r, uint32_t id)
{
	struct stream *s = r->streams;

	while (s != NULL && (s->closed || s->id != id))
		s = s->next;
	return s;
}

static void drop(struct stream *s)
{
	struct stream **at = &s->run->streams;

	if (s->handles > 0)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

static void on_closed(uv_handle_t *handle)
{
	struct stream *s = handle->data;

	s->handles--;
	if (s->closed)
		drop(s);
}

static void close_end(struct stream_end *e)
{
	stream_end_close(e, on_closed);
}

static void close_program(struct stream *s)
{
	if (s->program.owned && !uv_is_closing((uv_handle_t *)&s->program.process))
		uv_close((uv_handle_t *)&s->program.process, on_closed);
}

static void close_stream(struct stream *s)
{
	close_end(&s->in);
	close_end(&s->out);
	s->closed = true;
	program_hang_up(&s->program);
	if (s->program.ended)
		close_program(s);
	drop(s);
}

static int open_ends(struct stream *s, int input, int output)
{
	int rc = input < 0 ? input : stream_end_open(&s->in, &s->run->loop, input);

	s->handles += s->in.polled;
	if (output >= 0 && rc == 0)
		rc = stream_end_open(&s->out, &s->run->loop, output);
	else if (output >= 0)
		close(output);
	else if (rc == 0)
		rc = output;
	s->handles += s->out.polled;
	return rc;
}

/* Return: 0 or a negative errno. */
static int start_stream(struct stream *s)
{
	const struct run_options *o = s->run->options;
	struct stream_plan plan = {.input = STDIN_FILENO, .output = STDOUT_FILENO};
	int input, output, rc;

	if (o->plan_stream != NULL)
		o->plan_stream(o->user, s->id, &plan);
	if (plan.command == NULL)
		return open_ends(s, stream_end_own(plan.input, O_RDONLY),
				 stream_end_own(plan.output, O_WRONLY));
	rc = program_start(&s->program, &s->run->loop, plan.command, plan.environment, &output,
			   &input);
	s->handles += s->program.owned;
	return rc == 0 ? open_ends(s, input, output) : rc;
}

/* A reader that is gone is told as an event. */
static void ignore_sigpipe(struct run *r)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (!r->sigpipe_ignored)
		r->sigpipe_ignored = sigaction(SIGPIPE, &ignore, &r->sigpipe) == 0;
}

static int open_stream(struct run *r, uint32_t id)
{
	struct stream *s;
	int rc;

	if (find(r, id) != NULL || sockmap_find(&r->sockets, id) != NULL)
		return -EEXIST;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	ignore_sigpipe(r);
	s->run = r;
	s->id = id;
	s->in.fd = s->out.fd = -1;
	s->in.poll.data = s->out.poll.data = s->program.process.data = s;
	s->next = r->streams;
	r->streams = s;
	rc = start_stream(s);
	if (rc != 0)
		close_stream(s);
	else
		stream_end_await_break(&s->out);
	return rc;
}

void run_streams_open(struct run *r, const struct action *a)
{
	const int rc = open_stream(r, a->id);

	run_tell(r, &(struct event){.kind = rc == 0 ? EVENT_OPENED : EVENT_OPEN_FAILED,
				    .id = a->id,
				    .error = -rc});
}

void run_streams_read(struct run *r, const struct action *a)
{
	struct stream *s = find(r, a->id);

	if (s == NULL || s->wanted)
		return;
	s->wanted = true;
	stream_end_await(&s->in, false);
}

bool run_streams_send(struct run *r, const struct action *a)
{
	struct stream *s = find(r, a->id);

	if (s == NULL)
		return false;
	if (s->out.fd < 0 || s->sending || s->ending || a->len > sizeof(a->data)) {
		run_tell_send_failed(r, a, s->out.fd < 0 ? EPIPE : ENOBUFS);
		return true;
	}
	memcpy(s->data, a->data, a->len);
	s->sending = true;
	s->done = 0;
	s->left = a->len;
	stream_end_await(&s->out, true);
	return true;
}

void run_streams_end(struct run *r, const struct action *a)
{
	struct stream *s = find(r, a->id);

	if (s == NULL)
		return;
	s->ending = true;
	if (!s->sending)
		close_end(&s->out);
}

void run_streams_close(struct run *r, const struct action *a)
{
	struct stream *s = find(r, a->id);

	if (s != NULL)
		close_stream(s);
}

/* A program that has closed its output, but runs on, has not ended yet. */
static void tell_end(struct stream *s)
{
	if (s->program.owned && !s->program.ended)
		return;
	s->wanted = false;
	run_tell(
		s->run,
		&(struct event){.kind = EVENT_STREAM_END, .id = s->id, .error = s->program.status});
}

static void read_from(struct stream *s)
{
	uint8_t *data = s->run->stream_data;
	const ssize_t n = read(s->in.fd, data, CORE_DATAGRAM_MAX);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		stream_end_await(&s->in, false);
	} else if (n <= 0) {
		close_end(&s->in);
	} else {
		s->wanted = false;
		run_tell(s->run, &(struct event){.kind = EVENT_STREAM_DATA,
						 .id = s->id,
						 .data = data,
						 .len = (size_t)n});
	}
}

static void tell_gone(struct stream *s, int error)
{
	if (error != EPIPE)
		s->run->options->stream_error = error;
	s->sending = false;
	close_end(&s->out);
	run_tell(s->run, &(struct event){.kind = EVENT_STREAM_GONE, .id = s->id, .error = error});
}

static void write_to(struct stream *s)
{
	const ssize_t n = s->left > 0 ? write(s->out.fd, s->data + s->done, s->left) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		tell_gone(s, errno);
		return;
	}
	s->done += n > 0 ? (size_t)n : 0;
	s->left -= n > 0 ? (size_t)n : 0;
	if (s->left > 0) {
		stream_end_await(&s->out, true);
		return;
	}
	s->sending = false;
	if (s->ending)
		close_end(&s->out);
	else
		stream_end_await_break(&s->out);
	run_tell(s->run, &(struct event){.kind = EVENT_STREAM_ROOM, .id = s->id});
}

static void serve(struct stream *s)
{
	if (s->wanted && s->in.fd >= 0 && s->in.ready)
		read_from(s);
	if (s->wanted && s->in.fd < 0)
		tell_end(s);
	if (s->out.fd >= 0 && s->sending && s->out.ready)
		write_to(s);
	else if (s->out.fd >= 0 && !s->sending && s->out.broken)
		tell_gone(s, EPIPE);
}

void run_streams_serve(struct run *r)
{
	for (struct stream *s = r->streams, *next; s != NULL; s = next) {
		next = s->next;
		if (!s->closed)
			serve(s);
		else if (s->program.ended)
			close_program(s);
	}
}

void run_streams_close_all(struct run *r)
{
	for (struct stream *s = r->streams, *next; s != NULL; s = next) {
		next = s->next;
		close_program(s);
		if (!s->closed)
			close_stream(s);
	}
	if (r->sigpipe_ignored)
		sigaction(SIGPIPE, &r->sigpipe, NULL);
}
