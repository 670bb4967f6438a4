/* How commands print what they have found. */
#ifndef FACE_FORMAT_H
#define FACE_FORMAT_H

#include "face/options.h"

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_TEXT, FORMAT_EVENTS };

/* FORMAT_AUTO becomes text on a terminal, and else JSON. */
int format_settle(int format);

/* The options, for a command's table; @at says where the int is. Those of a command that tells no events: */
#define FORMAT_OPTIONS_PLAIN(at)                                                             \
	{.name = "json",                                                                     \
	 .letter = 'j',                                                                      \
	 .help = "Print the report as JSON: the default if standard output is no terminal.", \
	 .kind = OPTION_CHOICE,                                                              \
	 at,                                                                                 \
	 .set = FORMAT_JSON},                                                                \
	{                                                                                    \
		.name = "text", .letter = 't',                                               \
		.help = "Print the report for people: the default on a terminal.",           \
		.kind = OPTION_CHOICE, at, .set = FORMAT_TEXT                                \
	}

#define FORMAT_OPTIONS(at)                                                                   \
	FORMAT_OPTIONS_PLAIN(at),                                                            \
	{                                                                                    \
		.name = "events", .letter = 'e',                                             \
		.help = "Print one JSON object a line as things happen; the last holds the " \
			"report.",                                                           \
		.kind = OPTION_CHOICE, at, .set = FORMAT_EVENTS                              \
	}

#endif
