#include "core/call/call_offer.h"

#include <string.h>

#include "base/bytes.h"

#define SECRET_BYTES ((PUNCH_UFRAG + PUNCH_PASSWORD) * 6 / 8)

static_assert(SECRET_BYTES <= CRYPTO_KEY, "one output of HKDF holds fragment and password");

void call_prologue(uint8_t out[static CALL_PROLOGUE], const uint8_t callee[static 32])
{
	struct wr w = wr_make(out, CALL_PROLOGUE);

	wr_bytes(&w, CALL_PROLOGUE_TEXT, sizeof(CALL_PROLOGUE_TEXT) - 1);
	wr_bytes(&w, callee, CRYPTO_KEY);
}

void call_offer_describe(struct offer *o, const struct call_options *options,
			 const struct gather_result *gathered)
{
	const struct nat_hint *hint = &gathered->hint;

	o->flags = (options->hard ? OFFER_HARD : 0u) | (options->relay ? OFFER_RELAY : 0u) |
		   (options->encrypt ? 0u : OFFER_PLAIN);
	o->tactics = options->tactics;
	for (unsigned i = 0; i < gathered->candidates.count; i++) {
		o->candidates[i].kind = (uint8_t)gathered->candidates.list[i].kind;
		o->candidates[i].addr = gathered->candidates.list[i].addr;
	}
	o->candidate_count = gathered->candidates.count;
	o->nat.mapping = (uint8_t)hint->mapping;
	o->nat.ports = (uint8_t)hint->ports;
	o->nat.step = hint->step;
	o->nat.last_port = hint->last_port;
	o->nat.per_minute = hint->per_minute;
	o->nat.opener_ttl = options->opener ? hint->opener_ttl : 0;
	o->nat.broker_hops = hint->broker_hops;
}

void call_offer_candidates(struct candidates *out, const struct offer *o)
{
	*out = (struct candidates){.count = o->candidate_count};
	for (unsigned i = 0; i < o->candidate_count; i++) {
		out->list[i].kind = (enum candidate_kind)o->candidates[i].kind;
		out->list[i].addr = o->candidates[i].addr;
	}
}

void call_offer_hint(struct nat_hint *out, const struct offer *o)
{
	*out = (struct nat_hint){
		.mapping = (enum hint_mapping)o->nat.mapping,
		.ports = (enum hint_ports)o->nat.ports,
		.step = o->nat.step,
		.last_port = o->nat.last_port,
		.per_minute = o->nat.per_minute,
		.opener_ttl = o->nat.opener_ttl,
		.broker_hops = o->nat.broker_hops,
	};
}

struct addr call_offer_reflexive(const struct offer *o)
{
	for (unsigned i = 0; i < o->candidate_count; i++)
		if (o->candidates[i].kind == CANDIDATE_SERVER_REFLEXIVE)
			return o->candidates[i].addr;
	return (struct addr){0};
}

/* Six bits make one of ICE_CHARS. */
static void ice_chars(char *out, const uint8_t *bytes, size_t chars)
{
	for (size_t i = 0; i < chars; i++) {
		const size_t bit = i * 6;
		const unsigned pair =
			(unsigned)bytes[bit / 8] << 8 | (bit % 8 > 2 ? bytes[bit / 8 + 1] : 0u);

		out[i] = ICE_CHARS[pair >> (10 - bit % 8) & 63];
	}
	out[chars] = '\0';
}

static void secret_of(struct ice_secret *s, const uint8_t key[static 32])
{
	ice_chars(s->ufrag, key, PUNCH_UFRAG);
	ice_chars(s->password, key + PUNCH_UFRAG * 6 / 8, PUNCH_PASSWORD);
}

void call_secrets(struct ice_secret *caller, struct ice_secret *callee,
		  const uint8_t export[static 32])
{
	static const char label[] = "natkit ice 1";
	uint8_t keys[2][32];

	crypto_hkdf(keys, 2, export, label, sizeof(label) - 1);
	secret_of(caller, keys[0]);
	secret_of(callee, keys[1]);
	crypto_wipe(keys, sizeof(keys));
}

size_t call_refusal(uint8_t out[static RENDEZVOUS_BODY_MAX], struct noise *handshake,
		    const struct offer *offer, enum offer_verdict verdict, struct rng *rng)
{
	struct offer no = {.verdict = verdict};
	uint8_t payload[OFFER_MAX];
	struct noise_keys unused;
	size_t len;

	memcpy(no.call_id, offer->call_id, sizeof(no.call_id));
	len = noise_write_answer(handshake, rng, payload, offer_write(payload, &no), out, &unused);
	crypto_wipe(&unused, sizeof(unused));
	return len;
}
