/* Offers: what is read holds its limits, and writes so that it reads as the same. */
#include <string.h>

#include "must.h"
#include "wire/offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t once[OFFER_MAX], twice[OFFER_MAX];
	struct offer o, again;
	size_t len;

	if (offer_read(&o, data, size) != 0)
		return 0;
	must(o.candidate_count <= OFFER_CANDIDATES && o.keepalives_len <= OFFER_KEEPALIVES);
	for (unsigned i = 0; i < o.candidate_count; i++)
		must(o.candidates[i].addr.port != 0 && !addr_is_any(&o.candidates[i].addr));
	len = offer_write(once, &o);
	must(len > 0 && len <= sizeof(once));
	must(offer_read(&again, once, len) == 0);
	must(offer_write(twice, &again) == len && memcmp(once, twice, len) == 0);
	return 0;
}
