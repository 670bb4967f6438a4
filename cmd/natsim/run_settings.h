/* What "natsim run" was told: the command line, and the world that it makes. */
#ifndef NATSIM_RUN_SETTINGS_H
#define NATSIM_RUN_SETTINGS_H

#include <stdbool.h>

#include "topology.h"
#include "zoo_file.h"

#define RUN_NATS_MAX 4
#define RUN_SETS_MAX 16
#define RUN_CLIENT   "client"
#define RUN_SERVER   "stun"

/* A NAT as it was asked for: preset, and @set_count texts "AXIS=VALUE". */
struct run_nat {
	const char *preset;
	const char *sets[RUN_SETS_MAX];
	unsigned set_count;
};

/**
 * struct run_settings - Options, checked one by one
 * @files:	First, for zoo_files_add()
 * @nats:	@nat_count of them, from the client on
 * @link:	The access link: of the first NAT, or of the client if there is none
 * @external:	Of the last NAT that translates; none: chosen
 * @argv:	The program and its arguments
 */
struct run_settings {
	struct zoo_files files;
	struct run_nat nats[RUN_NATS_MAX];
	unsigned nat_count;
	struct topology_link link;
	struct addr external[NAT_EXTERNALS_MAX];
	unsigned external_count;
	bool ipv6, no_server, verbose;
	bool seeded;
	uint64_t seed;
	const char *pcap, *broker;
	char *const *argv;
};

/* Return: OPTIONS_GO_ON, or the exit status to end with. */
int run_settings_read(struct run_settings *s, int argc, char *const argv[]);

/* The world that they describe, freed with free(). Return: EXIT_YES, or the exit status to end
 * with, which has been told. */
int run_settings_world(struct topology **out, const struct run_settings *s);

#endif
