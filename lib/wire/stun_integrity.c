#include <nettle/hmac.h>

#include "base/crypto.h"
#include "wire/stun.h"
#include "wire/stun_length.h"

#define HEAD 4 /* type and length of an attribute */

/*
 * RFC 8489 section 14.5: HMAC over the message up to the attribute, with a header whose length
 * field ends after the attribute. On what has come from the network that field is another one.
 */
static void hmac_sha1(uint8_t mac[static SHA1_DIGEST_SIZE], const uint8_t *bytes, size_t len,
		      const void *key, size_t key_len)
{
	const size_t body = len + HEAD + SHA1_DIGEST_SIZE - STUN_HEADER;
	const uint8_t length[2] = {(uint8_t)(body >> 8), (uint8_t)body};
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key_len, key);
	hmac_sha1_update(&ctx, 2, bytes);
	hmac_sha1_update(&ctx, sizeof(length), length);
	hmac_sha1_update(&ctx, len - 4, bytes + 4);
	hmac_sha1_digest(&ctx, SHA1_DIGEST_SIZE, mac);
	crypto_wipe(&ctx, sizeof(ctx));
}

/* Section 14.6: the same, and the length field depends on how far @mac_len truncates. */
static void hmac_sha256(uint8_t mac[static SHA256_DIGEST_SIZE], size_t mac_len,
			const uint8_t *bytes, size_t len, const void *key, size_t key_len)
{
	const size_t body = len + HEAD + mac_len - STUN_HEADER;
	const uint8_t length[2] = {(uint8_t)(body >> 8), (uint8_t)body};
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key_len, key);
	hmac_sha256_update(&ctx, 2, bytes);
	hmac_sha256_update(&ctx, sizeof(length), length);
	hmac_sha256_update(&ctx, len - 4, bytes + 4);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, mac);
	crypto_wipe(&ctx, sizeof(ctx));
}

bool stun_check_integrity(const struct stun_msg *m, const void *key, size_t key_len)
{
	uint8_t mac[SHA1_DIGEST_SIZE];

	if (m->integrity_at == 0)
		return false;
	hmac_sha1(mac, m->bytes, m->integrity_at, key, key_len);
	return crypto_equal(mac, m->bytes + m->integrity_at + HEAD, sizeof(mac));
}

bool stun_check_integrity256(const struct stun_msg *m, const void *key, size_t key_len)
{
	uint8_t mac[SHA256_DIGEST_SIZE];
	struct rd value;
	size_t len;

	if (m->integrity256_at == 0 || !stun_find(m, STUN_MESSAGE_INTEGRITY_SHA256, &value))
		return false;
	len = rd_left(&value);
	hmac_sha256(mac, len, m->bytes, m->integrity256_at, key, key_len);
	return crypto_equal(mac, value.p, len);
}

void stun_put_integrity(struct wr *w, const void *key, size_t key_len)
{
	uint8_t mac[SHA1_DIGEST_SIZE];

	stun_set_length(w, HEAD + sizeof(mac));
	if (w->bad)
		return;
	hmac_sha1(mac, w->buf, w->len, key, key_len);
	stun_put_bytes(w, STUN_MESSAGE_INTEGRITY, mac, sizeof(mac));
}

void stun_put_integrity256(struct wr *w, const void *key, size_t key_len)
{
	uint8_t mac[SHA256_DIGEST_SIZE];

	stun_set_length(w, HEAD + sizeof(mac));
	if (w->bad)
		return;
	hmac_sha256(mac, sizeof(mac), w->buf, w->len, key, key_len);
	stun_put_bytes(w, STUN_MESSAGE_INTEGRITY_SHA256, mac, sizeof(mac));
}
