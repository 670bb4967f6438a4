/* The offer and the answer to it, sealed as the two messages of a handshake (core/session/noise.h). */
#include <string.h>

#include "core/call/attempt_state.h"
#include "core/call/call_fire.h"
#include "core/call/call_offer.h"

/* A caller who misses the answer opens its NAT too late for our first check, and some NATs (Linux
 * with an open INPUT chain) never get over that. */
#define ANSWER_COPIES 2

/* What the gateway has given by now; it is not waited for. */
static void note_door(struct attempt *a)
{
	const struct doors *doors = a->config.doors;
	const uint32_t socket = a->config.first_id;
	const struct portmap_mapping *found = doors == NULL ? NULL : doors_of(doors, socket);
	struct addr external;

	if (found == NULL)
		return;
	external = doors_external(doors, socket, &a->gathered.candidates);
	a->mapping = (struct call_mapping){
		.asked = true, .offered = external.port != 0, .found = *found};
	candidates_add_mapped(&a->gathered.candidates, &external);
}

static void describe(struct attempt *a)
{
	const struct call_options *o = a->config.options;
	struct session_keepalive *k = &a->keepalive;

	note_door(a);
	k->opener_ttl = o->opener_ttl != 0 ? o->opener_ttl : a->gathered.hint.opener_ttl;
	k->ours = call_keepalive_ours(a->config.keepalive, k->opener_ttl);
	a->ours.index = rng_u32(a->rng);
	a->ours.rtt_us = (uint32_t)nk_min(attempt_broker_rtt(a), UINT32_MAX);
	call_offer_describe(&a->ours, o, &a->gathered);
}

/* Return: the sealed offer's length, or 0. */
static size_t seal_offer(struct attempt *a, uint8_t out[static RENDEZVOUS_BODY_MAX])
{
	uint8_t prologue[CALL_PROLOGUE], payload[OFFER_MAX], callee_dh[32];
	const size_t len = offer_write(payload, &a->ours);

	if (len == 0 || !crypto_dh_public_of(callee_dh, a->config.callee))
		return 0;
	call_prologue(prologue, a->config.callee);
	return noise_write_offer(&a->noise, a->config.identity, callee_dh, a->rng, prologue,
				 sizeof(prologue), payload, len, out);
}

void attempt_ring(struct attempt *a, nk_time now)
{
	uint8_t sealed[RENDEZVOUS_BODY_MAX];
	size_t len;

	describe(a);
	rng_bytes(a->rng, a->ours.call_id, sizeof(a->ours.call_id));
	memcpy(a->ours.resumes, a->config.resumes, sizeof(a->ours.resumes));
	call_keepalive_offer(&a->ours, &a->keepalive.ours);
	memcpy(a->ours.key, a->config.identity->sign_public, sizeof(a->ours.key));
	a->ours.timestamp_us = a->config.options->unix_us + (uint64_t)now;
	len = seal_offer(a, sealed);
	a->times.met = now;
	a->state = ATTEMPT_RINGING;
	if (len == 0 || ring_offer(a->ring, sealed, len, now) != 0)
		attempt_give_up(a, CALL_FAILED);
}

static void accepted(struct attempt *a, nk_time now)
{
	a->keepalive.terms = call_keepalive_answered(&a->theirs, &a->keepalive.ours);
	attempt_start_punch(a, a->theirs.fire_us, now);
}

static void take_answer(struct attempt *a, const uint8_t *payload, size_t len, nk_time now)
{
	ring_settled(a->ring);
	a->times.answered = now;
	if (offer_read(&a->theirs, payload, len) != 0 ||
	    memcmp(a->theirs.call_id, a->ours.call_id, OFFER_CALL_ID) != 0)
		attempt_give_up(a, CALL_REFUSED);
	else if (a->theirs.verdict != OFFER_ACCEPTS)
		attempt_give_up(a, a->theirs.verdict == OFFER_IS_BUSY ? CALL_BUSY : CALL_REFUSED);
	else
		accepted(a, now);
}

/* Whoever is on the way may send us anything: only what the callee has sealed counts. */
void attempt_read_answers(struct attempt *a, nk_time now)
{
	uint8_t payload[RENDEZVOUS_BODY_MAX];
	size_t len;

	while (a->state == ATTEMPT_RINGING && ring_next_answer(a->ring, &a->rung))
		if (noise_read_answer(&a->noise, a->rung.offer, a->rung.len, payload, &len,
				      &a->keys) == 0)
			take_answer(a, payload, len, now);
}

void attempt_answer(struct attempt *a, nk_time now)
{
	const struct broker_clock *clock = registration_clock(a->config.registration);
	uint8_t payload[OFFER_MAX];
	bool opener;
	size_t len;

	describe(a);
	opener = attempt_opener(a, true) != 0 || attempt_opener(a, false) != 0;
	a->ours.verdict = OFFER_ACCEPTS;
	memcpy(a->ours.call_id, a->theirs.call_id, sizeof(a->ours.call_id));
	a->ours.fire_us =
		broker_clock_theirs(clock, now) +
		(uint64_t)call_fire_wait(a->ours.rtt_us, a->theirs.rtt_us, opener, a->config.vain);
	a->keepalive.terms = call_keepalive_answer(&a->ours, &a->theirs, &a->keepalive.ours);
	len = offer_write(payload, &a->ours);
	if (len == 0) {
		attempt_give_up(a, CALL_FAILED);
		return;
	}
	a->answer_len = noise_write_answer(&a->noise, a->rng, payload, len, a->answer, &a->keys);
	a->answer_due = true;
	a->times.answered = now;
	attempt_start_punch(a, a->ours.fire_us, now);
}

void attempt_rung_again(struct attempt *a, const struct rung *rung)
{
	a->rung = *rung;
	a->answer_due = a->answer_len > 0;
}

void attempt_send_answer(struct attempt *a, nk_time now)
{
	if (!a->answer_due)
		return;
	a->answer_due = false;
	for (unsigned i = 0; i < ANSWER_COPIES; i++)
		registration_answer(a->config.registration, &a->rung, a->answer, a->answer_len,
				    a->config.options->relay, now);
}
