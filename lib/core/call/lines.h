/*
 * What is read of a stream, cut into messages: a line with its newline, a datagram per
 * read, or all of it as one. Nothing is as long as no message: that tells the end.
 */
#ifndef CORE_CALL_LINES_H
#define CORE_CALL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/call/punch_options.h"

/**
 * struct lines - Bytes that were read and not taken yet
 * @max:	Longest message
 * @skipped:	Bytes of a message that is too long, and were dropped
 * @ended:	Nothing more will come
 */
struct lines {
	enum punch_payload kind;
	size_t max;
	size_t start, len, skipped;
	bool ended;
	uint8_t buf[SESSION_DATAGRAM_MAX + CORE_DATAGRAM_MAX];
};

void lines_init(struct lines *l, enum punch_payload kind);

/* More may be read: all that is there is less than one message. */
bool lines_want(const struct lines *l);

/* Takes in what was read, at most CORE_DATAGRAM_MAX bytes and only when lines_want(). */
void lines_put(struct lines *l, const uint8_t *bytes, size_t len);
void lines_end(struct lines *l);

enum lines_verdict { LINES_NONE, LINES_ONE, LINES_TOO_LONG };

/* The next message, borrowed until lines_take(); too long: its length alone, and it is gone. */
enum lines_verdict lines_next(struct lines *l, const uint8_t **bytes, size_t *len);
void lines_take(struct lines *l, size_t len);

/* All was taken, and nothing more will come. */
bool lines_are_over(const struct lines *l);

#endif
