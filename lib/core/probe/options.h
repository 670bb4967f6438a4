/* What a natprobe run is asked to do. */
#ifndef CORE_PROBE_OPTIONS_H
#define CORE_PROBE_OPTIONS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/time.h"

#define PROBE_SERVERS_MAX 8

/**
 * struct probe_options - What a natprobe run is asked to do
 * @servers:	@server_count addresses of one family, in order of preference
 * @local:	Address to bind, or "any" with port 0
 * @max:	Longest silence worth trying
 * @resolution:	Wanted relative precision of a timeout, such as 0.01; never finer than 0.25 s
 * @mappings:	Most NAT mappings held at once, counted as conntrack does (by flow)
 * @pace:	Least time between two new mappings
 * @quick:	Classification alone
 * @hairpin:	Test hairpinning (at most 3 packets)
 * @icmp:	Try the ICMP query timer (needs a kind of socket that may be refused)
 */
struct probe_options {
	struct addr servers[PROBE_SERVERS_MAX];
	unsigned server_count;
	struct addr local;
	nk_time max;
	double resolution;
	unsigned mappings;
	nk_time pace;
	bool quick;
	bool hairpin;
	bool icmp;
};

#endif
