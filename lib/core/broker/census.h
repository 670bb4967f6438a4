/*
 * How many things each network has, in a fixed memory: two counts for each network, picked by
 * a secret hash, of which the lesser one is believed.
 *
 * Others may have been counted in either, so a network may rarely be taken to have more than it has,
 * and never less.
 */
#ifndef CORE_BROKER_CENSUS_H
#define CORE_BROKER_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

/* Two rows of @places counts. */
struct census {
	uint32_t *counts;
	uint32_t places;
};

/* For @n things of all networks. Return: 0 or NK_ERR_NO_MEMORY; census_free() takes what either left. */
int census_init(struct census *c, uint32_t n);
void census_free(struct census *c);

/* Counts one more of the network with that hash; false, and nothing counted, if it has @max. */
bool census_enter(struct census *c, uint64_t hash, uint32_t max);
void census_leave(struct census *c, uint64_t hash);

#endif
