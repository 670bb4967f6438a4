#include "sim/dict.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

static struct dict_node **bucket(const struct dict *t, uint64_t hash)
{
	return &t->buckets[hash & (t->room - 1)];
}

static bool resize(struct dict *t, size_t room)
{
	const struct dict old = *t;
	struct dict_node **buckets = calloc(room, sizeof(*buckets));

	if (buckets == NULL)
		return false;
	t->buckets = buckets;
	t->room = room;
	for (size_t i = 0; i < old.room; i++) {
		struct dict_node *next;

		for (struct dict_node *n = old.buckets[i]; n != NULL; n = next) {
			struct dict_node **b = bucket(t, n->hash);

			next = n->next;
			n->next = *b;
			*b = n;
		}
	}
	free(old.buckets);
	return true;
}

bool dict_add(struct dict *t, struct dict_node *node, uint64_t hash)
{
	if (t->count >= t->room && !resize(t, t->room == 0 ? FIRST_ROOM : 2 * t->room) &&
	    t->room == 0)
		return false;

	struct dict_node **b = bucket(t, hash);

	node->hash = hash;
	node->next = *b;
	*b = node;
	t->count++;
	return true;
}

void dict_del(struct dict *t, struct dict_node *node)
{
	struct dict_node **link = bucket(t, node->hash);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	t->count--;
}

void dict_free(struct dict *t)
{
	free(t->buckets);
	*t = (struct dict){.buckets = NULL};
}

static struct dict_node *match(struct dict_node *n, uint64_t hash)
{
	while (n != NULL && n->hash != hash)
		n = n->next;
	return n;
}

struct dict_node *dict_first(const struct dict *t, uint64_t hash)
{
	return t->room == 0 ? NULL : match(*bucket(t, hash), hash);
}

struct dict_node *dict_next(const struct dict_node *node)
{
	return match(node->next, node->hash);
}

struct dict_node *dict_after(const struct dict *t, const struct dict_node *node)
{
	size_t i = 0;

	if (node != NULL && node->next != NULL)
		return node->next;
	if (node != NULL)
		i = (node->hash & (t->room - 1)) + 1;
	while (i < t->room && t->buckets[i] == NULL)
		i++;
	return i < t->room ? t->buckets[i] : NULL;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0xD6E8FEB86659FD93u;
	return h ^ h >> 32;
}

uint64_t dict_hash(const void *bytes, size_t n, uint64_t seed)
{
	const uint8_t *p = bytes;
	uint64_t h = seed ^ (n * 0x9E3779B97F4A7C15u);
	uint64_t word;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = mix(h, word);
	}
	if (n > 0) {
		word = 0;
		memcpy(&word, p, n);
		h = mix(h, word);
	}
	h *= 0xD6E8FEB86659FD93u;
	return h ^ h >> 29;
}
