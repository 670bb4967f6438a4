/*
 * A port held open on several gateways at once, as one core: a gate for each.
 *
 * They share the line to the UPnP worker and the sockets to which gateways announce that they have lost their
 * state (RFC 6887 section 14.1.3, RFC 6886 section 3.2.1).
 */
#ifndef CORE_PORTMAP_PORTER_H
#define CORE_PORTMAP_PORTER_H

#include "core/portmap/gate.h"

#define PORTER_GATES_MAX 4
#define PORTER_STREAM    1 /* id of the stream to the UPnP worker */

/**
 * struct porter_options - What is to be open
 * @gates:	@gate_count of them; of each @map, neither sockets nor @upnp are looked at
 * @upnp:	There is a worker at the end of the stream PORTER_STREAM
 */
struct porter_options {
	struct gate_config gates[PORTER_GATES_MAX];
	unsigned gate_count;
	bool upnp;
};

/**
 * struct porter_event - A gate stands otherwise than it did: another state, of its mapping too, or external address, or it
 *			was renewed
 * @gate:	Its number
 * @before:	How it stood
 */
struct porter_event {
	unsigned gate;
	nk_time at;
	struct gate_result before, now;
};

struct porter; /* porter_new() to porter_free() */

/* Return: NULL without memory. porter_free() takes NULL. */
struct porter *porter_new(const struct porter_options *options, const uint8_t seed[static 32]);
void porter_free(struct porter *p);

void porter_input(struct porter *p, const struct event *ev, nk_time now);

/* Of gate @i: gate_doubt_way(). */
void porter_doubt(struct porter *p, unsigned i, const struct gate_config *config, nk_time now);

/* Gate @i is to be elsewhere (gate_move()). */
void porter_move(struct porter *p, unsigned i, const struct gate_config *config, nk_time now);

/* The next event that nobody has taken yet; false: there is none. */
bool porter_event(struct porter *p, struct porter_event *out);

const struct gate_result *porter_gate(const struct porter *p, unsigned i);

/* CORE_BUSY as long as any gate is. */
extern const struct core_ops porter_ops;

#endif
