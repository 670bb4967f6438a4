#include "core/session/outgoing.h"

#include <string.h>

static struct outgoing_message *at(struct outgoing *out, unsigned i)
{
	return &out->message[(uint16_t)(out->first + i) % OUTGOING_MAX];
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

void outgoing_init(struct outgoing *out)
{
	*out = (struct outgoing){.window = 1, .threshold = OUTGOING_MAX, .due = NK_NEVER};
}

bool outgoing_has_room(const struct outgoing *out)
{
	return out->count < OUTGOING_MAX && out->count - out->held < out->window;
}

static struct outgoing_message *add(struct outgoing *out)
{
	struct outgoing_message *m;

	if (out->count == OUTGOING_MAX)
		return NULL;
	m = at(out, out->count++);
	m->state = OUTGOING_READY;
	m->is_close = false;
	m->tries = 0;
	m->len = 0;
	return m;
}

bool outgoing_put(struct outgoing *out, const void *bytes, size_t len)
{
	struct outgoing_message *m = add(out);

	if (m == NULL)
		return false;
	m->len = len;
	if (len > 0)
		memcpy(m->bytes, bytes, len);
	return true;
}

bool outgoing_put_close(struct outgoing *out)
{
	struct outgoing_message *m = add(out);

	if (m != NULL)
		m->is_close = true;
	return m != NULL;
}

struct outgoing_message *outgoing_next(struct outgoing *out, struct frame *f)
{
	if (out->flying >= out->window)
		return NULL;
	for (unsigned i = 0; i < out->count; i++) {
		struct outgoing_message *m = at(out, i);

		if (m->state != OUTGOING_READY)
			continue;
		*f = (struct frame){
			.kind = m->is_close ? FRAME_CLOSE : FRAME_MESSAGE,
			.seq = (uint16_t)(out->first + i),
			.data = m->bytes,
			.len = m->len,
		};
		return m;
	}
	return NULL;
}

void outgoing_sent(struct outgoing *out, struct outgoing_message *m, nk_time now)
{
	m->state = OUTGOING_FLYING;
	m->tries++;
	m->order = ++out->sends;
	m->sent = now;
	out->flying++;
	if (out->due == NK_NEVER)
		out->due = now + rtt_timeout(&out->rtt, out->repeats);
}

static void grow(struct outgoing *out)
{
	if (out->window < out->threshold) {
		out->window++;
	} else if (++out->grown >= out->window) {
		out->grown = 0;
		out->window++;
	}
	out->window = smaller(out->window, OUTGOING_MAX);
}

static void shrink(struct outgoing *out, unsigned threshold, unsigned window)
{
	out->threshold = threshold > 2 ? threshold : 2;
	out->window = window > 0 ? window : out->threshold;
	out->grown = 0;
	out->recovery = out->sends + 1;
}

/* The peer has it. Return: whether it says something of times: one that was sent twice does not. */
static bool arrived(struct outgoing *out, struct outgoing_message *m, bool used, nk_time now)
{
	if (m->tries == 1) {
		rtt_sample(&out->rtt, now - m->sent);
		if (m->order > out->arrived)
			out->arrived = m->order;
	}
	if (used && m->order >= out->recovery && out->rtt.smooth > 0)
		grow(out);
	out->flying -= m->state == OUTGOING_FLYING;
	m->state = OUTGOING_HELD;
	out->held++;
	return m->tries == 1;
}

static void find_lost(struct outgoing *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		struct outgoing_message *m = at(out, i);

		if (m->state != OUTGOING_FLYING || m->order + OUTGOING_REORDER > out->arrived)
			continue;
		m->state = OUTGOING_READY;
		out->flying--;
		if (m->order >= out->recovery)
			shrink(out, out->window / 2, 0);
	}
}

bool outgoing_acked(struct outgoing *out, const struct frame *ack, nk_time now)
{
	const unsigned taken = (uint16_t)(ack->seq - out->first);
	/* A window that is not used says nothing of what the path carries (RFC 7661). */
	const bool used = 2 * out->flying >= out->window;
	bool news = taken > 0, timed = taken > 0 && at(out, 0)->state == OUTGOING_HELD;

	if (taken > out->count)
		return false;
	for (unsigned i = 0; i < out->count; i++) {
		struct outgoing_message *m = at(out, i);
		const bool has =
			i < taken || (i - taken < FRAME_ACK_BITS && ack->bits >> (i - taken) & 1);

		if (!has || m->state == OUTGOING_HELD)
			continue;
		timed |= arrived(out, m, used, now);
		news = true;
	}
	if (!news)
		return false;
	out->first = (uint16_t)(out->first + taken);
	out->count -= taken;
	out->held -= taken;
	if (timed) /* else the longer wait stays until a round trip is measured (RFC 6298 section 5) */
		out->repeats = 0;
	out->due = out->count > 0 ? now + rtt_timeout(&out->rtt, out->repeats) : NK_NEVER;
	find_lost(out);
	return true;
}

void outgoing_learn(struct outgoing *out, nk_time took, nk_time now)
{
	rtt_sample(&out->rtt, took);
	if (out->due != NK_NEVER)
		out->due = nk_min(out->due, now + rtt_timeout(&out->rtt, out->repeats));
}

static void resend_all(struct outgoing *out)
{
	for (unsigned i = 0; i < out->count; i++)
		if (at(out, i)->state == OUTGOING_FLYING)
			at(out, i)->state = OUTGOING_READY;
	out->flying = 0;
}

bool outgoing_expire(struct outgoing *out, nk_time now)
{
	const bool all_held = out->held == out->count;

	out->repeats++;
	if (all_held) {
		out->due = now + rtt_timeout(&out->rtt, out->repeats);
		return true;
	}
	shrink(out, out->flying / 2, 1);
	resend_all(out);
	out->due = NK_NEVER;
	return false;
}

void outgoing_restart(struct outgoing *out, nk_time now)
{
	resend_all(out);
	out->rtt = (struct rtt){0};
	out->window = 1;
	out->threshold = OUTGOING_MAX;
	out->grown = 0;
	out->repeats = 0;
	out->due = out->count > 0 ? now + rtt_timeout(&out->rtt, 0) : NK_NEVER;
}
