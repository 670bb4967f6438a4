/* Randomness, keyed hashing and wiping: all that the library takes from libsodium so far. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct rng - A seeded source of unpredictable bytes (ChaCha20)
 *
 * The real world seeds it from the kernel, the virtual world from a number, so
 * that a run there is a pure function of its seed. Each 512 bytes the key is
 * replaced: what was drawn cannot be computed from what is left.
 */
struct rng {
	uint8_t key[32];
	uint8_t buf[512];
	size_t used;
};

/* Must have succeeded once before anything else here is called. Return: 0 or NK_ERR_SYSTEM. */
int crypto_init(void);

void rng_seed(struct rng *r, const uint8_t seed[static 32]);
void rng_seed_from_kernel(struct rng *r);
void rng_seed_from_number(struct rng *r, uint64_t number);

void rng_bytes(struct rng *r, void *out, size_t n);
uint32_t rng_u32(struct rng *r);

/* Uniform below @n, without modulo bias; @n at least 1. */
uint32_t rng_below(struct rng *r, uint32_t n);

/* Uniform in [0, 1). */
double rng_unit(struct rng *r);

/* SipHash-2-4 of @n bytes under a 16-byte key. */
uint64_t crypto_siphash(const uint8_t key[static 16], const void *bytes, size_t n);

/* Compares secrets in a time that does not depend on where they differ. */
int crypto_equal(const void *a, const void *b, size_t n);
void crypto_wipe(void *p, size_t n);

#endif
