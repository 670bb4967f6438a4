/* A hash table of nodes that live inside the caller's structs. */
#ifndef SIM_DICT_H
#define SIM_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dict_node {
	struct dict_node *next;
	uint64_t hash;
};

/**
 * struct dict - Nodes by hash; all zero is an empty table
 * @buckets:	@room chains, a power of two, at most as many nodes as chains
 */
struct dict {
	struct dict_node **buckets;
	size_t room, count;
};

/* The struct of @type that has @node as its @member; NULL stays NULL. */
#define dict_entry(node, type, member) \
	((node) == NULL ? NULL : (type *)(void *)((char *)(node)-offsetof(type, member)))

/* Return: false if there was no memory for a first table; later growth may fail unnoticed. */
bool dict_add(struct dict *t, struct dict_node *node, uint64_t hash);
void dict_del(struct dict *t, struct dict_node *node);
void dict_free(struct dict *t); /* not the nodes */

/* The nodes with that hash, one after the other, or NULL. The caller compares keys. */
struct dict_node *dict_first(const struct dict *t, uint64_t hash);
struct dict_node *dict_next(const struct dict_node *node);

/* All nodes in no order: that after @node, or with NULL the first. */
struct dict_node *dict_after(const struct dict *t, const struct dict_node *node);

/* Hash of @n bytes; for several keys the hash so far is the next @seed. Not keyed: for the
 * virtual world only, where nobody chooses keys to collide. */
uint64_t dict_hash(const void *bytes, size_t n, uint64_t seed);

#endif
