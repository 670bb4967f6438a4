/*
 * STUN (RFC 8489) and NAT behaviour discovery (RFC 5780), bytes <-> structs.
 *
 * Pure: no clock, socket, heap or log. The reader believes nothing: it does not
 * match transaction ids (who sent the request does) and it checks
 * MESSAGE-INTEGRITY only when stun_check_integrity() is asked to.
 */
#ifndef WIRE_STUN_H
#define WIRE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

#define STUN_COOKIE      0x2112A442u
#define STUN_HEADER      20
#define STUN_TID         12
#define STUN_PORT        3478
#define STUN_UNKNOWN_MAX 8

enum stun_class { STUN_REQUEST = 0, STUN_INDICATION = 1, STUN_SUCCESS = 2, STUN_ERROR = 3 };

enum stun_method { STUN_BINDING = 0x001 };

enum stun_attr {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_CHANGE_REQUEST = 0x0003,
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000A,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_MESSAGE_INTEGRITY_SHA256 = 0x001C,
	STUN_USERHASH = 0x001E,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PADDING = 0x0026,
	STUN_RESPONSE_PORT = 0x0027,
	STUN_COMPREHENSION_OPTIONAL = 0x8000,
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_RESPONSE_ORIGIN = 0x802B,
	STUN_OTHER_ADDRESS = 0x802C,
};

enum stun_change { STUN_CHANGE_PORT = 0x02, STUN_CHANGE_IP = 0x04 };

/**
 * struct stun_msg - What this toolkit uses of one STUN message
 * @method:	12 bits (RFC 8489 section 5)
 * @cls:	Request, indication, success or error response
 * @tid:	Transaction id
 * @xor_mapped:	XOR-MAPPED-ADDRESS; like the addresses below all zero if absent
 * @error:	ERROR-CODE as a number such as 420, 0 if absent
 * @change:	CHANGE-REQUEST, bits of enum stun_change
 * @has_change:	CHANGE-REQUEST was there, even with no bit set
 * @response_port: RESPONSE-PORT, 0 if absent
 * @padding:	Length of the PADDING value in bytes; @has_padding says whether there was one
 * @software:	SOFTWARE, @software_len bytes of UTF-8 that nobody has checked, borrowed
 * @username:	USERNAME, @username_len bytes, borrowed; NULL if absent
 * @unknown:	The first comprehension-required attributes that this reader does not know
 * @unknown_count: Entries in @unknown
 * @has_fingerprint: FINGERPRINT was there, last, and right; one that is wrong makes the message malformed
 * @integrity_at: Offset of the MESSAGE-INTEGRITY attribute, 0 if absent
 * @integrity256_at: Offset of MESSAGE-INTEGRITY-SHA256, 0 if absent
 * @types:	Bit i: there is an attribute whose type ends in i (of 64), for stun_find() to be quick
 *		about those that are absent
 * @bytes:	The whole message, borrowed, @len bytes; valid as long as the datagram is
 *
 * The first of several attributes of one type counts (RFC 8489 section 14); after
 * MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT count, after
 * MESSAGE-INTEGRITY-SHA256 only FINGERPRINT.
 */
struct stun_msg {
	uint16_t method;
	enum stun_class cls;
	uint8_t tid[STUN_TID];
	struct addr xor_mapped;
	struct addr mapped;
	struct addr response_origin;
	struct addr other_address;
	uint16_t error;
	uint8_t change;
	bool has_change;
	uint16_t response_port;
	bool has_padding;
	uint16_t padding;
	const uint8_t *software;
	uint16_t software_len;
	const uint8_t *username;
	uint16_t username_len;
	uint16_t unknown[STUN_UNKNOWN_MAX];
	unsigned unknown_count;
	bool has_fingerprint;
	uint16_t integrity_at;
	uint16_t integrity256_at;
	uint64_t types;
	const uint8_t *bytes;
	size_t len;
};

/**
 * stun_read() - Decode one datagram as a STUN message
 * @out:	Written on success only
 * @bytes:	@len bytes of UDP payload, borrowed, any alignment
 *
 * Return: 0; NK_ERR_NOT_STUN if this is some other protocol's datagram, to be
 * passed on; NK_ERR_MALFORMED if it is STUN and broken, to be dropped.
 * Source: RFC 8489 sections 5, 6.3 and 14; RFC 5780 section 7.
 */
int stun_read(struct stun_msg *out, const uint8_t *bytes, size_t len);

/* A reader over the attributes of a decoded message, for stun_next(). */
struct rd stun_attributes(const struct stun_msg *m);

/**
 * stun_next() - The next attribute of a decoded message
 * @m:		From stun_read(); its bytes must still be there
 * @at:		From stun_attributes(), moved on
 * @type, @value: Set on success only
 *
 * Attributes after MESSAGE-INTEGRITY are left out, as in stun_read().
 */
bool stun_next(const struct stun_msg *m, struct rd *at, uint16_t *type, struct rd *value);

/**
 * stun_find() - The first attribute of a type in a decoded message
 * @m:		From stun_read(); its bytes must still be there
 * @type:	Attribute type
 * @value:	Set to a reader over the value, on success only
 *
 * Attributes after MESSAGE-INTEGRITY are not found, as in stun_read().
 */
bool stun_find(const struct stun_msg *m, uint16_t type, struct rd *value);

/* The value of an attribute that is written as XOR-MAPPED-ADDRESS is. Return: 0 or
 * NK_ERR_MALFORMED; @out is written on success only. */
int stun_read_xor_addr(struct addr *out, const struct stun_msg *m, struct rd value);

/* True if @m is a response (success or error) of @method to the request with id @tid. */
bool stun_answers(const struct stun_msg *m, uint16_t method, const uint8_t tid[static STUN_TID]);

/**
 * stun_check_integrity() - Whether MESSAGE-INTEGRITY (HMAC-SHA1) fits the key
 * @key:	@key_len bytes: the password (short-term), or MD5 or SHA-256 of
 *		"user:realm:password" (long-term), RFC 8489 section 9
 *
 * Return: true if the attribute is there and right. stun_check_integrity256()
 * is the same for MESSAGE-INTEGRITY-SHA256, truncated or not (section 14.6).
 */
bool stun_check_integrity(const struct stun_msg *m, const void *key, size_t key_len);
bool stun_check_integrity256(const struct stun_msg *m, const void *key, size_t key_len);

/*
 * Writing: stun_begin(), any of the stun_put_ calls, stun_end(). A message that
 * does not fit sets the writer's `bad`, and stun_end() returns 0. The writer must
 * be empty before stun_begin().
 */
void stun_begin(struct wr *w, uint16_t method, enum stun_class cls,
		const uint8_t tid[static STUN_TID]);
void stun_put_bytes(struct wr *w, uint16_t type, const void *value, size_t len);
void stun_put_u32(struct wr *w, uint16_t type, uint32_t value);
void stun_put_addr(struct wr *w, uint16_t type, const struct addr *a);
void stun_put_xor_addr(struct wr *w, uint16_t type, const struct addr *a);
void stun_put_error(struct wr *w, uint16_t code, const char *reason);
void stun_put_change(struct wr *w, uint8_t change);
void stun_put_response_port(struct wr *w, uint16_t port);
void stun_put_unknown(struct wr *w, const uint16_t *types, unsigned count);

/* PADDING with a value of @len zero bytes. */
void stun_put_padding(struct wr *w, uint16_t len);

/* PADDING so that the message will be @total bytes long (a multiple of 4); nothing if it
 * cannot be reached: a PADDING attribute takes 4 bytes at least. */
void stun_pad_to(struct wr *w, size_t total);

void stun_put_integrity(struct wr *w, const void *key, size_t key_len);
void stun_put_integrity256(struct wr *w, const void *key, size_t key_len);
void stun_put_fingerprint(struct wr *w);

/* Return: length of the finished message, 0 if it did not fit. */
size_t stun_end(struct wr *w);

#endif
