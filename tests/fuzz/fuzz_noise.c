/*
 * Offers and answers as they come from anybody. The input itself opens as neither; what it says,
 * sealed by one side, is what the other reads, unless one bit of it is another.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/session/noise.h"
#include "must.h"

#define PAYLOAD_MAX 2048

static const char prologue[] = "natkit call 1";

struct side {
	struct identity id;
	struct rng rng;
	struct noise noise;
	struct noise_keys keys;
};

static void set_up(struct side *s, uint8_t number)
{
	const uint8_t seed[CRYPTO_KEY] = {number};

	identity_from_seed(&s->id, seed);
	rng_seed_from_number(&s->rng, number);
}

static size_t write_offer(struct side *caller, const struct side *callee, const uint8_t *payload,
			  size_t n, uint8_t *out)
{
	return noise_write_offer(&caller->noise, &caller->id, callee->id.dh_public, &caller->rng,
				 prologue, sizeof(prologue), payload, n, out);
}

/* From an exact copy, so that a read past its end is seen. */
static bool read_offer(struct side *callee, const uint8_t *bytes, size_t len, uint8_t *payload,
		       size_t *payload_len)
{
	uint8_t their_dh[CRYPTO_KEY], *exact = malloc(len);
	int err;

	memcpy(exact, bytes, len);
	err = noise_read_offer(&callee->noise, &callee->id, prologue, sizeof(prologue), exact, len,
			       their_dh, payload, payload_len);
	free(exact);
	must(err == 0 || err == NK_ERR_MALFORMED);
	return err == 0;
}

static bool read_answer(struct side *caller, const uint8_t *bytes, size_t len, uint8_t *payload,
			size_t *payload_len)
{
	return noise_read_answer(&caller->noise, bytes, len, payload, payload_len, &caller->keys) ==
	       0;
}

static void flip(uint8_t *message, size_t len, const uint8_t *data, size_t size)
{
	const size_t bit = size < 2 ? 0 : (size_t)(data[0] << 8 | data[1]) % (8 * len);

	message[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t message[PAYLOAD_MAX + NOISE_OFFER_OVERHEAD], payload[PAYLOAD_MAX];
	struct side caller, callee;
	size_t len, n;

	if (size > PAYLOAD_MAX || crypto_init() != 0)
		return -1;
	set_up(&caller, 1);
	set_up(&callee, 2);
	must(!read_offer(&callee, data, size, payload, &n));

	len = write_offer(&caller, &callee, data, size, message);
	must(len == size + NOISE_OFFER_OVERHEAD);
	must(!read_answer(&caller, data, size, payload, &n));
	flip(message, len, data, size);
	must(!read_offer(&callee, message, len, payload, &n));
	flip(message, len, data, size);
	must(read_offer(&callee, message, len, payload, &n));
	must(n == size && memcmp(payload, data, n) == 0);

	len = noise_write_answer(&callee.noise, &callee.rng, data, size, message, &callee.keys);
	must(len == size + NOISE_ANSWER_OVERHEAD);
	flip(message, len, data, size);
	must(!read_answer(&caller, message, len, payload, &n));
	flip(message, len, data, size);
	must(read_answer(&caller, message, len, payload, &n));
	must(n == size && memcmp(payload, data, n) == 0);
	must(memcmp(&caller.keys, &callee.keys, sizeof(caller.keys)) == 0);
	return 0;
}
