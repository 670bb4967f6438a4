/*
 * A run of natpunch as an ICE agent (RFC 8445): meets agents of others, whose
 * descriptions come by other ways than a broker's.
 *
 * On its stream it writes its description and an empty line, reads the peer's up to an
 * empty line or the end, and writes "connected ADDRESS" when a pair is acknowledged both ways. Each further
 * line is a datagram to the peer, once the pair is nominated, and each datagram of the peer a line. After the end of what
 * it reads it goes on for a moment, since the peer may still need an answer.
 */
#ifndef CORE_ICE_ICE_RUN_H
#define CORE_ICE_ICE_RUN_H

#include "core/punch/gather.h"
#include "core/punch/punch.h"

/**
 * struct ice_options - What is asked for
 * @controlling: This side nominates: the one that offers
 * @server:	STUN servers by family, all zero for none
 * @hosts:	@host_count addresses of this machine, ports ignored
 * @timeout:	From the peer's description on
 */
struct ice_options {
	bool controlling;
	struct addr server[2];
	struct addr hosts[GATHER_HOSTS];
	unsigned host_count;
	nk_time timeout;
};

struct ice_run; /* ice_run_new() to ice_run_free() */

/* @options is borrowed for the run. Return: NULL without memory. ice_run_free() takes NULL. */
struct ice_run *ice_run_new(const struct ice_options *options, const uint8_t seed[static 32]);
void ice_run_free(struct ice_run *r);
void ice_run_start(struct ice_run *r, nk_time now);
void ice_run_input(struct ice_run *r, const struct event *ev, nk_time now);
bool ice_run_output(struct ice_run *r, struct action *action, nk_time now);
nk_time ice_run_deadline(const struct ice_run *r);

/* CORE_DONE when it was connected and the stream has ended or the user wants no more; NK_ERR_MALFORMED:
 * what was read is no description; NK_ERR_UNREACHABLE: no pair in time; NK_ERR_STOPPED. */
int ice_run_status(const struct ice_run *r);

/* Of the punch; NULL before there is one. */
const struct punch_result *ice_run_result(const struct ice_run *r);

extern const struct core_ops ice_run_ops;

#endif
