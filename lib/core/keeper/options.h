/* What a run of natkeepalive is asked. */
#ifndef CORE_KEEPER_OPTIONS_H
#define CORE_KEEPER_OPTIONS_H

#include "base/addr.h"
#include "base/time.h"
#include "wire/keepalive.h"

#define KEEPER_TARGETS_MAX 64

enum keeper_target_kind {
	KEEPER_STUN,   /* any STUN server: Binding requests */
	KEEPER_BROKER, /* natbroker: registered with a key made for the run, then frames */
	KEEPER_PEER, /* somebody who need not answer: Binding requests, answered if it is one of us;
			  else indications (RFC 8445 section 11) or openers */
};

/**
 * struct keeper_target - Whom a mapping is kept open to
 * @name:	As the user gave it; borrowed
 * @local_port:	0: any
 * @shared:	The local port is another program's socket: packets leave and are seen by the
 *		runner's raw means
 */
struct keeper_target {
	enum keeper_target_kind kind;
	const char *name;
	struct addr addr;
	uint16_t local_port;
	bool shared;
};

/**
 * struct keeper_belief - What was found of a NAT before
 * @lower, @upper, @age: As in struct learner_config; @value: the median
 * @outbound_only: It is believed that inbound packets refresh nothing there
 */
struct keeper_belief {
	double lower, value, upper;
	nk_time age;
	bool outbound_only;
};

/**
 * struct keeper_options - One run
 * @algorithm:	For all targets; the others are not used
 * @interval:	0: the algorithm's own
 * @floor:	Of KEEPALIVE_LEARNED; @below_floor: it may go below where it must
 * @opener_ttl:	0: measured, if the server can; else what is known of the route
 * @duration:	0: until stopped
 * @once:	End as soon as each target has answered, or not
 * @belief:	Of the NAT that we are behind at first
 */
struct keeper_options {
	struct keeper_target targets[KEEPER_TARGETS_MAX];
	unsigned target_count;
	enum keepalive_algorithm algorithm;
	nk_time interval, floor, longest, duration;
	bool below_floor, once;
	uint8_t opener_ttl;
	struct keeper_belief belief;
};

#endif
