#include "core/call/call_keepalive.h"

#include <string.h>

struct keepalive_offer call_keepalive_ours(const struct keepalive_offer *wanted, uint8_t opener_ttl)
{
	struct keepalive_offer ours = *wanted;

	ours.count = 0;
	for (unsigned i = 0; i < wanted->count; i++)
		if (wanted->wish[i].algorithm != KEEPALIVE_OPENER || opener_ttl != 0)
			ours.wish[ours.count++] = wanted->wish[i];
	return ours;
}

struct keepalive_offer call_keepalive_registration(const struct keepalive_offer *wanted)
{
	struct keepalive_offer ours = *wanted;

	ours.count = 0;
	for (unsigned i = 0; i < wanted->count; i++)
		if (wanted->wish[i].algorithm != KEEPALIVE_TURNS)
			ours.wish[ours.count++] = wanted->wish[i];
	if (ours.count == 0)
		ours.wish[ours.count++] = keepalive_default_wish(KEEPALIVE_FIXED);
	return ours;
}

void call_keepalive_offer(struct offer *o, const struct keepalive_offer *ours)
{
	o->keepalives_len = keepalive_offer_write(o->keepalives, ours);
}

struct keepalive_offer call_keepalive_theirs(const struct offer *theirs)
{
	const size_t terms = theirs->verdict == OFFER_CALLS ? 0 : KEEPALIVE_TERMS_LEN;
	struct keepalive_offer o = {.count = 0};

	if (theirs->keepalives_len > terms)
		keepalive_offer_read(&o, theirs->keepalives + terms,
				     theirs->keepalives_len - terms);
	return o;
}

struct keepalive_terms call_keepalive_answer(struct offer *answer, const struct offer *theirs,
					     const struct keepalive_offer *ours)
{
	const struct keepalive_offer o = call_keepalive_theirs(theirs);
	const struct keepalive_terms terms = keepalive_agree(&o, ours);
	uint8_t offer[KEEPALIVE_OFFER_MAX];
	const size_t len = keepalive_offer_write(offer, ours);

	keepalive_terms_write(answer->keepalives, &terms);
	memcpy(answer->keepalives + KEEPALIVE_TERMS_LEN, offer, len);
	answer->keepalives_len = KEEPALIVE_TERMS_LEN + len;
	return terms;
}

struct keepalive_terms call_keepalive_answered(const struct offer *answer,
					       const struct keepalive_offer *ours)
{
	static const struct keepalive_offer nothing;
	struct keepalive_terms terms;

	if (answer->keepalives_len < KEEPALIVE_TERMS_LEN ||
	    keepalive_terms_read(&terms, answer->keepalives, KEEPALIVE_TERMS_LEN) != 0)
		return keepalive_agree(&nothing, ours);
	return keepalive_check(&terms, ours);
}
