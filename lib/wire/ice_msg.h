/*
 * Connectivity checks (RFC 8445 section 7): Binding requests and what is special in
 * them; between peers of ours also HEARD, which acknowledges.
 */
#ifndef WIRE_ICE_MSG_H
#define WIRE_ICE_MSG_H

#include "wire/stun.h"

enum ice_attr {
	ICE_PRIORITY = 0x0024,
	ICE_USE_CANDIDATE = 0x0025,
	ICE_CONTROLLED = 0x8029,
	ICE_CONTROLLING = 0x802A,
	ICE_HEARD = 0xEB20, /* ours: transaction id of the last check that came this way */
};

/* What fragments and passwords are made of: 64 characters (RFC 8839 section 5.1). */
#define ICE_CHARS         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

#define ICE_ROLE_CONFLICT 487
#define ICE_USERNAME_MAX  513 /* two fragments of 256 and a colon */

/**
 * struct ice_check - What a check says beyond who sends it
 * @controlling: Role of the sender, by @tie_breaker
 * @heard:	STUN_TID bytes, borrowed; NULL if there is none
 */
struct ice_check {
	uint32_t priority;
	bool use_candidate;
	bool controlling;
	uint64_t tie_breaker;
	const uint8_t *heard;
};

/* Return: 0 or NK_ERR_MALFORMED: it lacks priority or role, or what it has must be understood and
 * is not. Does not look at who sends it. */
int ice_check_read(struct ice_check *out, const struct stun_msg *m);

/**
 * ice_check_write() - A whole check
 * @out:	@cap bytes
 * @username:	"theirs:ours"
 * @password:	The receiver's
 *
 * Return: its length, 0 if it does not fit.
 */
size_t ice_check_write(uint8_t *out, size_t cap, const struct ice_check *c,
		       const uint8_t tid[static STUN_TID], const char *username,
		       const char *password);

/* The answer to a check from @from, signed with the @password of who answers; @error 0: success. */
size_t ice_answer_write(uint8_t *out, size_t cap, const uint8_t tid[static STUN_TID],
			const struct addr *from, uint16_t error, const char *password);

/* What keeps a pair alive when there is nothing else to send (RFC 8445 section 11). */
size_t ice_keepalive_write(uint8_t *out, size_t cap, const uint8_t tid[static STUN_TID]);

#endif
