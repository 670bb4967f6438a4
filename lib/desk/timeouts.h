/*
 * What is believed of how long the NATs of a network hold a UDP mapping with traffic both ways: kept
 * in a file for each network, which natprobe and natkeepalive write, and natpunch reads too.
 *
 * A belief is a prior for what to try first. A file that cannot be read is none, and never a reason
 * to fail.
 */
#ifndef DESK_TIMEOUTS_H
#define DESK_TIMEOUTS_H

#include "desk/network.h"

/**
 * struct timeouts - Of one network
 * @path:	Its file; empty: nowhere to keep it
 * @lower, @value, @upper: Median and 95 % interval, seconds; 0: not known
 * @outbound_only: Only outbound packets refresh a mapping
 * @at_unix_s:	When that was found out; 0: never, all else is then zero
 */
struct timeouts {
	char path[PATH_MAX];
	struct network network;
	double lower, value, upper;
	bool outbound_only;
	uint64_t at_unix_s;
};

/* Reads what is believed of the network through which @towards is reached, by @interface only if that
 * is not NULL. Return: true if anything is. */
bool timeouts_open(struct timeouts *t, const struct addr *towards, const char *interface);

/* Writes the file, or warns. */
void timeouts_save(const struct timeouts *t);

#endif
