#include "core/rendezvous/asking.h"

#define FIRST_WAIT (500 * NK_MS) /* RFC 8489 section 6.2.1, while no round trip is known */
#define SHORT_WAIT (50 * NK_MS)
#define OFTEN      10 /* so many sends at least once a second */
#define DOUBLINGS  4
#define AT_ONCE    4

void asking_wait(struct asking *a, nk_time due)
{
	a->tries = a->at_once = 0;
	a->due = due;
}

void asking_again(struct asking *a, nk_time now)
{
	if (a->at_once == AT_ONCE)
		return;
	a->at_once++;
	a->tries = 0;
	a->due = now;
}

static unsigned at_most(unsigned n, unsigned most)
{
	return n < most ? n : most;
}

/* After the send that made it so many @tries. */
static nk_time pause_after(unsigned tries, const struct broker_clock *clock)
{
	const nk_time rtt = broker_clock_known(clock) ? broker_clock_rtt(clock) : 0;
	const nk_time first = rtt > 0 ? rtt + nk_max(rtt / 2, SHORT_WAIT) : FIRST_WAIT;

	if (tries <= OFTEN)
		return nk_max(first, nk_min(first << at_most(tries - 1, DOUBLINGS), NK_S));
	return nk_max(first, NK_S << at_most(tries - OFTEN, DOUBLINGS));
}

const uint8_t *asking_send(struct asking *a, const struct broker_link *link, nk_time now)
{
	const unsigned i = a->next;

	a->next = (i + 1) % ASKING_IDS;
	a->tries++;
	a->due = now + pause_after(a->tries, &link->clock);
	a->ids[i].sent = now;
	a->ids[i].open = true;
	rng_bytes(link->rng, a->ids[i].tid, STUN_TID);
	return a->ids[i].tid;
}

/* What was sent no later than this is over. */
static void settle(struct asking *a, nk_time sent)
{
	for (unsigned i = 0; i < ASKING_IDS; i++) {
		if (a->ids[i].sent <= sent)
			a->ids[i].open = false;
	}
}

bool asking_is_answered(struct asking *a, struct broker_link *link, uint16_t method,
			const struct stun_msg *msg, const struct rendezvous_msg *m, nk_time now)
{
	for (unsigned i = 0; i < ASKING_IDS; i++) {
		const nk_time sent = a->ids[i].sent;

		if (!a->ids[i].open || !stun_answers(msg, method, a->ids[i].tid))
			continue;
		if (m->has_time)
			broker_clock_add(&link->clock, sent, now, m->time_us);
		settle(a, sent);
		return true;
	}
	return false;
}
