/*
 * Classification: how the NAT maps and filters, by RFC 5780's tests run side by side.
 *
 * Mapping sockets talk to all four addresses of the server; filtering sockets
 * talk to the primary one alone and ask for answers from elsewhere. Each test
 * has several local ports, which vote. Deciding is in behaviour.c.
 */
#ifndef CORE_PROBE_CLASSIFY_H
#define CORE_PROBE_CLASSIFY_H

#include "core/probe/budget.h"
#include "core/probe/exchange.h"
#include "core/probe/options.h"
#include "core/probe/result.h"

#define CLASSIFY_SOCKETS 0x01000000u
#define CLASSIFY_PORTS   3 /* local ports per test */
#define FILTER_ROUNDS    9

/* The four addresses of RFC 5780 section 4: primary or alternate IP, primary or alternate port. */
enum destination { DEST_PRIMARY, DEST_PORT, DEST_IP, DEST_BOTH, DEST_COUNT };

enum filter_kind { FILTER_BOTH, FILTER_PORT, FILTER_PLAIN, FILTER_KINDS };

/**
 * struct classify - State
 * @ports:	Local ports per test, at most CLASSIFY_PORTS
 * @opening, @opened: Sockets that were asked for, and those that came or failed
 * @local:	Local address of mapping sockets, then of filtering sockets
 * @map, @filter: Exchanges by socket, or NULL
 * @check:	A changed answer that no filter can hold back, since its source was contacted
 * @alternate:	Whether the server has a usable other address
 */
struct classify {
	const struct probe_options *options;
	struct exchanges *exchanges;
	struct budget *budget;
	struct probe_result *result;
	struct addr server, dest[DEST_COUNT];
	nk_time run_started;

	unsigned ports, opening, opened;
	struct addr local[2 * CLASSIFY_PORTS];
	struct exchange *map[CLASSIFY_PORTS][DEST_COUNT];
	struct exchange *filter[CLASSIFY_PORTS][FILTER_ROUNDS][FILTER_KINDS];
	unsigned rounds[CLASSIFY_PORTS];
	int filter_flow[CLASSIFY_PORTS];
	struct exchange *check, *fragment;
	bool started, alternate, done, change_ignored, change_refused;
	bool other_is_self, other_silent;

	uint8_t hairpin_tid[STUN_TID];
	unsigned hairpin_sent;
	nk_time hairpin_due;
	bool hairpin_heard;
	struct addr hairpin_source;
};

/* Begins; @other is the server's OTHER-ADDRESS, all zero if it has none. */
void classify_start(struct classify *c, const struct addr *other, nk_time now);
void classify_input(struct classify *c, const struct event *ev, nk_time now);
bool classify_output(struct classify *c, struct action *action, nk_time now);
nk_time classify_deadline(const struct classify *c);

/* Writes what is known into the result. */
void classify_report(struct classify *c);

/* behaviour.c: findings from answers. Pure but for the result they fill in. */
void behaviour_mapping(const struct classify *c, struct class_finding *out);
void behaviour_filtering(const struct classify *c, struct class_finding *out);
void behaviour_nat(const struct classify *c, struct fact *out);
void behaviour_alg(const struct classify *c, struct fact *out);
void behaviour_pooling(const struct classify *c, enum pooling *out, unsigned *trials);

/* True if filtering socket @s needs more rounds: too many of its control answers were lost. */
bool behaviour_filter_void(const struct classify *c, unsigned s);

/* P(always so | n of n trials): a mixture of "always", "never" and Beta(1,1). */
double behaviour_certainty(unsigned n);

/**
 * struct port_sample - One mapping: its local and external port, in the order of their making
 */
struct port_sample {
	uint16_t local, mapped;
};

/* ports.c: how external ports are chosen, from @count samples. */
void ports_judge(const struct port_sample *samples, unsigned count, struct ports_finding *out);

#endif
