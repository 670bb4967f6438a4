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

void crypto_seed(uint8_t seed[static 32])
{
	randombytes_buf(seed, 32);
}

void rng_seed_from_kernel(struct rng *r)
{
	uint8_t seed[32];

	crypto_seed(seed);
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

	crypto_shorthash(out, bytes, n, key);
	return (uint64_t)out[0] << 56 | (uint64_t)out[1] << 48 | (uint64_t)out[2] << 40 |
	       (uint64_t)out[3] << 32 | (uint64_t)out[4] << 24 | (uint64_t)out[5] << 16 |
	       (uint64_t)out[6] << 8 | out[7];
}

void crypto_sha256(uint8_t out[static 32], const void *bytes, size_t n)
{
	crypto_hash_sha256(out, bytes, n);
}

void crypto_sha256_joined(uint8_t out[static 32], const void *a, size_t a_len, const void *b,
			  size_t b_len)
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, a, a_len);
	crypto_hash_sha256_update(&state, b, b_len);
	crypto_hash_sha256_final(&state, out);
	crypto_wipe(&state, sizeof(state));
}

void crypto_hmac_sha256(uint8_t out[static 32], const uint8_t *key, size_t key_len,
			const void *bytes, size_t n)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, bytes, n);
	crypto_auth_hmacsha256_final(&state, out);
	crypto_wipe(&state, sizeof(state));
}

void crypto_hkdf(uint8_t out[][32], unsigned count, const uint8_t chaining[static 32],
		 const void *material, size_t n)
{
	uint8_t secret[32], block[32 + 1];

	crypto_hmac_sha256(secret, chaining, 32, material, n);
	for (unsigned i = 0; i < count; i++) {
		const size_t before = i > 0 ? 32 : 0;

		block[before] = (uint8_t)(i + 1);
		crypto_hmac_sha256(out[i], secret, sizeof(secret), block, before + 1);
		memcpy(block, out[i], 32);
	}
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(block, sizeof(block));
}

void identity_from_seed(struct identity *id, const uint8_t seed[static CRYPTO_KEY])
{
	memcpy(id->seed, seed, sizeof(id->seed));
	crypto_sign_seed_keypair(id->sign_public, id->sign_secret, id->seed);
	crypto_sign_ed25519_sk_to_curve25519(id->dh_secret, id->sign_secret);
	crypto_scalarmult_base(id->dh_public, id->dh_secret);
}

void identity_sign(uint8_t out[static CRYPTO_SIGNATURE], const struct identity *id,
		   const void *bytes, size_t n)
{
	crypto_sign_detached(out, NULL, bytes, n, id->sign_secret);
}

bool identity_verify(const uint8_t signature[static CRYPTO_SIGNATURE],
		     const uint8_t sign_public[static CRYPTO_KEY], const void *bytes, size_t n)
{
	return crypto_sign_verify_detached(signature, bytes, n, sign_public) == 0;
}

bool crypto_dh_public_of(uint8_t out[static CRYPTO_KEY],
			 const uint8_t sign_public[static CRYPTO_KEY])
{
	return crypto_sign_ed25519_pk_to_curve25519(out, sign_public) == 0;
}

void crypto_dh_pair(uint8_t secret[static CRYPTO_KEY], uint8_t public[static CRYPTO_KEY],
		    struct rng *rng)
{
	rng_bytes(rng, secret, CRYPTO_KEY);
	crypto_scalarmult_base(public, secret);
}

bool crypto_dh(uint8_t out[static CRYPTO_KEY], const uint8_t secret[static CRYPTO_KEY],
	       const uint8_t public[static CRYPTO_KEY])
{
	if (crypto_scalarmult(out, secret, public) == 0)
		return true;
	memset(out, 0, CRYPTO_KEY);
	return false;
}

static void write_nonce(uint8_t out[static crypto_aead_chacha20poly1305_ietf_NPUBBYTES],
			uint64_t nonce)
{
	memset(out, 0, 4);
	for (size_t i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(nonce >> (8 * i));
}

void crypto_seal(uint8_t *out, const uint8_t key[static CRYPTO_KEY], uint64_t nonce, const void *ad,
		 size_t ad_len, const void *plain, size_t n)
{
	uint8_t npub[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	write_nonce(npub, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, n, ad, ad_len, NULL, npub, key);
}

bool crypto_open(uint8_t *out, const uint8_t key[static CRYPTO_KEY], uint64_t nonce, const void *ad,
		 size_t ad_len, const void *sealed, size_t n)
{
	uint8_t npub[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	write_nonce(npub, nonce);
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, n, ad, ad_len,
							 npub, key) == 0;
}

int crypto_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void crypto_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}
