#include <string.h>

#include "wire/stun.h"
#include "wire/stun_fingerprint.h"
#include "wire/stun_length.h"

#define FINGERPRINT_LEN 8

void stun_set_length(struct wr *w, size_t more)
{
	const size_t body = w->len + more - STUN_HEADER;

	if (w->len < STUN_HEADER || body > UINT16_MAX)
		w->bad = true;
	wr_patch_be16(w, 2, (uint16_t)body);
}

void stun_begin(struct wr *w, uint16_t method, enum stun_class cls,
		const uint8_t tid[static STUN_TID])
{
	const unsigned type = (method & 0x000fu) | (method & 0x0070u) << 1 |
			      (method & 0x0f80u) << 2 | ((unsigned)cls & 1) << 4 |
			      ((unsigned)cls & 2) << 7;

	if (w->len != 0)
		w->bad = true;
	wr_be16(w, (uint16_t)type);
	wr_be16(w, 0);
	wr_be32(w, STUN_COOKIE);
	wr_bytes(w, tid, STUN_TID);
}

static void put_head(struct wr *w, uint16_t type, size_t len)
{
	if (len > UINT16_MAX)
		w->bad = true;
	wr_be16(w, type);
	wr_be16(w, (uint16_t)len);
}

void stun_put_bytes(struct wr *w, uint16_t type, const void *value, size_t len)
{
	put_head(w, type, len);
	wr_bytes(w, value, len);
	wr_zeros(w, (4 - len % 4) % 4);
}

void stun_put_u32(struct wr *w, uint16_t type, uint32_t value)
{
	put_head(w, type, 4);
	wr_be32(w, value);
}

static void xor_four(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	x ^= y;
	memcpy(out, &x, sizeof(x));
}

/* RFC 8489 sections 14.1 and 14.2; @key as when reading. */
static void put_addr(struct wr *w, uint16_t type, const struct addr *a,
		     const uint8_t key[static 16])
{
	const bool v4 = addr_family(a) == ADDR_V4;
	const size_t n = v4 ? 4 : 16;
	uint8_t *value;

	put_head(w, type, 4 + n);
	value = wr_room(w, 4 + n);
	if (value == NULL)
		return;
	bytes_put_be16(value, v4 ? 1 : 2);
	bytes_put_be16(value + 2, a->port ^ bytes_be16(key));
	for (size_t i = 0; i < n; i += 4)
		xor_four(value + 4 + i, a->ip + 16 - n + i, key + i);
}

void stun_put_addr(struct wr *w, uint16_t type, const struct addr *a)
{
	static const uint8_t no_key[16];

	put_addr(w, type, a, no_key);
}

void stun_put_xor_addr(struct wr *w, uint16_t type, const struct addr *a)
{
	if (w->bad)
		return;
	put_addr(w, type, a, w->buf + 4);
}

void stun_put_error(struct wr *w, uint16_t code, const char *reason)
{
	const size_t len = strlen(reason);

	put_head(w, STUN_ERROR_CODE, 4 + len);
	wr_be16(w, 0);
	wr_u8(w, (uint8_t)(code / 100));
	wr_u8(w, (uint8_t)(code % 100));
	wr_bytes(w, reason, len);
	wr_zeros(w, (4 - len % 4) % 4);
}

void stun_put_change(struct wr *w, uint8_t change)
{
	stun_put_u32(w, STUN_CHANGE_REQUEST, change);
}

void stun_put_response_port(struct wr *w, uint16_t port)
{
	const uint8_t value[2] = {(uint8_t)(port >> 8), (uint8_t)port};

	/* Servers in use accept a length of 2, some of them nothing else. */
	stun_put_bytes(w, STUN_RESPONSE_PORT, value, sizeof(value));
}

void stun_put_unknown(struct wr *w, const uint16_t *types, unsigned count)
{
	put_head(w, STUN_UNKNOWN_ATTRIBUTES, 2 * (size_t)count);
	for (unsigned i = 0; i < count; i++)
		wr_be16(w, types[i]);
	wr_zeros(w, count % 2 * 2);
}

void stun_put_padding(struct wr *w, uint16_t len)
{
	put_head(w, STUN_PADDING, len);
	wr_zeros(w, len + (4u - len % 4u) % 4u);
}

void stun_pad_to(struct wr *w, size_t total)
{
	if (total % 4 != 0 || total < w->len + 4 || total - w->len - 4 > UINT16_MAX)
		return;
	stun_put_padding(w, (uint16_t)(total - w->len - 4));
}

void stun_put_fingerprint(struct wr *w)
{
	stun_set_length(w, FINGERPRINT_LEN);
	if (!w->bad)
		stun_put_u32(w, STUN_FINGERPRINT, stun_fingerprint(w->buf, w->len));
}

size_t stun_end(struct wr *w)
{
	stun_set_length(w, 0);
	return w->bad ? 0 : w->len;
}
