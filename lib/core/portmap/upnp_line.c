#include "core/portmap/upnp_line.h"

#include <string.h>

void upnp_line_init(struct upnp_line *l, uint32_t stream)
{
	*l = (struct upnp_line){.stream = stream};
}

uint32_t upnp_line_ask(struct upnp_line *l, const struct upnp_request *request)
{
	struct upnp_request *r = &l->waiting[l->count];

	if (l->count == UPNP_LINE_WAITING)
		return 0;
	*r = *request;
	if (++l->next_id == 0)
		l->next_id = 1;
	r->id = l->next_id;
	l->count++;
	return r->id;
}

static void forget(struct upnp_line *l, unsigned i)
{
	l->count--;
	memmove(&l->waiting[i], &l->waiting[i + 1], (l->count - i) * sizeof(l->waiting[0]));
}

/* The reply that is not taken by the time of the next one is wanted by nobody any more. */
static void answer_first(struct upnp_line *l, const struct upnp_reply *reply)
{
	l->reply = *reply;
	l->answered = true;
	l->busy = false;
	forget(l, 0);
}

static void take_record(struct upnp_line *l, const struct event *ev)
{
	struct upnp_reply reply;

	l->reading = false;
	if (!l->busy)
		return;
	if (upnp_reply_read(&reply, ev->data, ev->len) != 0)
		reply = (struct upnp_reply){.id = l->waiting[0].id,
					    .op = l->waiting[0].op,
					    .result = UPNP_RESULT_GARBAGE};
	if (reply.id == l->waiting[0].id && reply.op == l->waiting[0].op)
		answer_first(l, &reply);
}

bool upnp_line_input(struct upnp_line *l, const struct event *ev)
{
	if (ev->id != l->stream || (!l->opening && !l->open))
		return false;
	switch (ev->kind) {
	case EVENT_OPENED:
		l->opening = false;
		l->open = true;
		return true;
	case EVENT_STREAM_DATA:
		take_record(l, ev);
		return true;
	case EVENT_STREAM_ROOM:
		return true;
	case EVENT_OPEN_FAILED:
	case EVENT_SEND_FAILED:
	case EVENT_STREAM_END:
	case EVENT_STREAM_GONE:
		l->broken = true;
		return true;
	default:
		return false;
	}
}

static void open_stream(struct upnp_line *l, struct action *action)
{
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = l->stream,
		.socket = SOCKET_STREAM,
	};
	l->opening = true;
}

bool upnp_line_output(struct upnp_line *l, struct action *action)
{
	if (l->broken || l->opening)
		return false;
	if (!l->open) {
		if (l->count > 0)
			open_stream(l, action);
		return l->opening;
	}
	if (!l->reading) {
		*action = (struct action){.kind = ACTION_READ, .id = l->stream};
		l->reading = true;
		return true;
	}
	if (l->busy || l->count == 0)
		return false;
	*action = (struct action){.kind = ACTION_SEND, .id = l->stream};
	action->len = upnp_request_write(action->data, &l->waiting[0]);
	l->busy = true;
	return true;
}

static bool take_broken(struct upnp_line *l, uint32_t id, struct upnp_reply *out)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (l->waiting[i].id != id)
			continue;
		*out = (struct upnp_reply){
			.id = id, .op = l->waiting[i].op, .result = UPNP_RESULT_GONE};
		forget(l, i);
		return true;
	}
	return false;
}

bool upnp_line_take(struct upnp_line *l, uint32_t id, struct upnp_reply *out)
{
	if (l->answered && l->reply.id == id) {
		*out = l->reply;
		l->answered = false;
		return true;
	}
	return l->broken && take_broken(l, id, out);
}
