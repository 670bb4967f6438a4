/*
 * Numbers of things, found by a hash of what is in the things: four bytes for each place.
 *
 * What of a place is not needed for the number holds bits of the hash, so that hardly ever a thing is
 * looked at that is not the one.
 */
#ifndef CORE_BROKER_INDEX_H
#define CORE_BROKER_INDEX_H

#include <stdint.h>

#define INDEX_NONE UINT32_MAX
#define INDEX_MAX  (UINT32_MAX / 4) /* numbers */

/**
 * struct index - Open addressing, at most three quarters full
 * @slots:	@places of them; 0: empty, else a number plus one in the bits of @number_mask, and of
 *		its hash the others
 * @hash_of:	The hash of a thing of @owner, by a secret key: nobody outside can choose those that
 *		collide
 */
struct index {
	uint32_t *slots;
	uint32_t places, number_mask;
	uint64_t (*hash_of)(const void *owner, uint32_t number);
	const void *owner;
};

/* Takes memory for @n numbers. Return: 0 or NK_ERR_NO_MEMORY; index_free() takes what either left. */
int index_init(struct index *x, uint32_t n, uint64_t (*hash_of)(const void *owner, uint32_t number),
	       const void *owner);
void index_free(struct index *x);

/* Where a search for @hash is. */
struct index_walk {
	uint32_t at, mark;
};

struct index_walk index_walk(const struct index *x, uint64_t hash);

/* The next number whose thing may have that hash, to be compared; INDEX_NONE: there is no more. */
uint32_t index_next(const struct index *x, struct index_walk *w);

/* Adds a number that is not in it, or takes one out that is, while its thing still has its hash. */
void index_add(struct index *x, uint32_t number);
void index_remove(struct index *x, uint32_t number);

#endif
