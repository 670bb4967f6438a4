#include "core/session/keys.h"

#include <string.h>

/* Noise section 4.2: the first 32 bytes of 32 zeros, sealed with the last nonce there is. */
static void rekey(uint8_t out[static CRYPTO_KEY], const uint8_t key[static CRYPTO_KEY])
{
	uint8_t sealed[CRYPTO_KEY + CRYPTO_TAG] = {0};

	crypto_seal(sealed, key, UINT64_MAX, NULL, 0, sealed, CRYPTO_KEY);
	memcpy(out, sealed, CRYPTO_KEY);
	crypto_wipe(sealed, sizeof(sealed));
}

static void derive_frames(struct keepalive_flow *f, const struct noise_keys *from, bool caller)
{
	static const char label[] = "natkit keepalive 1";
	uint8_t key[1][32];

	crypto_hkdf(key, 1, from->export, label, sizeof(label) - 1);
	*f = (struct keepalive_flow){.first = caller};
	memcpy(f->key, key[0], sizeof(f->key));
	crypto_wipe(key, sizeof(key));
}

void keys_start(struct keys *k, const struct noise_keys *from, bool caller, uint32_t index,
		uint32_t peer_index, nk_time now)
{
	const uint8_t *ours = caller ? from->caller_to_callee : from->callee_to_caller;
	const uint8_t *theirs = caller ? from->callee_to_caller : from->caller_to_callee;

	*k = (struct keys){.index = index, .peer_index = peer_index, .out.since_at = now};
	memcpy(k->out.key, ours, sizeof(k->out.key));
	memcpy(k->in.key, theirs, sizeof(k->in.key));
	rekey(k->in.next, k->in.key);
	derive_frames(&k->frames, from, caller);
}

static bool epoch_is_over(const struct keys *k, nk_time now)
{
	return k->in.heard == k->out.epoch &&
	       (k->out.counter - k->out.since >= KEYS_EPOCH_PACKETS ||
		now - k->out.since_at >= KEYS_EPOCH_TIME);
}

size_t keys_seal(struct keys *k, uint8_t *packet, size_t len, nk_time now)
{
	if (epoch_is_over(k, now)) {
		rekey(k->out.key, k->out.key);
		k->out.epoch = !k->out.epoch;
		k->out.since = k->out.counter;
		k->out.since_at = now;
		k->rekeys++;
	}

	const struct packet_header header = {
		.epoch = k->out.epoch,
		.heard = k->in.epoch,
		.index = k->peer_index,
		.counter = k->out.counter++,
	};

	packet_write_header(packet, &header);
	crypto_seal(packet + PACKET_HEADER, k->out.key, header.counter, packet, PACKET_HEADER,
		    packet + PACKET_HEADER, len);
	return len + PACKET_OVERHEAD;
}

/* The peer has gone on to its next key. */
static void follow(struct keys *k)
{
	memcpy(k->in.last, k->in.key, sizeof(k->in.last));
	k->in.has_last = true;
	memcpy(k->in.key, k->in.next, sizeof(k->in.key));
	rekey(k->in.next, k->in.key);
	k->in.epoch = !k->in.epoch;
}

/* Counters go on from epoch to epoch: what is older than the newest is of the one before. */
static const uint8_t *key_of(const struct keys *k, bool other_epoch, bool newer)
{
	if (!other_epoch)
		return k->in.key;
	if (newer)
		return k->in.next;
	return k->in.has_last ? k->in.last : NULL;
}

bool keys_open(struct keys *k, const struct packet_header *header, const uint8_t *packet,
	       size_t len, uint8_t *frames, bool *newest)
{
	const bool newer = header->counter >= k->in.replay.next;
	const bool other_epoch = header->epoch != k->in.epoch;
	const uint8_t *key = key_of(k, other_epoch, newer);

	if (key == NULL || !replay_is_fresh(&k->in.replay, header->counter) ||
	    !crypto_open(frames, key, header->counter, packet, PACKET_HEADER,
			 packet + PACKET_HEADER, len - PACKET_HEADER))
		return false;
	replay_take(&k->in.replay, header->counter);
	if (newer) {
		k->in.heard = header->heard;
		if (other_epoch)
			follow(k);
	}
	*newest = newer;
	return true;
}

void keys_wipe(struct keys *k)
{
	crypto_wipe(k, sizeof(*k));
}
