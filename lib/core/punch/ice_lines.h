/* Lines to and from a stream, at the stream's pace: what comes faster than it is taken is dropped, as
 * datagrams may be. */
#ifndef CORE_PUNCH_ICE_LINES_H
#define CORE_PUNCH_ICE_LINES_H

#include "core/core.h"

#define ICE_LINES_ROOM 16384 /* characters, each way */
#define ICE_LINE_MAX   1200  /* characters of a line that is read; longer ones are cut up */

/**
 * struct ice_lines - A stream of lines
 * @ended:	Nothing more will come; @asked: for bytes
 * @sending:	Some are on their way, and the stream has not said that there is room again
 */
struct ice_lines {
	uint32_t id;
	bool opened, ended, asked, sending;
	char in[ICE_LINES_ROOM], out[ICE_LINES_ROOM];
	size_t in_len, out_len;
};

void ice_lines_init(struct ice_lines *l, uint32_t id);

/* Return: true if the event was the stream's. */
bool ice_lines_input(struct ice_lines *l, const struct event *ev);

/* @more: another line is wanted. */
bool ice_lines_output(struct ice_lines *l, struct action *action, bool more);

/* Writes @len characters and, with @whole, the end of the line; nothing if there is no room. */
void ice_lines_put(struct ice_lines *l, const void *text, size_t len, bool whole);

/* The next line without its end, which may be LF or CR LF; after the end, what is left. False:
 * not there yet. */
bool ice_lines_take(struct ice_lines *l, char line[static ICE_LINE_MAX + 1], size_t *len);

#endif
