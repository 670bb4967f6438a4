/* Those who can look from outside, by name and as addresses. */
#ifndef NATMAP_OPEN_BROKERS_H
#define NATMAP_OPEN_BROKERS_H

#include "core/portmap/gate.h"
#include "desk/server_list.h"
#include "where.h"

/**
 * struct open_brokers - Of each family: IPv4, IPv6
 */
struct open_brokers {
	struct addr list[2][GATE_BROKERS_MAX];
	unsigned count[2];
};

/* Looks them up. Without any a port is held all the same, which is said. Return: 0; NK_ERR_BAD_INPUT or
 * NK_ERR_NO_MEMORY, said. */
int open_brokers_find(struct open_brokers *b, const struct server_list *given);

/* Gives the gate of a way those of its family to which that way leads. Return: whether they are others than it had. */
bool open_brokers_give(const struct open_brokers *b, const struct way *way,
		       struct gate_config *config);

#endif
