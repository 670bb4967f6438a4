/* Messages for people: one line each on standard error. */
#ifndef FACE_LOG_H
#define FACE_LOG_H

#include <stddef.h>

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

enum log_style {
	LOG_COMMAND, /* "natprobe: text" */
	LOG_DAEMON,  /* "2026-01-31T12:00:00Z natbroker: text", or "<6>text" towards the journal */
};

/**
 * log_setup() - Says how messages look; before it they have no name
 * @name:	The command's name; borrowed for good
 * @most:	Messages above this level are not written
 */
void log_setup(const char *name, enum log_style style, enum log_level most);

/**
 * log_line() - Writes one message, with one write() so that lines of several writers never mix
 * @format:	Without a newline. Control characters that the arguments bring are written as \xNN
 */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_quote() - 'text' in quotes, fit for one line: control characters as \xNN, cut after some 60 bytes
 * @out:	@size bytes; always ended
 *
 * Return: @out.
 */
const char *log_quote(char *out, size_t size, const char *text);

#define LOG_QUOTED 80 /* a good size for @out */

#endif
