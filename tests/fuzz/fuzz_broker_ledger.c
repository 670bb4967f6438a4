/*
 * The ledger: any bytes are read or refused; what a broker then writes it reads again, all of it.
 *
 * With a checksum that is made right half of the time, as no chance finds that.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/err.h"
#include "core/broker/ledger.h"
#include "must.h"

#define UNIX_US (1700000000 * NK_S)
#define NOW     (1000 * NK_S)
#define MAX     64

static struct broker *start(void)
{
	static const uint8_t seed[32] = {1};
	struct broker_config c = broker_default_config();
	struct broker *b;

	c.sessions_max = c.trials_max = 4;
	c.registrations_max = MAX;
	c.registrations_per_ip = 2;
	b = broker_new(&c, seed);
	must(b != NULL);
	return b;
}

static uint64_t add(uint64_t sum, const uint8_t *bytes, size_t len)
{
	static const uint8_t key[16];
	uint8_t in[8 + LEDGER_TAIL];
	struct wr w = wr_make(in, sizeof(in));

	wr_be64(&w, sum);
	wr_bytes(&w, bytes, len);
	return crypto_siphash(key, in, w.len);
}

/* Head, records and endpoints from the input, repeated as often as needed, and a right checksum. */
static uint8_t *made(const uint8_t *data, size_t size, size_t *len)
{
	const size_t records = (size / LEDGER_RECORD + 1) % (2 * MAX);
	uint8_t *bytes, *p;
	struct wr end;
	uint64_t sum;

	*len = LEDGER_HEAD + records * LEDGER_RECORD + LEDGER_TAIL;
	bytes = malloc(*len);
	must(bytes != NULL);
	for (size_t i = 0; i < *len; i++)
		bytes[i] = size > 0 ? data[i % size] : 0;
	memcpy(bytes, "natkit ledger 1\n", 16);
	sum = add(0, bytes, LEDGER_HEAD);
	for (p = bytes + LEDGER_HEAD; p < bytes + *len - LEDGER_TAIL; p += LEDGER_RECORD)
		sum = add(sum, p, LEDGER_RECORD);
	/* One of the endpoints is ours. */
	memcpy(p, (const uint8_t[18]){[10] = 0xff, [11] = 0xff, 192, 0, 2, 1, 0x0d, 0x96}, 18);
	end = wr_make(bytes + *len - 8, 8);
	wr_be64(&end, add(sum, p, LEDGER_TAIL - 8));
	return bytes;
}

static size_t written(const struct broker *b, uint8_t *out, size_t cap, int64_t unix_us)
{
	struct ledger_cursor c = {.next = 0};
	size_t len = 0, n;

	while ((n = ledger_write(b, &c, out + len, cap - len, unix_us, NOW)) > 0)
		len += n;
	must(c.ended && c.written == len);
	return len;
}

static void check(const uint8_t *bytes, size_t len)
{
	static uint8_t again[LEDGER_HEAD + MAX * LEDGER_RECORD + LEDGER_TAIL + LEDGER_SLICE_MIN];
	struct broker *b = start(), *other = start();
	const int taken = ledger_read(b, bytes, len, UNIX_US, NOW);
	struct action a;
	size_t n;

	must(taken == NK_ERR_MALFORMED || (taken >= 0 && taken <= 2 * MAX));
	broker_start(b, NOW);
	while (broker_output(b, &a, NOW))
		continue;
	must(broker_stats(b)->registrations <= MAX);
	n = written(b, again, sizeof(again), UNIX_US);
	must(ledger_read(other, again, n, UNIX_US, NOW) == (int)broker_stats(b)->registrations);
	broker_free(b);
	broker_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;
	size_t len;

	if (crypto_init() != 0)
		return -1;
	check(data, size);
	bytes = made(data, size, &len);
	check(bytes, len);
	free(bytes);
	return 0;
}
