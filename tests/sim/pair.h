/*
 * Two runs of natpunch in the virtual world, each behind its NATs and a router, and a broker
 * on the internet. What standard input and output are elsewhere is text here.
 */
#ifndef TESTS_SIM_PAIR_H
#define TESTS_SIM_PAIR_H

#include <stdio.h>

#include "core/broker/broker.h"
#include "core/call/natpunch.h"
#include "sim/port_host.h"
#include "sim/world.h"

#define PAIR_NATS   2
#define PAIR_HOSTS  2
#define PAIR_HEARD  8192
#define PAIR_EVENTS 128

/* PAIR_TOO: somebody else who calls, or nobody. */
enum pair_who { PAIR_CALLS, PAIR_LISTENS, PAIR_TOO, PAIR_ENDS };

/**
 * struct pair_end_plan - One of them; without hosts there is none
 * @nats:	@nat_count of them, the outermost first, with their external addresses
 * @hosts:	@host_count addresses of its host
 * @up, @down:	Of the link between its outermost NAT (or the host) and its router
 * @gateway:	What its innermost NAT speaks, if anything
 * @options:	@identity, @broker, @callee and @allowed are filled in by the stage, where they are
 *		not set; hosts too
 * @say:	Its standard input; @then_end: which ends with it
 */
struct pair_end_plan {
	struct nat_spec nats[PAIR_NATS];
	unsigned nat_count;
	struct addr hosts[PAIR_HOSTS];
	unsigned host_count;
	struct link_spec up, down;
	struct port_rules gateway;
	struct punch_options options;
	const char *say;
	bool then_end;
};

/**
 * struct pair_meddler - What a broker does that is not natbroker
 * @passes:	Sees what natbroker is about to send, and may change it; false: it is not sent
 * @adds:	Sends something more; false: nothing. Asked whenever the broker is awake
 */
struct pair_meddler {
	bool (*passes)(void *user, struct action *action);
	bool (*adds)(void *user, struct action *action);
	void *user;
};

/**
 * struct pair_plan - What to build
 * @shared:	So many of the outermost NATs of the caller are the listener's too
 * @broker:	Its limits; addresses are the stage's: two, or with @one_address one
 * @meddler:	All NULL: the broker is an honest one
 * @call_at:	When the caller starts, so that the listener is there
 * @pcap:	Borrowed: each packet is written to it; or NULL
 */
struct pair_plan {
	uint64_t seed;
	struct pair_end_plan ends[PAIR_ENDS];
	unsigned shared;
	struct broker_config broker;
	struct pair_meddler meddler;
	bool one_address;
	nk_time call_at;
	FILE *pcap;
};

/**
 * struct pair_end - One run
 * @heard:	What it wrote to its standard output
 * @events:	All of them, in order
 * @packets:	That it sent
 * @gateway:	At @gateway_addr, if there is one
 * @watch:	Sees each packet before it is sent; false: it is not
 */
struct pair_end {
	struct natpunch *run;
	struct punch_options options;
	struct identity identity;
	struct punch_contact allowed[PAIR_ENDS];
	int host, router, nats[PAIR_NATS];
	struct addr gateway_addr;
	struct port_host gateway;
	const char *say;
	bool then_end, reading, ended;
	uint8_t heard[PAIR_HEARD + 1];
	size_t heard_len;
	struct natpunch_event events[PAIR_EVENTS];
	unsigned event_count, packets;
	bool (*watch)(void *user, const struct action *action);
	void *user;
};

struct pair {
	struct world *world;
	struct broker *broker;
	struct pair_meddler meddler;
	struct broker_config config;
	uint64_t seed;
	int broker_host;
	unsigned starts;
	struct pair_end ends[PAIR_ENDS];
};

/* What the command does without options: a call with lines, and a listener that allows the caller. */
struct punch_options pair_options(enum punch_mode mode);

/* Both behind a NAT like Linux's, @delay from their routers; and such a one for PAIR_TOO. */
struct pair_plan pair_plan(uint64_t seed, nk_time delay);
struct pair_end_plan pair_end_plan(enum punch_mode mode, uint8_t number, nk_time delay);

/* Builds all at time 0, and runs to @call_at, when the caller has just started; ends the program
 * without memory. pair_strike() frees it. */
void pair_set(struct pair *p, const struct pair_plan *plan);
void pair_strike(struct pair *p);

/* Another run in the place of the one there, which goes to the test. */
void pair_start(struct pair *p, enum pair_who who);

/* Runs until the caller's run is over, or @until. Return: its status. */
int pair_run(struct pair *p, nk_time until);

/* Runs until @who has told of @kind (@nth time, from 1), or @until. Return: when it did, or NK_NEVER. */
nk_time pair_wait(struct pair *p, enum pair_who who, enum natpunch_event_kind kind, unsigned nth,
		  nk_time until);

/* When @who told of @kind for the @nth time, or NK_NEVER. */
nk_time pair_told(const struct pair *p, enum pair_who who, enum natpunch_event_kind kind,
		  unsigned nth);

/* More on the standard input of @who: borrowed until it has been read. */
void pair_say(struct pair *p, enum pair_who who, const char *text);

/* Runs until @who has heard @text at the end of all that it has heard. Return: when, or NK_NEVER. */
nk_time pair_hears(struct pair *p, enum pair_who who, const char *text, nk_time until);

/* The broker's process is killed, or started anew, and knows nothing. */
void pair_kill_broker(struct pair *p);
void pair_start_broker(struct pair *p);

#endif
