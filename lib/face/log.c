#include "face/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static const char *log_name;
static enum log_style log_style = LOG_COMMAND;
static enum log_level log_most = LEVEL_INFO;

void log_setup(const char *name, enum log_style style, enum log_level most)
{
	log_name = name;
	log_style = style;
	log_most = most;
}

/* Copies @text with its control characters spelt out, until @size is full. */
static size_t put_clean(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;
		const bool plain = c >= 0x20 && c != 0x7f;

		if (n + (plain ? 1 : 4) >= size)
			break;
		if (plain)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
	}
	out[n] = '\0';
	return n;
}

const char *log_quote(char *out, size_t size, const char *text)
{
	char clean[64];
	const size_t n = put_clean(clean, sizeof(clean), text);

	snprintf(out, size, "'%s%s'", clean, n + 4 >= sizeof(clean) ? "..." : "");
	return out;
}

static size_t put_head(char *out, size_t size, enum log_level level)
{
	static const int priority[] = {
		[LEVEL_ERROR] = 3, [LEVEL_WARNING] = 4, [LEVEL_INFO] = 6, [LEVEL_DEBUG] = 7};
	const char *name = log_name != NULL ? log_name : "natkit";
	const time_t t = time(NULL);
	char when[32];
	struct tm tm;

	if (log_style == LOG_COMMAND)
		return (size_t)snprintf(out, size, "%s: ", name);
	if (getenv("JOURNAL_STREAM") != NULL)
		return (size_t)snprintf(out, size, "<%d>", priority[level]);
	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return (size_t)snprintf(out, size, "%s %s: ", when, name);
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 128];
	size_t n;
	va_list args;

	if (level > log_most)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	n = put_head(line, 128, level);
	n += put_clean(line + n, LINE_MAX_BYTES, text);
	line[n++] = '\n';
	/* There is nobody left to tell if standard error is gone. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
