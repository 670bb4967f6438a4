/*
 * The registrations as bytes, so that a broker that was killed knows them again.
 *
 * Written a slice at a time while the broker goes on, so what stands there may be some seconds older than
 * the rest; each record is whole by itself. With them goes the secret of the tokens: the bytes are
 * as secret as that.
 *
 * A file, all numbers big-endian:
 *
 *	head	"natkit ledger 1\n"; the secret, 16 bytes
 *	records	key, 32 bytes; IP address, 16; port, 2; number of the endpoint, 1; terms, 3; counters
 *		of our frames and of theirs, 4 each; Unix time when it was heard, 4
 *	tail	256 endpoints: IP address, 16 bytes; port, 2. Then a checksum, 8 bytes
 *
 * A record of zeros says nothing. The checksum is a chain over head, each record, and the
 * endpoints: SipHash-2-4 with a key of zeros over the checksum so far and the bytes.
 */
#ifndef CORE_BROKER_LEDGER_H
#define CORE_BROKER_LEDGER_H

#include "core/broker/broker.h"

#define LEDGER_HEAD      (16 + 16)
#define LEDGER_RECORD    (32 + 16 + 2 + 1 + 3 + 4 + 4 + 4)
#define LEDGER_ENDPOINTS 256
#define LEDGER_TAIL      (LEDGER_ENDPOINTS * 18 + 8)
#define LEDGER_SLICE_MIN 8192
#define LEDGER_SKIP      8 /* counters of ours that may have been used after the record was written */

/* Where a writer is. All zero: at the beginning. */
struct ledger_cursor {
	uint32_t next;
	uint64_t written, checksum;
	bool begun, ended;
};

/**
 * ledger_write() - The next slice
 * @cap:	At least LEDGER_SLICE_MIN
 * @unix_us:	Unix time at nk_time 0
 *
 * Return: bytes written; 0: all is written.
 */
size_t ledger_write(const struct broker *b, struct ledger_cursor *c, uint8_t *out, size_t cap,
		    int64_t unix_us, nk_time now);

/* Whether that is a ledger, be it whole or damaged, and nothing else. Zeros are one: some file systems
 * keep the length alone over a power cut. */
bool ledger_is_one(const uint8_t *bytes, size_t len);

/**
 * ledger_read() - Take over what a broker had, before broker_start()
 *
 * Registrations that would have been forgotten by now are not taken, nor those at endpoints that are not
 * served any more; the others are held as if heard now. Nothing is taken unless the checksum is
 * right.
 *
 * Return: how many, or NK_ERR_MALFORMED.
 */
int ledger_read(struct broker *b, const uint8_t *bytes, size_t len, int64_t unix_us, nk_time now);

#endif
