#include "wire/stun.h"

#include <string.h>

#include "base/err.h"
#include "wire/stun_fingerprint.h"

/*
 * Message type, RFC 8489 section 5: the class sits between the bits of the method.
 *
 *	 0 0 M11 M10 M9 M8 M7 C1 M6 M5 M4 C0 M3 M2 M1 M0
 */
static uint16_t type_method(uint16_t type)
{
	return (uint16_t)((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
}

static enum stun_class type_class(uint16_t type)
{
	return (enum stun_class)((type & 0x0010) >> 4 | (type & 0x0100) >> 7);
}

/* One attribute, and where in the message it begins. */
struct attr {
	uint16_t type;
	size_t at;
	struct rd value;
};

/* Takes the next attribute from @r, a reader over the message @bytes. False if it is cut off. */
static bool next_attr(struct attr *a, struct rd *r, const uint8_t *bytes)
{
	uint16_t len;

	a->at = (size_t)(r->p - bytes);
	a->type = rd_be16(r);
	len = rd_be16(r);
	a->value = rd_sub(r, len);
	rd_bytes(r, (4u - len % 4u) % 4u);
	return !r->bad;
}

/* Whether an attribute at this place counts, or stands behind an integrity attribute that does
 * not cover it (RFC 8489 sections 14.5 and 14.6). */
static bool counts(const struct stun_msg *m, const struct attr *a)
{
	if (m->integrity256_at != 0 && a->at > m->integrity256_at)
		return a->type == STUN_FINGERPRINT;
	if (m->integrity_at != 0 && a->at > m->integrity_at)
		return a->type == STUN_FINGERPRINT || a->type == STUN_MESSAGE_INTEGRITY_SHA256;
	return true;
}

/*
 * MAPPED-ADDRESS and its kin, RFC 8489 sections 14.1 and 14.2: 0, family, port, address. @key is
 * XORed over port and address: cookie and transaction id (header bytes 4 to 19), or zeros.
 */
static int read_addr(struct addr *out, struct rd v, const uint8_t key[static 16])
{
	const unsigned family = rd_be16(&v) & 0xff;
	const unsigned port = rd_be16(&v) ^ (unsigned)(key[0] << 8 | key[1]);
	const size_t n = family == 1 ? 4 : 16;
	const uint8_t *ip = rd_bytes(&v, n);

	if (v.bad || rd_left(&v) > 0 || (family != 1 && family != 2))
		return NK_ERR_MALFORMED;

	*out = addr_any(ADDR_V4, (uint16_t)port);
	for (size_t i = 0; i < n; i++)
		out->ip[16 - n + i] = ip[i] ^ key[i];
	return 0;
}

int stun_read_xor_addr(struct addr *out, const struct stun_msg *m, struct rd value)
{
	return read_addr(out, value, m->bytes + 4);
}

/* ERROR-CODE, RFC 8489 section 14.8: 21 bits to be ignored, 3 of class, 8 of number, reason. */
static int read_error(struct stun_msg *m, struct rd v)
{
	const uint32_t word = rd_be32(&v);
	const unsigned hundreds = word >> 8 & 7;
	const unsigned number = word & 0xff;

	if (v.bad || hundreds < 3 || hundreds > 6 || number > 99)
		return NK_ERR_MALFORMED;
	m->error = (uint16_t)(100 * hundreds + number);
	return 0;
}

static int read_change(struct stun_msg *m, struct rd v)
{
	const uint32_t bits = rd_be32(&v);

	if (v.bad || rd_left(&v) > 0)
		return NK_ERR_MALFORMED;
	m->change = bits & (STUN_CHANGE_PORT | STUN_CHANGE_IP);
	m->has_change = true;
	return 0;
}

/* RFC 5780 section 7.5 can be read as a length of 2 plus padding or of 4: both are in use. */
static int read_response_port(struct stun_msg *m, struct rd v)
{
	const size_t len = rd_left(&v);

	if (len != 2 && len != 4)
		return NK_ERR_MALFORMED;
	m->response_port = rd_be16(&v);
	return 0;
}

static int read_integrity(uint16_t *at, const struct attr *a, size_t shortest, size_t longest)
{
	const size_t len = rd_left(&a->value);

	if (len < shortest || len > longest || len % 4 != 0)
		return NK_ERR_MALFORMED;
	*at = (uint16_t)a->at;
	return 0;
}

static int read_fingerprint(struct stun_msg *m, const struct attr *a)
{
	struct rd v = a->value;
	const bool last = a->at + 8 == m->len;

	if (rd_left(&v) != 4 || !last || rd_be32(&v) != stun_fingerprint(m->bytes, a->at))
		return NK_ERR_MALFORMED;
	m->has_fingerprint = true;
	return 0;
}

static void read_unknown(struct stun_msg *m, uint16_t type)
{
	if (type >= STUN_COMPREHENSION_OPTIONAL || m->unknown_count == STUN_UNKNOWN_MAX)
		return;
	for (unsigned i = 0; i < m->unknown_count; i++)
		if (m->unknown[i] == type)
			return;
	m->unknown[m->unknown_count++] = type;
}

/* Whether @type is seen for the first time. All types that are decoded are below 64, with or
 * without the bit of the optional ones; of others a repetition does no harm. */
static bool is_first(uint64_t seen[static 2], uint16_t type)
{
	const uint64_t bit = UINT64_C(1) << type % 64;
	uint64_t *set = &seen[type >= STUN_COMPREHENSION_OPTIONAL];

	if (type % STUN_COMPREHENSION_OPTIONAL >= 64)
		return true;
	if ((*set & bit) != 0)
		return false;
	*set |= bit;
	return true;
}

static int read_attr(struct stun_msg *m, const struct attr *a)
{
	static const uint8_t no_key[16];
	const uint16_t len = (uint16_t)rd_left(&a->value);

	switch (a->type) {
	case STUN_XOR_MAPPED_ADDRESS:
		return read_addr(&m->xor_mapped, a->value, m->bytes + 4);
	case STUN_MAPPED_ADDRESS:
		return read_addr(&m->mapped, a->value, no_key);
	case STUN_RESPONSE_ORIGIN:
		return read_addr(&m->response_origin, a->value, no_key);
	case STUN_OTHER_ADDRESS:
		return read_addr(&m->other_address, a->value, no_key);
	case STUN_ERROR_CODE:
		return read_error(m, a->value);
	case STUN_CHANGE_REQUEST:
		return read_change(m, a->value);
	case STUN_RESPONSE_PORT:
		return read_response_port(m, a->value);
	case STUN_MESSAGE_INTEGRITY:
		return read_integrity(&m->integrity_at, a, 20, 20);
	case STUN_MESSAGE_INTEGRITY_SHA256:
		return read_integrity(&m->integrity256_at, a, 16, 32);
	case STUN_FINGERPRINT:
		return read_fingerprint(m, a);
	case STUN_PADDING:
		m->has_padding = true;
		m->padding = len;
		return 0;
	case STUN_SOFTWARE:
		m->software = a->value.p;
		m->software_len = len;
		return 0;
	case STUN_USERNAME:
		m->username = a->value.p;
		m->username_len = len;
		return 0;
	case STUN_UNKNOWN_ATTRIBUTES:
	case STUN_REALM:
	case STUN_NONCE:
	case STUN_USERHASH:
		return 0;
	default:
		read_unknown(m, a->type);
		return 0;
	}
}

static uint64_t type_bit(uint16_t type)
{
	return UINT64_C(1) << type % 64;
}

int stun_read(struct stun_msg *out, const uint8_t *bytes, size_t len)
{
	struct stun_msg m = {.bytes = bytes, .len = len};
	struct rd r = rd_make(bytes, len);
	const uint16_t type = rd_be16(&r);
	const uint16_t body = rd_be16(&r);
	const uint32_t cookie = rd_be32(&r);
	const uint8_t *tid = rd_bytes(&r, STUN_TID);
	uint64_t seen[2] = {0};

	if (r.bad || type >= 0x4000 || cookie != STUN_COOKIE)
		return NK_ERR_NOT_STUN;
	if (body % 4 != 0 || body != rd_left(&r) || len > UINT16_MAX)
		return NK_ERR_MALFORMED;
	m.method = type_method(type);
	m.cls = type_class(type);
	memcpy(m.tid, tid, STUN_TID);

	while (rd_left(&r) > 0) {
		struct attr a;

		if (!next_attr(&a, &r, bytes))
			return NK_ERR_MALFORMED;
		m.types |= type_bit(a.type);
		if (counts(&m, &a) && is_first(seen, a.type) && read_attr(&m, &a) != 0)
			return NK_ERR_MALFORMED;
	}
	*out = m;
	return 0;
}

struct rd stun_attributes(const struct stun_msg *m)
{
	return rd_make(m->bytes + STUN_HEADER, m->len - STUN_HEADER);
}

bool stun_next(const struct stun_msg *m, struct rd *at, uint16_t *type, struct rd *value)
{
	struct attr a;

	while (rd_left(at) > 0 && next_attr(&a, at, m->bytes)) {
		if (!counts(m, &a))
			continue;
		*type = a.type;
		*value = a.value;
		return true;
	}
	return false;
}

bool stun_find(const struct stun_msg *m, uint16_t type, struct rd *value)
{
	struct rd at = stun_attributes(m);
	uint16_t found;
	struct rd v;

	if ((m->types & type_bit(type)) == 0)
		return false;
	while (stun_next(m, &at, &found, &v)) {
		if (found != type)
			continue;
		*value = v;
		return true;
	}
	return false;
}

bool stun_answers(const struct stun_msg *m, uint16_t method, const uint8_t tid[static STUN_TID])
{
	return (m->cls == STUN_SUCCESS || m->cls == STUN_ERROR) && m->method == method &&
	       memcmp(m->tid, tid, STUN_TID) == 0;
}
