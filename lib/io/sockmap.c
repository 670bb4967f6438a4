#include "io/sockmap.h"

/* Cores give out numbers as they like, often one after the other or in steps of a power of two. */
static size_t bucket_of(uint32_t id)
{
	const uint32_t golden = 0x9E3779B1u; /* 2^32 over the golden ratio: Knuth, vol. 3, 6.4 */

	return (id * golden) >> 20; /* the top 12 bits: SOCKMAP_BUCKETS */
}

struct io_socket *sockmap_find(const struct sockmap *m, uint32_t id)
{
	for (struct io_socket *s = m->buckets[bucket_of(id)]; s != NULL; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

void sockmap_add(struct sockmap *m, struct io_socket *s)
{
	struct io_socket **head = &m->buckets[bucket_of(s->id)];

	s->next = *head;
	*head = s;
	m->count++;
}

void sockmap_remove(struct sockmap *m, struct io_socket *s)
{
	struct io_socket **at = &m->buckets[bucket_of(s->id)];

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	m->count--;
}
