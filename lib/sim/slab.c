#include "sim/slab.h"

#include <stdlib.h>
#include <string.h>

#define PIECES 64

struct slab_chunk {
	struct slab_chunk *next;
	max_align_t pieces[];
};

struct slab slab_make(size_t size)
{
	const size_t align = _Alignof(max_align_t);

	return (struct slab){.size = (size + align - 1) / align * align};
}

void slab_free(struct slab *p)
{
	while (p->chunks != NULL) {
		struct slab_chunk *next = p->chunks->next;

		free(p->chunks);
		p->chunks = next;
	}
	*p = (struct slab){.size = p->size};
}

void *slab_get(struct slab *p)
{
	void *piece = p->free;

	if (piece != NULL) {
		memcpy(&p->free, piece, sizeof(p->free));
		return piece;
	}
	if (p->fresh_left == 0) {
		struct slab_chunk *c = malloc(sizeof(*c) + PIECES * p->size);

		if (c == NULL)
			return NULL;
		c->next = p->chunks;
		p->chunks = c;
		p->fresh = (uint8_t *)c->pieces;
		p->fresh_left = PIECES;
	}
	piece = p->fresh;
	p->fresh += p->size;
	p->fresh_left--;
	return piece;
}

void slab_put(struct slab *p, void *piece)
{
	memcpy(piece, &p->free, sizeof(p->free));
	p->free = piece;
}
