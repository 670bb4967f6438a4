/*
 * The keys of one call, in both directions: packets sealed and opened, none taken twice.
 *
 * Each side replaces the key it seals with after 2^16 packets or 120 s (Noise section 11.3,
 * Rekey()) and flips the epoch bit of its packets; not before the other has shown, by the heard
 * bit, that it has followed the last time, so that the two are never more than one step apart.
 * A late packet of the epoch before is still read.
 */
#ifndef CORE_SESSION_KEYS_H
#define CORE_SESSION_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/session/noise.h"
#include "core/session/replay.h"
#include "wire/frame.h"
#include "wire/keepalive.h"

#define KEYS_EPOCH_PACKETS 65536
#define KEYS_EPOCH_TIME    (120 * NK_S)

/**
 * struct keys - What packets of one call are sealed and opened with
 * @index:	In packets to us; @peer_index: in packets to the peer
 * @out:	@counter: of the next packet; @since, @since_at: the first of this epoch, and when it was
 * @frames:	Keepalives, whose key is the same for all epochs
 * @in:		@key of this epoch, @next of the one to come, @last of the one before, if @has_last;
 *		@heard: our epoch as the newest packet from the peer has it
 */
struct keys {
	uint32_t index, peer_index;
	struct {
		uint8_t key[CRYPTO_KEY];
		bool epoch;
		uint64_t counter, since;
		nk_time since_at;
	} out;
	struct {
		uint8_t last[CRYPTO_KEY], key[CRYPTO_KEY], next[CRYPTO_KEY];
		bool has_last, epoch, heard;
		struct replay replay;
	} in;
	struct keepalive_flow frames;
	unsigned rekeys;
};

void keys_start(struct keys *k, const struct noise_keys *from, bool caller, uint32_t index,
		uint32_t peer_index, nk_time now);

/**
 * keys_seal() - Make a packet of frames
 * @packet:	The frames stand at @packet + PACKET_HEADER; room for CRYPTO_TAG bytes behind them
 * @len:	Of the frames
 *
 * Return: length of the packet.
 */
size_t keys_seal(struct keys *k, uint8_t *packet, size_t len, nk_time now);

/**
 * keys_open() - Check a packet, and take the frames out of it
 * @header:	From packet_read_header(), with our index
 * @frames:	Room for @len - PACKET_OVERHEAD bytes; zeroes on failure
 * @newest:	Set to whether its counter exceeds that of all others
 *
 * Return: false if it is forged, or was taken before, or is too old to know.
 */
bool keys_open(struct keys *k, const struct packet_header *header, const uint8_t *packet,
	       size_t len, uint8_t *frames, bool *newest);

void keys_wipe(struct keys *k);

#endif
