#include "core/keepalive/learner_spare.h"

#include "core/probe/fan.h"

#define LASTS \
	(3100 * NK_MS) /* traffic both ways: NATs that tell streams from questions do so by then */
#define STEP  (LASTS / 2) /* less than what any NAT gives a question */
#define AGAIN (500 * NK_MS)
#define TRIES 24

static bool is_plain(const struct asker *a)
{
	return a->mode == ASKER_RESPONSE_PORT;
}

static void replied(struct spare *s, const struct asker *a, const struct event *ev, nk_time now)
{
	struct stun_msg m;

	if (!addr_eq(&ev->from, &a->server) || stun_read(&m, ev->data, ev->len) != 0 ||
	    m.cls != STUN_SUCCESS ||
	    !stun_answers(&m, is_plain(a) ? STUN_BINDING : PROBE_TRIAL, s->tid))
		return;
	if (s->begun == 0)
		s->begun = s->sent;
	s->used = now;
	s->mapped = m.xor_mapped;
	if (s->sent - s->begun < LASTS)
		s->due = s->sent + STEP;
	else
		s->phase = SPARE_SILENT;
}

void spare_input(struct spare *s, const struct asker *a, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_OPENED && s->phase == SPARE_OPENING) {
		s->phase = SPARE_SETUP;
		s->due = now;
	} else if (ev->kind == EVENT_OPEN_FAILED || ev->kind == EVENT_SEND_FAILED) {
		s->phase = SPARE_OVER;
	} else if (ev->kind == EVENT_DATAGRAM && s->phase == SPARE_SETUP) {
		replied(s, a, ev, now);
	}
}

bool spare_output(struct spare *s, const struct asker *a, struct action *action, nk_time now)
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	if (s->phase != SPARE_SETUP || s->due > now)
		return false;
	s->sends++;
	s->sent = s->used = now;
	s->due = now + AGAIN;
	rng_bytes(a->exchanges->rng, s->tid, sizeof(s->tid));
	stun_begin(&w, is_plain(a) ? STUN_BINDING : PROBE_TRIAL, STUN_REQUEST, s->tid);
	if (!is_plain(a)) {
		probe_put_token(&w, a->token);
		probe_put_trial(&w, s->number);
		stun_pad_to(&w, fan_trial_len(&a->server));
	}
	action->kind = ACTION_SEND;
	action->id = s->id;
	action->to = a->server;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	action->len = stun_end(&w);
	return true;
}

nk_time spare_deadline(const struct spare *s)
{
	if (s->phase == SPARE_SETUP)
		return s->due;
	if (s->phase == SPARE_SILENT)
		return s->used + nk_from_seconds(s->gap);
	return NK_NEVER;
}

bool spare_unanswered(const struct spare *s, nk_time now)
{
	return s->phase == SPARE_SETUP && s->sends == TRIES && s->due <= now;
}
