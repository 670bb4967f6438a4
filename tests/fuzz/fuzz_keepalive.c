/* Keepalive frames, offers and terms: what is read holds its limits, and writes so that it reads as the same. */
#include <string.h>

#include "must.h"
#include "wire/keepalive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frame(const uint8_t *data, size_t size)
{
	struct keepalive_flow f = {.first = true, .sent = 100, .heard = 200};
	const struct keepalive_flow before = f;
	enum keepalive_kind kind;
	uint64_t acked;

	if (!keepalive_read(&f, data, size, &kind, &acked)) {
		must(f.sent == before.sent && f.heard == before.heard);
		return;
	}
	must(size == KEEPALIVE_LEN && kind <= KEEPALIVE_ANSWER);
	must(f.heard > before.heard && f.heard <= before.heard + 16 && f.sent == before.sent);
	must(acked <= f.sent && acked + 16 > f.sent);
}

static void offer(const uint8_t *data, size_t size)
{
	uint8_t once[KEEPALIVE_OFFER_MAX], twice[KEEPALIVE_OFFER_MAX];
	struct keepalive_offer o, again;
	size_t len;

	if (keepalive_offer_read(&o, data, size) != 0)
		return;
	must(o.count <= KEEPALIVE_WISHES && o.lower_s >= 0);
	len = keepalive_offer_write(once, &o);
	must(len <= size && keepalive_offer_read(&again, once, len) == 0);
	must(keepalive_offer_write(twice, &again) == len && memcmp(once, twice, len) == 0);
}

static void terms(const uint8_t *data, size_t size)
{
	uint8_t bytes[KEEPALIVE_TERMS_LEN];
	struct keepalive_terms t;

	if (keepalive_terms_read(&t, data, size) != 0)
		return;
	must(t.algorithm < KEEPALIVE_ALGORITHMS);
	keepalive_terms_write(bytes, &t);
	must(size == sizeof(bytes) && memcmp(bytes, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	frame(data, size);
	offer(data, size);
	terms(data, size);
	return 0;
}
