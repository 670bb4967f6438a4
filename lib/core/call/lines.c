#include "core/call/lines.h"

#include <string.h>

void lines_init(struct lines *l, enum punch_payload kind)
{
	l->kind = kind;
	l->max = kind == PUNCH_DATAGRAMS ? SESSION_DATAGRAM_MAX : SESSION_MESSAGE_MAX;
	l->start = l->len = l->skipped = 0;
	l->ended = false;
}

/* Bytes of the next message, with its end; 0: it is not complete. */
static size_t whole(const struct lines *l)
{
	const uint8_t *at = l->buf + l->start;
	const uint8_t *newline = l->kind == PUNCH_LINES ? memchr(at, '\n', l->len) : NULL;

	if (newline != NULL)
		return (size_t)(newline - at) + 1;
	return l->ended || l->kind == PUNCH_DATAGRAMS ? l->len : 0;
}

bool lines_want(const struct lines *l)
{
	return !l->ended && whole(l) == 0;
}

/* No more than the longest message is kept of what is not complete. */
static void skip_too_long(struct lines *l)
{
	if (l->len <= l->max || whole(l) > 0)
		return;
	l->skipped += l->len;
	l->len = 0;
}

void lines_put(struct lines *l, const uint8_t *bytes, size_t len)
{
	if (len > sizeof(l->buf) - l->len)
		return;
	memmove(l->buf, l->buf + l->start, l->len);
	l->start = 0;
	memcpy(l->buf + l->len, bytes, len);
	l->len += len;
	skip_too_long(l);
}

void lines_end(struct lines *l)
{
	l->ended = true;
}

void lines_take(struct lines *l, size_t len)
{
	l->start += len;
	l->len -= len;
	l->skipped = 0;
	skip_too_long(l);
}

enum lines_verdict lines_next(struct lines *l, const uint8_t **bytes, size_t *len)
{
	*len = whole(l);
	if (*len == 0 && (l->skipped == 0 || !l->ended))
		return LINES_NONE;
	*bytes = l->buf + l->start;
	if (l->skipped + *len <= l->max)
		return LINES_ONE;

	const size_t there = *len;

	*len += l->skipped;
	lines_take(l, there);
	return LINES_TOO_LONG;
}

bool lines_are_over(const struct lines *l)
{
	return l->ended && l->len == 0 && l->skipped == 0;
}
