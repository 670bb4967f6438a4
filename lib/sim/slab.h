/* Fixed-size pieces of memory, taken and given back in constant time. */
#ifndef SIM_SLAB_H
#define SIM_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct slab_chunk;

/**
 * struct slab - Pieces of one size; all memory goes back at once by slab_free()
 * @size:	Bytes in a piece
 * @free:	Pieces given back, linked through their first bytes
 * @fresh:	The next piece that was never taken, @fresh_left of them
 */
struct slab {
	size_t size;
	void *free;
	uint8_t *fresh;
	size_t fresh_left;
	struct slab_chunk *chunks;
};

struct slab slab_make(size_t size);
void slab_free(struct slab *p);

/* Return: a piece with undefined contents, aligned for any type, or NULL without memory. */
void *slab_get(struct slab *p);
void slab_put(struct slab *p, void *piece);

#endif
