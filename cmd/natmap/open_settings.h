/* The command line of "natmap open". */
#ifndef NATMAP_OPEN_SETTINGS_H
#define NATMAP_OPEN_SETTINGS_H

#include "base/time.h"
#include "desk/server_list.h"
#include "where.h"

/**
 * struct open_settings - What is to be opened
 * @where:	First: its options write to it
 * @ip_protocol, @port: The operands
 * @external:	Wanted outside, 0: as @port; @strict: that or none
 * @remote:	Who may come in, all zero: anyone
 * @format:	An enum format
 */
struct open_settings {
	struct where where;
	unsigned ip_protocol, port, external;
	bool strict, no_verify, detach;
	nk_time lifetime;
	struct addr remote;
	struct server_list servers;
	const char *exec;
	int format;
};

/* "tcp" or "udp", and then a port: the operands of several commands. Each writes its argument. Return: 0, or -1
 * and @why. */
int open_take_operand(unsigned *ip_protocol, unsigned *port, const char *value,
		      char why[static OPTIONS_WHY]);

/* Return: OPTIONS_GO_ON, or the exit status to end with. */
int open_settings_read(struct open_settings *s, int argc, char *const argv[]);

#endif
