/* The command lines of listen, call, send and test. */
#ifndef NATPUNCH_SETTINGS_H
#define NATPUNCH_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "core/call/punch_options.h"
#include "desk/sink.h"
#include "face/format.h"

/**
 * struct settings - What the user wants; texts are borrowed from the command line
 * @callee:	A petname or a card
 * @allow:	@allow_count petnames, cards or keys
 * @exec:	A program for sh(1) instead of standard input and output, or NULL
 * @report:	Where to write it at the end; @events: open for writing, or NULL; both freed by
 *		settings_free()
 * @format:	An enum format, of the report of "test"
 * @punch:	As far as it is known from the command line alone
 */
struct settings {
	const char *identity, *broker, *callee, *exec, *interface;
	const char *allow[NATPUNCH_ALLOWED_MAX];
	unsigned allow_count;
	struct sink_whole report;
	FILE *events;
	bool datagram, no_encrypt, no_opener, no_mapping, quiet;
	unsigned opener_ttl;
	int format;
	struct punch_options punch;
};

/* Return: OPTIONS_GO_ON, or the exit status to end with; settings_free() in either case. */
int settings_read(struct settings *s, enum punch_mode mode, int argc, char *const argv[]);
void settings_free(struct settings *s);

#endif
