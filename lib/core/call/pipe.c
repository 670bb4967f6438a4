#include "core/call/pipe.h"

#include <string.h>

void pipe_open(struct pipe *p, uint32_t id, enum punch_payload kind)
{
	memset(p, 0, offsetof(struct pipe, in));
	p->id = id;
	p->state = PIPE_WANTED;
	p->out_first = p->out_count = 0;
	lines_init(&p->in, kind);
}

void pipe_input(struct pipe *p, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_OPENED:
		p->state = PIPE_OPEN;
		break;
	case EVENT_OPEN_FAILED:
		p->state = p->drop ? PIPE_NONE : PIPE_FAILED;
		lines_end(&p->in);
		break;
	case EVENT_STREAM_DATA:
		p->asked = false;
		lines_put(&p->in, ev->data, ev->len);
		break;
	case EVENT_STREAM_END:
		p->asked = false;
		lines_end(&p->in);
		break;
	case EVENT_STREAM_ROOM:
		p->busy = false;
		break;
	case EVENT_STREAM_GONE:
		p->gone = true;
		p->busy = false;
		p->out_count = 0;
		break;
	default:
		break;
	}
}

static bool act(const struct pipe *p, struct action *action, enum action_kind kind)
{
	action->kind = kind;
	action->id = p->id;
	return true;
}

static bool send_out(struct pipe *p, struct action *action)
{
	const unsigned i = p->out_first;

	p->out_first = (i + 1) % PIPE_QUEUE;
	p->out_count--;
	p->busy = true;
	action->len = p->out[i].len;
	memcpy(action->data, p->out[i].bytes, action->len);
	return act(p, action, ACTION_SEND);
}

/* Programs get the end of their input after all that was put. */
static bool finish_out(struct pipe *p, struct action *action)
{
	p->end_told = true;
	return act(p, action, ACTION_END);
}

bool pipe_output(struct pipe *p, struct action *action)
{
	if (p->state == PIPE_WANTED) {
		p->state = PIPE_ASKED;
		action->socket = SOCKET_STREAM;
		action->local = action->peer = (struct addr){0};
		return act(p, action, ACTION_OPEN);
	}
	if (p->state != PIPE_OPEN || p->busy)
		return false;
	if (p->out_count > 0)
		return send_out(p, action);
	if (p->drop) {
		p->state = PIPE_NONE;
		return act(p, action, ACTION_CLOSE);
	}
	if (p->end && !p->end_told && !p->gone)
		return finish_out(p, action);
	if (p->read && !p->asked && lines_want(&p->in)) {
		p->asked = true;
		return act(p, action, ACTION_READ);
	}
	return false;
}

bool pipe_has_room(const struct pipe *p)
{
	return p->gone || p->end || p->state == PIPE_FAILED ||
	       (p->state == PIPE_OPEN && p->out_count == 0 && !p->busy);
}

void pipe_put(struct pipe *p, const void *bytes, size_t len)
{
	const unsigned i = (p->out_first + p->out_count) % PIPE_QUEUE;

	if (p->gone || p->end || p->state != PIPE_OPEN || p->out_count == PIPE_QUEUE || len == 0 ||
	    len > sizeof(p->out[i].bytes))
		return;
	memcpy(p->out[i].bytes, bytes, len);
	p->out[i].len = len;
	p->out_count++;
}

void pipe_put_line(struct pipe *p, const uint8_t *bytes, size_t len)
{
	uint8_t line[SESSION_MESSAGE_MAX + 1];

	if (len == 0 || len >= sizeof(line))
		return;
	memcpy(line, bytes, len);
	line[len] = '\n';
	pipe_put(p, line, bytes[len - 1] == '\n' ? len : len + 1);
}

void pipe_finish(struct pipe *p)
{
	p->end = true;
}

void pipe_close(struct pipe *p)
{
	if (p->state == PIPE_WANTED || p->state == PIPE_FAILED)
		p->state = PIPE_NONE;
	p->drop = true;
}

bool pipe_is_closed(const struct pipe *p)
{
	return p->state == PIPE_NONE;
}
