/* Bounded tables without memory of their own on the packet path: a map of numbers, free places, due times. */
#ifndef CORE_BROKER_TABLE_H
#define CORE_BROKER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"

#define TABLE_NONE UINT32_MAX

/**
 * struct table - A map from 64-bit keys to small numbers (open addressing, at most half full)
 * @hash_key:	Secret, so that nobody outside can choose keys that collide; borrowed
 * @keys, @values: @mask + 1 places; a value of TABLE_NONE is an empty place
 */
struct table {
	const uint8_t *hash_key;
	uint64_t *keys;
	uint32_t *values;
	uint32_t mask;
};

/* Takes memory for @n keys. Return: 0 or NK_ERR_NO_MEMORY; table_free() takes what either left. */
int table_init(struct table *t, uint32_t n, const uint8_t hash_key[static 16]);
void table_free(struct table *t);

/* The value of @key, or TABLE_NONE. */
uint32_t table_get(const struct table *t, uint64_t key);

/* Sets the value of @key. The table must have been made for as many keys. */
void table_put(struct table *t, uint64_t key, uint32_t value);
void table_remove(struct table *t, uint64_t key);

/**
 * struct pool - Which of n places are free
 * @next:	n links of the list of places that were given back
 * @fresh:	Places from here on have never been taken
 */
struct pool {
	uint32_t *next;
	uint32_t free;
	uint32_t fresh;
	uint32_t n;
	uint32_t used;
};

int pool_init(struct pool *p, uint32_t n);
void pool_free(struct pool *p);

/* A free place, or TABLE_NONE. */
uint32_t pool_take(struct pool *p);
void pool_give(struct pool *p, uint32_t place);

/* Takes memory for the due times of @n things. Return: 0 or NK_ERR_NO_MEMORY; due_free() takes
 * what either left. */
int due_init(struct heap *h, size_t n);
void due_free(struct heap *h);

#endif
