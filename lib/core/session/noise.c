#include "core/session/noise.h"

#include <string.h>

#include "base/err.h"

/* A hash's length exactly, so that it is the first hash itself (section 5.2). */
static const char protocol[33] = "Noise_IK_25519_ChaChaPoly_SHA256";

/* The SymmetricState of section 5.2. */

static void mix_hash(struct noise *n, const void *bytes, size_t len)
{
	crypto_sha256_joined(n->h, n->h, sizeof(n->h), bytes, len);
}

static bool mix_dh(struct noise *n, const uint8_t secret[static 32],
		   const uint8_t public[static 32])
{
	uint8_t shared[32], out[2][32];
	const bool usable = crypto_dh(shared, secret, public);

	crypto_hkdf(out, 2, n->ck, shared, sizeof(shared));
	memcpy(n->ck, out[0], sizeof(n->ck));
	memcpy(n->k, out[1], sizeof(n->k));
	n->n = 0;
	crypto_wipe(shared, sizeof(shared));
	crypto_wipe(out, sizeof(out));
	return usable;
}

static void seal_and_hash(struct noise *n, uint8_t *out, const void *plain, size_t len)
{
	crypto_seal(out, n->k, n->n++, n->h, sizeof(n->h), plain, len);
	mix_hash(n, out, len + CRYPTO_TAG);
}

static bool open_and_hash(struct noise *n, uint8_t *out, const uint8_t *sealed, size_t len)
{
	if (!crypto_open(out, n->k, n->n++, n->h, sizeof(n->h), sealed, len))
		return false;
	mix_hash(n, sealed, len);
	return true;
}

/* The HandshakeState of section 5.3. */

static void begin(struct noise *n, const struct identity *us, const uint8_t callee_dh[static 32],
		  const void *prologue, size_t prologue_len)
{
	*n = (struct noise){0};
	memcpy(n->h, protocol, sizeof(n->h));
	memcpy(n->ck, n->h, sizeof(n->ck));
	memcpy(n->s_secret, us->dh_secret, sizeof(n->s_secret));
	memcpy(n->s_public, us->dh_public, sizeof(n->s_public));
	mix_hash(n, prologue, prologue_len);
	mix_hash(n, callee_dh, 32);
}

static void write_ephemeral(struct noise *n, struct rng *rng, uint8_t *out)
{
	crypto_dh_pair(n->e_secret, n->e_public, rng);
	memcpy(out, n->e_public, 32);
	mix_hash(n, n->e_public, 32);
}

static void read_ephemeral(struct noise *n, const uint8_t *message)
{
	memcpy(n->re, message, 32);
	mix_hash(n, n->re, 32);
}

/* Section 5.2, Split(). Noise leaves further keys to its users: ours depends on all that was said. */
static void split(const struct noise *n, struct noise_keys *keys)
{
	uint8_t out[2][32];

	crypto_hkdf(out, 2, n->ck, NULL, 0);
	memcpy(keys->caller_to_callee, out[0], sizeof(out[0]));
	memcpy(keys->callee_to_caller, out[1], sizeof(out[1]));
	crypto_hkdf(out, 1, n->ck, n->h, sizeof(n->h));
	memcpy(keys->export, out[0], sizeof(out[0]));
	crypto_wipe(out, sizeof(out));
}

size_t noise_write_offer(struct noise *n, const struct identity *us,
			 const uint8_t their_dh[static 32], struct rng *rng, const void *prologue,
			 size_t prologue_len, const void *payload, size_t len, uint8_t *out)
{
	begin(n, us, their_dh, prologue, prologue_len);
	memcpy(n->rs, their_dh, sizeof(n->rs));
	write_ephemeral(n, rng, out);
	if (!mix_dh(n, n->e_secret, n->rs)) {
		crypto_wipe(n, sizeof(*n));
		return 0;
	}
	seal_and_hash(n, out + 32, n->s_public, 32);
	mix_dh(n, n->s_secret, n->rs);
	seal_and_hash(n, out + 32 + 48, payload, len);
	return len + NOISE_OFFER_OVERHEAD;
}

static bool open_offer(struct noise *n, const uint8_t *message, size_t len, uint8_t *payload)
{
	read_ephemeral(n, message);
	return mix_dh(n, n->s_secret, n->re) && open_and_hash(n, n->rs, message + 32, 48) &&
	       mix_dh(n, n->s_secret, n->rs) &&
	       open_and_hash(n, payload, message + 32 + 48, len - 32 - 48);
}

int noise_read_offer(struct noise *n, const struct identity *us, const void *prologue,
		     size_t prologue_len, const uint8_t *message, size_t len,
		     uint8_t their_dh[static 32], uint8_t *payload, size_t *payload_len)
{
	if (len < NOISE_OFFER_OVERHEAD)
		return NK_ERR_MALFORMED;
	begin(n, us, us->dh_public, prologue, prologue_len);
	if (!open_offer(n, message, len, payload)) {
		crypto_wipe(n, sizeof(*n));
		return NK_ERR_MALFORMED;
	}
	memcpy(their_dh, n->rs, sizeof(n->rs));
	*payload_len = len - NOISE_OFFER_OVERHEAD;
	return 0;
}

size_t noise_write_answer(struct noise *n, struct rng *rng, const void *payload, size_t len,
			  uint8_t *out, struct noise_keys *keys)
{
	write_ephemeral(n, rng, out);
	mix_dh(n, n->e_secret, n->re);
	mix_dh(n, n->e_secret, n->rs);
	seal_and_hash(n, out + 32, payload, len);
	split(n, keys);
	crypto_wipe(n, sizeof(*n));
	return len + NOISE_ANSWER_OVERHEAD;
}

int noise_read_answer(struct noise *n, const uint8_t *message, size_t len, uint8_t *payload,
		      size_t *payload_len, struct noise_keys *keys)
{
	struct noise trial = *n;
	int err = NK_ERR_MALFORMED;

	if (len < NOISE_ANSWER_OVERHEAD)
		return err;
	read_ephemeral(&trial, message);
	if (mix_dh(&trial, trial.e_secret, trial.re) && mix_dh(&trial, trial.s_secret, trial.re) &&
	    open_and_hash(&trial, payload, message + 32, len - 32)) {
		*payload_len = len - NOISE_ANSWER_OVERHEAD;
		split(&trial, keys);
		crypto_wipe(n, sizeof(*n));
		err = 0;
	}
	crypto_wipe(&trial, sizeof(trial));
	return err;
}
