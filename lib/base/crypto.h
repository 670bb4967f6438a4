/* Randomness, keys, hashing, sealing and wiping: all that the library takes from libsodium. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
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

/* A seed from the kernel, for those that must not ask it themselves. The caller wipes it. */
void crypto_seed(uint8_t seed[static 32]);
void rng_seed_from_number(struct rng *r, uint64_t number);

void rng_bytes(struct rng *r, void *out, size_t n);
uint32_t rng_u32(struct rng *r);

/* Uniform below @n, without modulo bias; @n at least 1. */
uint32_t rng_below(struct rng *r, uint32_t n);

/* Uniform in [0, 1). */
double rng_unit(struct rng *r);

/* SipHash-2-4 of @n bytes under a 16-byte key. */
uint64_t crypto_siphash(const uint8_t key[static 16], const void *bytes, size_t n);

void crypto_sha256(uint8_t out[static 32], const void *bytes, size_t n);

/* SHA-256 of @a followed by @b; @out may be either. */
void crypto_sha256_joined(uint8_t out[static 32], const void *a, size_t a_len, const void *b,
			  size_t b_len);
void crypto_hmac_sha256(uint8_t out[static 32], const uint8_t *key, size_t key_len,
			const void *bytes, size_t n);

/* HKDF (RFC 5869) as Noise uses it, without info: @count (1 to 3) outputs of 32 bytes from a
 * chaining key and input key material, which may be empty. Outputs may overlap neither input. */
void crypto_hkdf(uint8_t out[][32], unsigned count, const uint8_t chaining[static 32],
		 const void *material, size_t n);

#define CRYPTO_KEY       32
#define CRYPTO_SIGNATURE 64
#define CRYPTO_TAG       16

/**
 * struct identity - Who we are: an Ed25519 key pair, and the X25519 pair made from it
 * @seed:	The secret that all else comes from
 */
struct identity {
	uint8_t seed[CRYPTO_KEY];
	uint8_t sign_secret[64], sign_public[CRYPTO_KEY];
	uint8_t dh_secret[CRYPTO_KEY], dh_public[CRYPTO_KEY];
};

void identity_from_seed(struct identity *id, const uint8_t seed[static CRYPTO_KEY]);

void identity_sign(uint8_t out[static CRYPTO_SIGNATURE], const struct identity *id,
		   const void *bytes, size_t n);
bool identity_verify(const uint8_t signature[static CRYPTO_SIGNATURE],
		     const uint8_t sign_public[static CRYPTO_KEY], const void *bytes, size_t n);

/* The X25519 key of an Ed25519 key; false if that is no point of the curve's main group. */
bool crypto_dh_public_of(uint8_t out[static CRYPTO_KEY],
			 const uint8_t sign_public[static CRYPTO_KEY]);
void crypto_dh_pair(uint8_t secret[static CRYPTO_KEY], uint8_t public[static CRYPTO_KEY],
		    struct rng *rng);
/* X25519; false, and @out zero, for a key of small order. */
bool crypto_dh(uint8_t out[static CRYPTO_KEY], const uint8_t secret[static CRYPTO_KEY],
	       const uint8_t public[static CRYPTO_KEY]);

/* ChaCha20-Poly1305 (RFC 8439) with Noise's nonce: 4 zero bytes, then @nonce little-endian. @out
 * has @n + CRYPTO_TAG bytes and may be @plain. */
void crypto_seal(uint8_t *out, const uint8_t key[static CRYPTO_KEY], uint64_t nonce, const void *ad,
		 size_t ad_len, const void *plain, size_t n);
/* @n counts the tag. @out has @n - CRYPTO_TAG bytes and may be @sealed. False: not authentic, and
 * @out is zeroes. */
bool crypto_open(uint8_t *out, const uint8_t key[static CRYPTO_KEY], uint64_t nonce, const void *ad,
		 size_t ad_len, const void *sealed, size_t n);

/* Compares secrets in a time that does not depend on where they differ. */
int crypto_equal(const void *a, const void *b, size_t n);
void crypto_wipe(void *p, size_t n);

#endif
