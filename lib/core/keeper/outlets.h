/*
 * The sockets that targets are sent to from.
 *
 * Targets that name the same local port share one, which is bound to no address. A target alone on
 * its socket is sent to from the address from which it is reached, so that this address is known;
 * where the network is another one the socket is opened again, at the same port.
 */
#ifndef CORE_KEEPER_OUTLETS_H
#define CORE_KEEPER_OUTLETS_H

#include "core/core.h"
#include "core/keeper/options.h"

#define OUTLETS_MAX (2 * KEEPER_TARGETS_MAX) /* a target that moves has two until one is closed */

enum outlet_state { OUTLET_FREE, OUTLET_WANTED, OUTLET_OPENING, OUTLET_OPEN, OUTLET_FAILED };

/**
 * struct outlet - One socket; its number is its id
 * @port:	As bound, 0: any
 * @peer:	Of the target that is alone on it
 * @local:	Where it is bound, once it is open
 * @users:	Targets; without any it is closed
 * @closing:	Must be closed before it is anything else
 * @retry:	OUTLET_FAILED: when to try again; @pause: after the next failure
 */
struct outlet {
	enum outlet_state state;
	enum socket_kind kind;
	enum addr_family family;
	uint16_t asked_port, port;
	struct addr peer, local;
	unsigned users;
	bool closing;
	nk_time retry, pause;
};

struct outlets {
	struct outlet list[OUTLETS_MAX];
};

/* One for a target that is reached at @to, opened if need be. Return: its id. */
uint32_t outlets_take(struct outlets *o, const struct keeper_target *target, const struct addr *to);
void outlets_leave(struct outlets *o, uint32_t id);

/* Whether it can send. */
bool outlets_open(const struct outlets *o, uint32_t id);
struct addr outlets_local(const struct outlets *o, uint32_t id);

/* The network is another one. */
void outlets_renew(struct outlets *o);

/* Return: true if the event tells of an opening. */
bool outlets_input(struct outlets *o, const struct event *ev, nk_time now);
bool outlets_output(struct outlets *o, struct action *action, nk_time now);
nk_time outlets_deadline(const struct outlets *o);

#endif
