/* Which way to an address, at each node of the network. */
#ifndef SIM_ROUTES_H
#define SIM_ROUTES_H

#include <stdbool.h>

#include "base/addr.h"
#include "sim/dict.h"
#include "sim/slab.h"

/**
 * struct route - At @node the address @ip is reached through the link to @child
 * @to_node:	@child is a node, else a host
 */
struct route {
	struct dict_node in_table;
	int node;
	struct addr ip;
	bool to_node;
	int child;
};

struct routes {
	struct dict table;
	struct slab slab;
};

struct routes routes_make(void);
void routes_free(struct routes *t);

/* The first of several routes to one address counts. Return: false without memory. */
bool routes_add(struct routes *t, int node, const struct addr *ip, bool to_node, int child);

/* Return: NULL if there is none. */
const struct route *routes_find(const struct routes *t, int node, const struct addr *ip);

#endif
