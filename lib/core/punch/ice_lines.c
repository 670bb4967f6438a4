#include "core/punch/ice_lines.h"

#include <string.h>

void ice_lines_init(struct ice_lines *l, uint32_t id)
{
	*l = (struct ice_lines){.id = id};
}

static void append(struct ice_lines *l, const uint8_t *data, size_t len)
{
	const size_t room = sizeof(l->in) - l->in_len;
	const size_t n = len < room ? len : room;

	if (n > 0)
		memcpy(l->in + l->in_len, data, n);
	l->in_len += n;
	l->asked = false;
}

bool ice_lines_input(struct ice_lines *l, const struct event *ev)
{
	if (ev->id != l->id)
		return false;
	switch (ev->kind) {
	case EVENT_STREAM_DATA:
		append(l, ev->data, ev->len);
		break;
	case EVENT_STREAM_END:
	case EVENT_STREAM_GONE:
		l->ended = true;
		break;
	case EVENT_STREAM_ROOM:
		l->sending = false;
		break;
	default:
		break;
	}
	return true;
}

static void send_some(struct ice_lines *l, struct action *action)
{
	const size_t n = l->out_len < sizeof(action->data) ? l->out_len : sizeof(action->data);

	action->kind = ACTION_SEND;
	memcpy(action->data, l->out, n);
	action->len = n;
	l->out_len -= n;
	memmove(l->out, l->out + n, l->out_len);
	l->sending = true;
}

bool ice_lines_output(struct ice_lines *l, struct action *action, bool more)
{
	action->id = l->id;
	if (!l->opened) {
		action->kind = ACTION_OPEN;
		action->socket = SOCKET_STREAM;
		l->opened = true;
		return true;
	}
	if (l->out_len > 0 && !l->sending) {
		send_some(l, action);
		return true;
	}
	if (!more || l->asked || l->ended || sizeof(l->in) - l->in_len < CORE_DATAGRAM_MAX)
		return false;
	action->kind = ACTION_READ;
	l->asked = true;
	return true;
}

void ice_lines_put(struct ice_lines *l, const void *text, size_t len, bool whole)
{
	if (len + whole > sizeof(l->out) - l->out_len)
		return;
	if (len > 0)
		memcpy(l->out + l->out_len, text, len);
	l->out_len += len;
	if (whole)
		l->out[l->out_len++] = '\n';
}

bool ice_lines_take(struct ice_lines *l, char line[static ICE_LINE_MAX + 1], size_t *len)
{
	const char *stop = memchr(l->in, '\n', l->in_len);
	size_t n = stop != NULL ? (size_t)(stop - l->in) : l->in_len;
	size_t used = stop != NULL ? n + 1 : n;

	if (l->in_len == 0 || (stop == NULL && !l->ended && n <= ICE_LINE_MAX))
		return false;
	if (n > ICE_LINE_MAX)
		n = used = ICE_LINE_MAX;
	memcpy(line, l->in, n);
	l->in_len -= used;
	memmove(l->in, l->in + used, l->in_len);
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	*len = n;
	return true;
}
