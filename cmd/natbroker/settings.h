/* What natbroker was told to do: the command line, then a configuration file. */
#ifndef NATBROKER_SETTINGS_H
#define NATBROKER_SETTINGS_H

#include <limits.h>
#include <stdbool.h>

#include "core/broker/broker.h"
#include "stats.h"

/**
 * struct settings - Options, checked as a whole
 * @listen, @advertise: As given; settings_read() joins them in @broker
 * @config_path: --config, or NULL
 * @state_path:	Where registrations are kept, or NULL
 * @metrics:	Where the numbers are served; family none: nowhere
 * @metrics_given: It was asked for, and so must be had
 * @stats:	Ask a broker that runs, and be none
 * @format:	An enum format, of what @stats prints
 * @user:	Whom to become once all sockets are open, or NULL
 * @text:	The configuration file, from which strings are borrowed
 */
struct settings {
	struct addr listen[BROKER_ADDRS_MAX], advertise[BROKER_ADDRS_MAX];
	unsigned listen_count, advertise_count;
	unsigned port, alt_port;
	unsigned sessions_max, trials_max, binding_per_s;
	unsigned registrations_max, calls_per_s, relays_per_s;
	const char *config_path, *state_path;
	const char *user;
	struct addr metrics;
	bool metrics_given;
	bool stats;
	int format;
	bool verbose;
	char state[PATH_MAX];
	char *text;
	struct broker_config broker;
};

/**
 * settings_read() - Fill @s from the command line and the configuration file
 *
 * Return: OPTIONS_GO_ON, or the exit status to end with, all having been said.
 * settings_free() takes what either left.
 */
int settings_read(struct settings *s, int argc, char *const argv[]);
void settings_free(struct settings *s);

#endif
