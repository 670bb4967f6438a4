#include "base/crypto.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

int crypto_init(void)
{
	return sodium_init() < 0 ? NK_ERR_SYSTEM : 0;
}

void rng_seed(struct rng *r, const uint8_t seed[static 32])
{
	memcpy(r->key, seed, sizeof(r->key));
	r->used = sizeof(r->buf);
}

void rng_seed_from_kernel(struct rng *r)
{
	uint8_t seed[32];

	randombytes_buf(seed, sizeof(seed));
	rng_seed(r, seed);
	crypto_wipe(seed, sizeof(seed));
}

void rng_seed_from_number(struct rng *r, uint64_t number)
{
	uint8_t seed[32] = {0};

	for (size_t i = 0; i < 8; i++)
		seed[i] = (uint8_t)(number >> (8 * i));
	rng_seed(r, seed);
}

static void rng_refill(struct rng *r)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	crypto_stream_chacha20(r->buf, sizeof(r->buf), nonce, r->key);
	memcpy(r->key, r->buf, sizeof(r->key));
	crypto_wipe(r->buf, sizeof(r->key));
	r->used = sizeof(r->key);
}

void rng_bytes(struct rng *r, void *out, size_t n)
{
	uint8_t *p = out;

	while (n > 0) {
		if (r->used == sizeof(r->buf))
			rng_refill(r);

		const size_t left = sizeof(r->buf) - r->used;
		const size_t take = n < left ? n : left;

		memcpy(p, r->buf + r->used, take);
		crypto_wipe(r->buf + r->used, take);
		r->used += take;
		p += take;
		n -= take;
	}
}

uint32_t rng_u32(struct rng *r)
{
	uint32_t v;

	rng_bytes(r, &v, sizeof(v));
	return v;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	const uint32_t reject_below = (uint32_t)-n % n;
	uint32_t v;

	do
		v = rng_u32(r);
	while (v < reject_below);
	return v % n;
}

double rng_unit(struct rng *r)
{
	return rng_u32(r) / 4294967296.0;
}

uint64_t crypto_siphash(const uint8_t key[static 16], const void *bytes, size_t n)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t v = 0;

	crypto_shorthash(out, bytes, n, key);
	for (size_t i = 0; i < sizeof(out); i++)
		v = v << 8 | out[i];
	return v;
}

int crypto_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void crypto_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}
