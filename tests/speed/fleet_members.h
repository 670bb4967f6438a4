/*
 * The hosts that are registered, 32 bytes each, and when each of them does something next.
 *
 * A wheel of milliseconds, each with a list through the members. A member whose time has been put off stays
 * where it is, and is put off when its place comes.
 */
#ifndef SPEED_FLEET_MEMBERS_H
#define SPEED_FLEET_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "fleet_tun.h"
#include "wire/keepalive.h"

#define FLEET_NONE     UINT32_MAX
#define FLEET_WHEEL_MS (1u << 17) /* nothing is due later than this */

/**
 * struct fleet_member - One registered host
 * @sent, @heard: Counters of frames
 * @next:	In its list
 * @due_ms:	When it does something, @asked_ms: when it did last
 * @hellos:	Sent in vain
 * @waits:	Something is expected
 * @held:	It is registered
 */
struct fleet_member {
	uint64_t token;
	uint32_t sent, heard;
	uint32_t next;
	uint32_t due_ms, asked_ms;
	uint8_t hellos;
	bool waits, held;
};

/**
 * struct fleet_members - All of them, by host
 * @rolled:	The first ones, whose keys nobody has to prove; the key of any other comes from its host
 * @slots:	The wheel; @turned_ms: it has been emptied up to there
 */
struct fleet_members {
	struct fleet_member *all;
	uint32_t count, rolled;
	uint32_t *slots;
	uint32_t turned_ms;
};

/* Ends the program if there is no memory. */
void fleet_members_init(struct fleet_members *m, uint32_t count, uint32_t rolled);

/* Puts a member that is in no list on the wheel, at its due_ms. */
void fleet_members_put(struct fleet_members *m, uint32_t host);

/* Takes one that is due off the wheel; FLEET_NONE: there is none. */
uint32_t fleet_members_due(struct fleet_members *m, uint32_t now_ms);

/* The key of a rolled host: bytes that are no point of the curve, with no secret to them. */
void fleet_key(uint8_t out[static CRYPTO_KEY], uint32_t host);

/* Who a host is that proves its key. */
void fleet_identity(struct identity *out, uint32_t host);

/* Frames of a member. */
void fleet_member_write(struct fleet_member *m, enum keepalive_kind kind,
			uint8_t out[static KEEPALIVE_LEN]);
bool fleet_member_read(struct fleet_member *m, const uint8_t *bytes, size_t len,
		       enum keepalive_kind *kind);

#endif
