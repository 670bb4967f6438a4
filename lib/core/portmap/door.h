/* One UDP socket of a core, from when it is wanted until it is not. */
#ifndef CORE_PORTMAP_DOOR_H
#define CORE_PORTMAP_DOOR_H

#include "core/core.h"

enum door_state {
	DOOR_SHUT,
	DOOR_OPENING,
	DOOR_OPEN,
	DOOR_STALE, /* to be closed, and opened again if it is wanted */
	DOOR_FAILED,
};

/**
 * struct door - A socket
 * @local:	To bind; port 0: any
 */
struct door {
	enum door_state state;
	uint32_t id;
	struct addr local;
};

/* Opens or closes it if that is to be done. */
bool door_move(struct door *d, bool wanted, struct action *action);

/* Takes in what is about the socket itself. Return: true if it was. */
bool door_input(struct door *d, const struct event *ev);

/* One that could not be opened may be tried again, and one that is open may be bound to an interface
 * that is there no more. */
void door_renew(struct door *d);

/* Whether nothing is open, or is about to be. */
bool door_is_shut(const struct door *d);

/* A datagram from there; its bytes are still to be written. */
void door_send(const struct door *d, struct action *action, struct addr to);

#endif
