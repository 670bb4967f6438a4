#include "core/session/terms.h"

void terms_set(struct terms *t, const struct keepalive_terms *agreed,
	       const struct keepalive_offer *ours)
{
	t->agreed = *agreed;
	t->ours = *ours;
	t->open = t->answer_due = false;
}

void terms_offer(struct terms *t, const struct keepalive_offer *ours, nk_time now)
{
	t->ours = *ours;
	t->open = true;
	t->seq++;
	t->tries = 0;
	t->due = now;
}

static bool agree(struct terms *t, const struct keepalive_terms *on)
{
	const bool is_new =
		on->algorithm != t->agreed.algorithm || on->interval_s != t->agreed.interval_s;

	t->agreed = *on;
	return is_new;
}

/* What we believe is in the answer, so that an offer of ours is not needed besides. */
static bool take_offer(struct terms *t, const struct frame *f)
{
	struct keepalive_offer theirs;
	struct keepalive_terms on;

	if ((t->open && t->caller) || keepalive_offer_read(&theirs, f->data, f->len) != 0)
		return false;
	t->open = false;
	t->answer_due = true;
	t->answer_seq = f->seq;
	on = keepalive_agree(&theirs, &t->ours);
	return agree(t, &on);
}

static bool take_answer(struct terms *t, const struct frame *f)
{
	struct keepalive_terms on;

	if (!t->open || f->seq != t->seq || keepalive_terms_read(&on, f->data, f->len) != 0)
		return false;
	t->open = false;
	on = keepalive_check(&on, &t->ours);
	return agree(t, &on);
}

bool terms_take(struct terms *t, const struct frame *f)
{
	return f->kind == FRAME_OFFER ? take_offer(t, f) : take_answer(t, f);
}

bool terms_next(struct terms *t, struct frame *f, uint8_t bytes[static KEEPALIVE_OFFER_MAX],
		nk_time wait, nk_time now)
{
	*f = (struct frame){.data = bytes};
	if (t->answer_due) {
		t->answer_due = false;
		f->kind = FRAME_TERMS;
		f->seq = t->answer_seq;
		f->len = KEEPALIVE_TERMS_LEN;
		keepalive_terms_write(bytes, &t->agreed);
		return true;
	}
	if (!t->open || now < t->due)
		return false;
	if (t->tries++ == TERMS_TRIES) {
		t->open = false;
		return false;
	}
	t->due = now + wait;
	f->kind = FRAME_OFFER;
	f->seq = t->seq;
	f->len = keepalive_offer_write(bytes, &t->ours);
	return true;
}

nk_time terms_deadline(const struct terms *t)
{
	return t->open ? t->due : NK_NEVER;
}
