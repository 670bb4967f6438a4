/* A stream of the machine (SOCKET_STREAM) as a call uses it: read only as fast as messages go out,
 * and written one message at a time. */
#ifndef CORE_CALL_PIPE_H
#define CORE_CALL_PIPE_H

#include "core/call/lines.h"
#include "core/core.h"

#define PIPE_QUEUE 8 /* datagrams that wait while the stream is busy */

enum pipe_state { PIPE_NONE, PIPE_WANTED, PIPE_ASKED, PIPE_OPEN, PIPE_FAILED };

/**
 * struct pipe - A stream
 * @read:	Bytes may be asked for: somebody takes the messages
 * @asked:	An ACTION_READ is out
 * @busy:	What was sent is not taken yet
 * @gone:	Nothing more will be taken; @end: nothing more will be sent; @end_told: that was said
 * @drop:	To be closed
 * @out:	@out_count to be sent, from @out_first on
 */
struct pipe {
	uint32_t id;
	enum pipe_state state;
	bool read, asked, busy, gone, end, end_told, drop;
	struct lines in;
	unsigned out_first, out_count;
	struct {
		size_t len;
		uint8_t bytes[CORE_DATAGRAM_MAX];
	} out[PIPE_QUEUE];
};

void pipe_open(struct pipe *p, uint32_t id, enum punch_payload kind);
void pipe_input(struct pipe *p, const struct event *ev);
bool pipe_output(struct pipe *p, struct action *action);

/* Whether it takes a message now; what is put into one that is gone is lost. */
bool pipe_has_room(const struct pipe *p);

/* A datagram may be put at any time, and is lost if PIPE_QUEUE wait already. */
void pipe_put(struct pipe *p, const void *bytes, size_t len);

/* Puts a message, with a newline at its end. */
void pipe_put_line(struct pipe *p, const uint8_t *bytes, size_t len);

/* Nothing more will be put. */
void pipe_finish(struct pipe *p);

/* Nothing more is wanted of it; what was put still goes out. */
void pipe_close(struct pipe *p);
bool pipe_is_closed(const struct pipe *p);

#endif
