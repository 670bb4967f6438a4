/* natkeepalive's command line and configuration file. */
#ifndef NATKEEPALIVE_SETTINGS_H
#define NATKEEPALIVE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/keeper/options.h"
#include "desk/sink.h"
#include "face/format.h"

/**
 * struct settings - What the user wants; texts are borrowed from the command line or @text
 * @wishes:	@wish_count servers and peers, by name
 * @v4, @v6:	Families wanted; neither: the one that the resolver prefers
 * @share:	Port of another program, or 0; @user: whom to become once its packets can be had
 * @report:	Where to write it at the end, too
 * @format:	An enum format, of standard output
 * @keeper:	Without its targets
 * @text:	The configuration file
 */
struct settings {
	struct wish {
		enum keeper_target_kind kind;
		const char *name;
	} wishes[KEEPER_TARGETS_MAX];
	unsigned wish_count;
	bool v4, v6, quiet;
	const char *interface, *exec, *user, *config_path;
	unsigned local_port, share, opener_ttl;
	struct sink_whole report;
	int format;
	struct keeper_options keeper;
	char *text;
};

/* Return: OPTIONS_GO_ON, or the exit status to end with; settings_free() in either case. */
int settings_read(struct settings *s, int argc, char *const argv[]);
void settings_free(struct settings *s);

#endif
