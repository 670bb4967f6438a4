/* The handshake: published vectors, both ways, and then each byte of them wrong or missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/session/noise.h"
#include "hex.h"

#define MESSAGE_MAX 512

/*
 * Noise_IK_25519_ChaChaPoly_SHA256 from the two collections that other implementations check
 * themselves with: cacophony's (vectors/cacophony.txt) and snow's (tests/vectors/snow.txt). The
 * messages after the second are the first ones of the transport, the caller's first.
 */
struct vector {
	const char *prologue, *init_static, *init_ephemeral, *resp_public, *resp_static,
		*resp_ephemeral;
	struct {
		const char *payload, *message;
	} said[4];
};

static const struct vector vectors[] = {
	{
		.prologue = "4a6f686e2047616c74",
		.init_static = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
		.init_ephemeral =
			"893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
		.resp_public = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62",
		.resp_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
		.resp_ephemeral =
			"bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
		.said =
			{
				{"4c756477696720766f6e204d69736573",
				 "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
				 "718da798efbcd91528520204f904b9bd6c7413dccdc214d951e15253e39987f1"
				 "8146e8cd0873654207148333479d4d16c289f0294b29960a72f48e0b7bba2e89"
				 "083169825e59642148d492020664ccf7"},
				{"4d757272617920526f746862617264",
				 "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
				 "5361e70b2ed446e6c9ec387d1d6b3b840f194e373979d241b203c4acafccf5"},
				{"462e20412e20486179656b",
				 "050e9f3c8fac16b68dbce8f8c4bfbf6617c897f9ada4aa29aa19c8"},
				{"4361726c204d656e676572",
				 "344233a6cabb7141d80f3da2fedc311d9646bbb0f505afe403a667"},
			},
	},
	{
		.prologue =
			"5468657265206973206e6f20726967687420616e642077726f6e672e2054686572652773"
			"206f6e6c792066756e20616e6420626f72696e672e",
		.init_static = "f49f93c5112c0787acc808d61716d7e090e076a58f15a3f78d92773f8dcb473b",
		.init_ephemeral =
			"dae68498c41315cff7e4a34dded8d973199d8f0cf3fcb8b6651c169de77de8be",
		.resp_public = "2ea5942829bac414e25aa4cbb1bcc43394816ebb1bd12550d7d0eb4415e42951",
		.resp_static = "b790546f98b1e933c48cd01f17e7b281469d46fcacc9a3b584ae65b1d6272e8e",
		.resp_ephemeral =
			"c0875a5b59c8492bd2135e5432d7d484f938e0a1f5009428c4bcb70b2f69f69f",
		.said =
			{
				{"95a8f51c435a9530ff1f30868ed7b23ec952eb513c26a0774fed82d2978a8c81",
				 "6d21fec9141f3f37cc464e936a48b2d9521b5a44e0f3d960895d3c3fba30282f"
				 "731f445c25e898e2534ac0536715b24308c108fc46bd260c887b36c3f68e3a05"
				 "654fc8295c068ed53fb2022560961224e0b10b0835e1efc82fc587cd50f7178f"
				 "e3d9eb06e0351c6e7334162c10bed670bfa2a105f7b2768a140b3fd59778260"
				 "1"},
				{"b866b807a6d8b83182b884dbfedc861843c5082bd6e480cb54e4245a72083041",
				 "e64e1fb8701c4f4bc3850b255fea657d4d835338b059c89acc99628fbe52473b"
				 "41a4e79e3c1e6abc46bf80f078a005e15d8a3e04f989af3e6cb99b5203116500"
				 "6163ac3e17b928af8c116009d7bf4fb2"},
				{"e3a4937faef391028f759758b428b57652e0069a8dee64dfed01b60846938740",
				 "2bebe19102169cdfe79cf41e38930bfd20a5b2fc78ccf33e853ddd939c098317"
				 "4656eb27b61464a607762848892ca1c0"},
				{"693972f27b0cb98aeac1fb54d782125431e7540e0cb2fa882cf51a8184d724fd",
				 "c7c56da33b45d12f4754e17978bd49999c9c8f51d00db460f902aba2e6e245d0"
				 "c46662f507915de8596f43b1d175f1db"},
			},
	},
};

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

/* Both sides of a vector, and what they said. */
struct talk {
	struct identity caller, callee;
	struct rng caller_rng, callee_rng;
	uint8_t prologue[64];
	size_t prologue_len;
	struct noise caller_noise, callee_noise;
	uint8_t offer[MESSAGE_MAX], answer[MESSAGE_MAX];
	size_t offer_len, answer_len;
	struct noise_keys caller_keys, callee_keys;
};

/* An identity that has no seed: the vectors give its X25519 secret. */
static void set_secret(struct identity *id, const char *secret)
{
	uint8_t base[32] = {9};

	hex_bytes(id->dh_secret, sizeof(id->dh_secret), secret);
	crypto_dh(id->dh_public, id->dh_secret, base);
}

/* The next 32 bytes drawn will be these. */
static void set_next(struct rng *rng, const char *bytes)
{
	rng->used = sizeof(rng->buf) - 32;
	hex_bytes(rng->buf + rng->used, 32, bytes);
}

static void begin(struct talk *t, const struct vector *v)
{
	*t = (struct talk){0};
	set_secret(&t->caller, v->init_static);
	set_secret(&t->callee, v->resp_static);
	set_next(&t->caller_rng, v->init_ephemeral);
	set_next(&t->callee_rng, v->resp_ephemeral);
	t->prologue_len = hex_bytes(t->prologue, sizeof(t->prologue), v->prologue);
	hex_check(t->callee.dh_public, v->resp_public);
}

static void offer(struct talk *t, const struct vector *v)
{
	uint8_t payload[64];
	const size_t n = hex_bytes(payload, sizeof(payload), v->said[0].payload);

	t->offer_len =
		noise_write_offer(&t->caller_noise, &t->caller, t->callee.dh_public, &t->caller_rng,
				  t->prologue, t->prologue_len, payload, n, t->offer);
	assert_int_equal(t->offer_len, n + NOISE_OFFER_OVERHEAD);
}

static int hear_offer(struct talk *t, const uint8_t *bytes, size_t len, uint8_t *payload,
		      size_t *payload_len)
{
	uint8_t their_dh[32];
	const int err = noise_read_offer(&t->callee_noise, &t->callee, t->prologue, t->prologue_len,
					 bytes, len, their_dh, payload, payload_len);

	if (err == 0)
		assert_memory_equal(their_dh, t->caller.dh_public, 32);
	return err;
}

static void answer(struct talk *t, const struct vector *v)
{
	uint8_t payload[64];
	const size_t n = hex_bytes(payload, sizeof(payload), v->said[1].payload);

	t->answer_len = noise_write_answer(&t->callee_noise, &t->callee_rng, payload, n, t->answer,
					   &t->callee_keys);
	assert_int_equal(t->answer_len, n + NOISE_ANSWER_OVERHEAD);
}

static void hear(struct talk *t)
{
	uint8_t payload[MESSAGE_MAX];
	size_t n;

	assert_int_equal(hear_offer(t, t->offer, t->offer_len, payload, &n), 0);
}

static void check_transport(const uint8_t key[32], const char *payload, const char *message)
{
	uint8_t out[64];
	const size_t n = hex_bytes(out, sizeof(out), payload);

	crypto_seal(out, key, 0, NULL, 0, out, n);
	hex_check(out, message);
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		uint8_t payload[MESSAGE_MAX];
		struct talk t;
		size_t n;

		begin(&t, v);
		offer(&t, v);
		hex_check(t.offer, v->said[0].message);
		assert_int_equal(hear_offer(&t, t.offer, t.offer_len, payload, &n), 0);
		assert_int_equal(2 * n, strlen(v->said[0].payload));
		hex_check(payload, v->said[0].payload);

		answer(&t, v);
		hex_check(t.answer, v->said[1].message);
		assert_int_equal(noise_read_answer(&t.caller_noise, t.answer, t.answer_len, payload,
						   &n, &t.caller_keys),
				 0);
		assert_int_equal(2 * n, strlen(v->said[1].payload));
		hex_check(payload, v->said[1].payload);

		check_transport(t.caller_keys.caller_to_callee, v->said[2].payload,
				v->said[2].message);
		check_transport(t.caller_keys.callee_to_caller, v->said[3].payload,
				v->said[3].message);
		assert_memory_equal(&t.caller_keys, &t.callee_keys, sizeof(t.caller_keys));
	}
}

/* The key for secrets besides is neither of the session's, and differs by what was said. */
static void test_export_key(void **state)
{
	struct talk t[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(&t[i], &vectors[0]);
		t[i].prologue[0] ^= (uint8_t)i;
		offer(&t[i], &vectors[0]);
		hear(&t[i]);
		answer(&t[i], &vectors[0]);
	}
	assert_memory_not_equal(t[0].callee_keys.export, t[0].callee_keys.caller_to_callee, 32);
	assert_memory_not_equal(t[0].callee_keys.export, t[0].callee_keys.callee_to_caller, 32);
	assert_memory_not_equal(t[0].callee_keys.export, t[1].callee_keys.export, 32);
}

static void test_offer_forged(void **state)
{
	uint8_t payload[MESSAGE_MAX];
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	offer(&t, &vectors[0]);
	/* Even the top bit of the ephemeral, which X25519 does not look at: the hash does. */
	for (size_t bit = 0; bit < 8 * t.offer_len; bit++) {
		t.offer[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(hear_offer(&t, t.offer, t.offer_len, payload, &n),
				 NK_ERR_MALFORMED);
		t.offer[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	hear(&t);
}

static void test_truncated(void **state)
{
	uint8_t payload[MESSAGE_MAX];
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	offer(&t, &vectors[0]);
	for (size_t len = 0; len < t.offer_len; len++) {
		uint8_t *exact = malloc(len);

		memcpy(exact, t.offer, len);
		assert_int_equal(hear_offer(&t, exact, len, payload, &n), NK_ERR_MALFORMED);
		free(exact);
	}
	hear(&t);
	answer(&t, &vectors[0]);
	for (size_t len = 0; len < t.answer_len; len++) {
		uint8_t *exact = malloc(len);

		memcpy(exact, t.answer, len);
		assert_int_equal(
			noise_read_answer(&t.caller_noise, exact, len, payload, &n, &t.caller_keys),
			NK_ERR_MALFORMED);
		free(exact);
	}
}

/* Forged answers leave the handshake as it was: the right one is still believed. */
static void test_answer_forged(void **state)
{
	uint8_t payload[MESSAGE_MAX];
	struct noise before;
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	offer(&t, &vectors[0]);
	hear(&t);
	answer(&t, &vectors[0]);
	before = t.caller_noise;
	for (size_t bit = 0; bit < 8 * t.answer_len; bit++) {
		t.answer[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(noise_read_answer(&t.caller_noise, t.answer, t.answer_len, payload,
						   &n, &t.caller_keys),
				 NK_ERR_MALFORMED);
		t.answer[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_memory_equal(&t.caller_noise, &before, sizeof(before));
	assert_int_equal(noise_read_answer(&t.caller_noise, t.answer, t.answer_len, payload, &n,
					   &t.caller_keys),
			 0);
}

static void test_meant_for_others(void **state)
{
	uint8_t payload[MESSAGE_MAX];
	struct identity other;
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	offer(&t, &vectors[0]);
	other = t.callee;
	set_secret(&t.callee, vectors[1].resp_static);
	assert_int_equal(hear_offer(&t, t.offer, t.offer_len, payload, &n), NK_ERR_MALFORMED);
	t.callee = other;
	t.prologue_len--;
	assert_int_equal(hear_offer(&t, t.offer, t.offer_len, payload, &n), NK_ERR_MALFORMED);
	t.prologue_len++;
	hear(&t);
}

/* An own offer that comes back is nothing: the caller is not the callee. */
static void test_reflected(void **state)
{
	uint8_t payload[MESSAGE_MAX];
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	offer(&t, &vectors[0]);
	assert_int_equal(noise_read_answer(&t.caller_noise, t.offer, t.offer_len, payload, &n,
					   &t.caller_keys),
			 NK_ERR_MALFORMED);
	t.callee = t.caller;
	assert_int_equal(hear_offer(&t, t.offer, t.offer_len, payload, &n), NK_ERR_MALFORMED);
}

static void test_small_order(void **state)
{
	static const uint8_t zero[32];
	uint8_t message[MESSAGE_MAX] = {0}, payload[MESSAGE_MAX];
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	assert_int_equal(noise_write_offer(&t.caller_noise, &t.caller, zero, &t.caller_rng, NULL, 0,
					   NULL, 0, message),
			 0);
	memset(message, 0, sizeof(message));
	assert_int_equal(hear_offer(&t, message, NOISE_OFFER_OVERHEAD, payload, &n),
			 NK_ERR_MALFORMED);
}

static void test_wiped(void **state)
{
	static const struct noise nothing;
	uint8_t payload[MESSAGE_MAX];
	struct talk t;
	size_t n;

	(void)state;
	begin(&t, &vectors[0]);
	offer(&t, &vectors[0]);
	hear(&t);
	answer(&t, &vectors[0]);
	assert_memory_equal(&t.callee_noise, &nothing, sizeof(nothing));
	assert_int_equal(noise_read_answer(&t.caller_noise, t.answer, t.answer_len, payload, &n,
					   &t.caller_keys),
			 0);
	assert_memory_equal(&t.caller_noise, &nothing, sizeof(nothing));
}

static int start(void **state)
{
	(void)state;
	return crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),       cmocka_unit_test(test_export_key),
		cmocka_unit_test(test_offer_forged),  cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_answer_forged), cmocka_unit_test(test_meant_for_others),
		cmocka_unit_test(test_reflected),     cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests_name("noise", tests, start, NULL);
}
