/* Randomness that a seed repeats, ranges, and all else against its published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "hex.h"

static void test_same_seed(void **state)
{
	uint8_t one[2000], two[2000];
	struct rng a, b;

	(void)state;
	rng_seed_from_number(&a, 42);
	rng_seed_from_number(&b, 42);
	rng_bytes(&a, one, sizeof(one));
	/* However it is cut into draws, the stream is the same. */
	for (size_t at = 0, n = 1; at < sizeof(two); at += n, n = n % 97 + 1) {
		n = n < sizeof(two) - at ? n : sizeof(two) - at;
		rng_bytes(&b, two + at, n);
	}
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(rng_u32(&a), rng_u32(&b));
}

static void test_other_seed(void **state)
{
	uint8_t one[64], two[64];
	struct rng a, b;

	(void)state;
	rng_seed_from_number(&a, 42);
	rng_seed_from_number(&b, (uint64_t)42 << 56);
	rng_bytes(&a, one, sizeof(one));
	rng_bytes(&b, two, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));

	rng_seed_from_kernel(&a);
	rng_seed_from_kernel(&b);
	rng_bytes(&a, one, sizeof(one));
	rng_bytes(&b, two, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));
}

/* No block of output comes twice, over many changes of the key. */
static void test_no_repetition(void **state)
{
	static uint8_t stream[256][32];
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 7);
	rng_bytes(&r, stream, sizeof(stream));
	for (size_t i = 0; i < 256; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(stream[i], stream[k], 32);
}

/* What has been drawn is not in the state any more. */
static void test_drawn_is_forgotten(void **state)
{
	static const uint8_t zero[64];
	uint8_t out[64];
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 7);
	rng_bytes(&r, out, sizeof(out));
	assert_memory_equal(r.buf + r.used - sizeof(out), zero, sizeof(zero));
}

static void test_below(void **state)
{
	static const uint32_t limits[] = {1, 2, 3, 7, 10, 1000, 0x80000000, 0x80000001, UINT32_MAX};
	unsigned hits[10] = {0};
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 1);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (unsigned n = 0; n < 1000; n++)
			assert_in_range(rng_below(&r, limits[i]), 0, limits[i] - 1);
	for (unsigned n = 0; n < 10000; n++)
		hits[rng_below(&r, 10)]++;
	for (size_t i = 0; i < 10; i++)
		assert_in_range(hits[i], 850, 1150); /* 5 standard deviations; the seed is fixed */

	/* A plain remainder would put half of the draws into the first third. */
	hits[0] = 0;
	for (unsigned n = 0; n < 10000; n++)
		hits[0] += rng_below(&r, 3u << 30) < 1u << 30;
	assert_in_range(hits[0], 3100, 3570);
}

static void test_unit(void **state)
{
	double sum = 0;
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 1);
	for (unsigned n = 0; n < 10000; n++) {
		const double u = rng_unit(&r);

		assert_true(u >= 0 && u < 1);
		sum += u;
	}
	assert_true(sum > 4850 && sum < 5150);
}

/* The vector in appendix A of the SipHash paper; its bytes in the order that they come out. */
static void test_siphash(void **state)
{
	uint8_t key[16], in[15];

	(void)state;
	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	memcpy(in, key, sizeof(in));
	assert_true(crypto_siphash(key, in, sizeof(in)) == 0xe545be4961ca29a1);
	in[14] ^= 1;
	assert_false(crypto_siphash(key, in, sizeof(in)) == 0xe545be4961ca29a1);
}

/* FIPS 180-4's example of one block, in one piece and in two. */
static void test_sha256(void **state)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	uint8_t out[32];

	(void)state;
	crypto_sha256(out, "abc", 3);
	hex_check(out, abc);
	crypto_sha256_joined(out, "a", 1, "bc", 2);
	hex_check(out, abc);
	crypto_sha256_joined(out, "abc", 3, NULL, 0);
	hex_check(out, abc);
}

/* RFC 4231, test cases 2 and 6: a key shorter and one longer than a block. */
static void test_hmac(void **state)
{
	static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], out[32];

	(void)state;
	crypto_hmac_sha256(out, (const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28);
	hex_check(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	crypto_hmac_sha256(out, key, sizeof(key), text, strlen(text));
	hex_check(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869, test case 3: its salt is that many zeros, and there is no info. */
static void test_hkdf(void **state)
{
	const uint8_t salt[32] = {0};
	uint8_t material[22], out[3][32];

	(void)state;
	memset(material, 0x0b, sizeof(material));
	crypto_hkdf(out, 2, salt, material, sizeof(material));
	hex_check(out[0], "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
			  "9d201395faa4b61a96c8");
	memset(out, 0, sizeof(out));
	crypto_hkdf(out, 1, salt, material, sizeof(material));
	hex_check(out[0], "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
			  "00000000000000000000");
}

/* RFC 8032 section 7.1, test 2, and each bit of it wrong. */
static void test_signature(void **state)
{
	uint8_t seed[32], signature[CRYPTO_SIGNATURE], message = 0x72;
	struct identity id;

	(void)state;
	hex_bytes(seed, 32, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
	identity_from_seed(&id, seed);
	hex_check(id.sign_public,
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	identity_sign(signature, &id, &message, 1);
	hex_check(signature, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
			     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	assert_true(identity_verify(signature, id.sign_public, &message, 1));
	assert_false(identity_verify(signature, id.sign_public, &message, 0));
	for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(identity_verify(signature, id.sign_public, &message, 1));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* RFC 7748 section 6.1. */
static void test_dh(void **state)
{
	static const char agreed[] =
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
	uint8_t alice[32], alice_public[32], bob[32], bob_public[32], out[32];

	(void)state;
	hex_bytes(alice, 32, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	hex_bytes(alice_public, 32,
		  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	hex_bytes(bob, 32, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
	hex_bytes(bob_public, 32,
		  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	assert_true(crypto_dh(out, alice, bob_public));
	hex_check(out, agreed);
	assert_true(crypto_dh(out, bob, alice_public));
	hex_check(out, agreed);
}

static void test_dh_pair(void **state)
{
	uint8_t secret[2][32], public[2][32], out[2][32];
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 3);
	for (unsigned i = 0; i < 2; i++)
		crypto_dh_pair(secret[i], public[i], &rng);
	assert_memory_not_equal(secret[0], secret[1], 32);
	assert_true(crypto_dh(out[0], secret[0], public[1]));
	assert_true(crypto_dh(out[1], secret[1], public[0]));
	assert_memory_equal(out[0], out[1], 32);
}

/* Points of small order, which agree with everybody on nothing: 0, 1, of order 8, p - 1, p, p + 1. */
static const char *const small_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_dh_small_order(void **state)
{
	static const uint8_t zero[32];
	uint8_t secret[32], public[32], out[32];
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 4);
	rng_bytes(&rng, secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(small_order) / sizeof(small_order[0]); i++) {
		hex_bytes(public, 32, small_order[i]);
		memset(out, 1, sizeof(out));
		assert_false(crypto_dh(out, secret, public));
		assert_memory_equal(out, zero, sizeof(out));
	}
}

/* The conversion that libsodium's own tests publish, from the secret's side and the public one's. */
static void test_dh_of_identity(void **state)
{
	static const char public[] =
		"f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50";
	uint8_t seed[32], out[32];
	struct identity id;

	(void)state;
	hex_bytes(seed, 32, "421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee");
	identity_from_seed(&id, seed);
	hex_check(id.dh_secret, "8052030376d47112be7f73ed7a019293dd12ad910b654455798b4667d73de166");
	hex_check(id.dh_public, public);
	assert_true(crypto_dh_public_of(out, id.sign_public));
	hex_check(out, public);
	/* Neither the neutral point nor one without a square root is a key. */
	hex_bytes(out, 32, small_order[1]);
	assert_false(crypto_dh_public_of(out, out));
	memset(out, 0xff, sizeof(out));
	assert_false(crypto_dh_public_of(out, out));
}

/* RFC 8439 appendix A.5, whose nonce has Noise's shape. */
static const char aead_text[] =
	"Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
	"replaced, or obsoleted by other documents at any time. It is inappropriate to use "
	"Internet-Drafts as reference material or to cite them other than as /\xe2\x80\x9c"
	"work in progress./\xe2\x80\x9d";

static void test_aead(void **state)
{
	uint8_t key[32], ad[12], buf[sizeof(aead_text) - 1 + CRYPTO_TAG];
	const uint64_t nonce = 0x0807060504030201;
	const size_t n = sizeof(aead_text) - 1;

	(void)state;
	hex_bytes(key, 32, "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
	hex_bytes(ad, 12, "f33388860000000000004e91");
	memcpy(buf, aead_text, n);
	crypto_seal(buf, key, nonce, ad, sizeof(ad), buf, n);
	hex_check(buf, "64a0861575861af460f062c79be643bd");
	hex_check(buf + n, "eead9d67890cbb22392336fea1851f38");
	assert_true(crypto_open(buf, key, nonce, ad, sizeof(ad), buf, sizeof(buf)));
	assert_memory_equal(buf, aead_text, n);
}

static void test_aead_forged(void **state)
{
	uint8_t key[32] = {7}, ad[5] = {1, 2, 3}, sealed[20 + CRYPTO_TAG], out[20];

	(void)state;
	crypto_seal(sealed, key, 9, ad, sizeof(ad), "twenty bytes of text", 20);
	assert_true(crypto_open(out, key, 9, ad, sizeof(ad), sealed, sizeof(sealed)));
	assert_false(crypto_open(out, key, 8, ad, sizeof(ad), sealed, sizeof(sealed)));
	assert_false(crypto_open(out, key, 9, ad, sizeof(ad) - 1, sealed, sizeof(sealed)));
	for (size_t n = 0; n < sizeof(sealed); n++)
		assert_false(crypto_open(out, key, 9, ad, sizeof(ad), sealed, n));
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(crypto_open(out, key, 9, ad, sizeof(ad), sealed, sizeof(sealed)));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_equal_and_wipe(void **state)
{
	uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};

	(void)state;
	assert_true(crypto_equal(a, b, 3));
	assert_false(crypto_equal(a, b, 4));
	crypto_wipe(a, 3);
	assert_memory_equal(a, "\0\0\0\4", 4);
}

static int start(void **state)
{
	(void)state;
	return crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed),      cmocka_unit_test(test_other_seed),
		cmocka_unit_test(test_no_repetition),  cmocka_unit_test(test_drawn_is_forgotten),
		cmocka_unit_test(test_below),          cmocka_unit_test(test_unit),
		cmocka_unit_test(test_siphash),        cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_hmac),           cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_signature),      cmocka_unit_test(test_dh),
		cmocka_unit_test(test_dh_pair),        cmocka_unit_test(test_dh_small_order),
		cmocka_unit_test(test_dh_of_identity), cmocka_unit_test(test_aead),
		cmocka_unit_test(test_aead_forged),    cmocka_unit_test(test_equal_and_wipe),
	};

	return cmocka_run_group_tests_name("crypto", tests, start, NULL);
}
