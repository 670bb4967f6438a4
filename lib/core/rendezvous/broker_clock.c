#include "core/rendezvous/broker_clock.h"

/* Clocks drift apart by no more than this (RFC 5905, PHI): 15 microseconds a second. */
#define DRIFT_PER_S 15

/* What a broker says is believed within some 146 000 years, so that sums do not overflow. */
#define FAR (INT64_MAX / 2)

void broker_clock_add(struct broker_clock *c, nk_time sent, nk_time heard, uint64_t broker_us)
{
	if (heard < sent || broker_us > (uint64_t)FAR)
		return;
	c->sample[c->next].rtt = heard - sent;
	c->sample[c->next].offset = (nk_time)broker_us - (sent + (heard - sent) / 2);
	c->sample[c->next].at = heard;
	c->next = (c->next + 1) % BROKER_CLOCK_SAMPLES;
	if (c->count < BROKER_CLOCK_SAMPLES)
		c->count++;
}

bool broker_clock_known(const struct broker_clock *c)
{
	return c->count > 0;
}

/* How far off a sample's offset may be by the time of the latest: half its round trip, and drift. */
static nk_time error_of(const struct broker_clock *c, unsigned i)
{
	const unsigned latest = (c->next + BROKER_CLOCK_SAMPLES - 1) % BROKER_CLOCK_SAMPLES;
	const nk_time age = c->sample[latest].at - c->sample[i].at;

	return c->sample[i].rtt / 2 + age / NK_S * DRIFT_PER_S;
}

static unsigned best(const struct broker_clock *c)
{
	unsigned found = 0;

	for (unsigned i = 1; i < c->count; i++) {
		if (error_of(c, i) < error_of(c, found))
			found = i;
	}
	return found;
}

nk_time broker_clock_rtt(const struct broker_clock *c)
{
	return c->sample[best(c)].rtt;
}

nk_time broker_clock_ours(const struct broker_clock *c, uint64_t broker_us)
{
	const nk_time theirs = broker_us > (uint64_t)FAR ? FAR : (nk_time)broker_us;

	return theirs - c->sample[best(c)].offset;
}

uint64_t broker_clock_theirs(const struct broker_clock *c, nk_time ours)
{
	return (uint64_t)(ours + c->sample[best(c)].offset);
}
