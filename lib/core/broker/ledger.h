/*
 * The registrations as bytes, so that a broker that was killed knows them again.
 *
 * Written a slice at a time while the broker goes on, so what stands there may be some seconds older than
 * the rest; each record is whole by itself. With them goes the secret of the tokens: the bytes are
 * as secret as that.
 *
 * A file: LEDGER_HEAD bytes of head, records, LEDGER_TAIL bytes with a checksum over all before.
 */
#ifndef CORE_BROKER_LEDGER_H
#define CORE_BROKER_LEDGER_H

#include "core/broker/broker.h"

/* Where a writer is. All zero: at the beginning. */
struct ledger_cursor {
	uint32_t next;
	uint64_t written;
	uint8_t checksum_state[512]; /* of crypto_hash_*; private */
	bool begun, ended;
};

/**
 * ledger_write() - The next slice
 * @cap:	At least LEDGER_SLICE_MIN
 * @unix_us:	Unix time at nk_time 0
 *
 * Return: bytes written; 0: all is written.
 */
#define LEDGER_SLICE_MIN 512
size_t ledger_write(const struct broker *b, struct ledger_cursor *c, uint8_t *out, size_t cap,
		    int64_t unix_us, nk_time now);

/**
 * ledger_read() - Take over what a broker had, before broker_start()
 *
 * Registrations that would have been forgotten by now are not taken; the others are held as if
 * heard now. Nothing is taken unless the checksum is right.
 *
 * Return: how many, or NK_ERR_MALFORMED.
 */
int ledger_read(struct broker *b, const uint8_t *bytes, size_t len, int64_t unix_us, nk_time now);

#endif
