/* What goes to the peer, and when. */
#include "core/session/session_state.h"

#define OPENER 0xC0 /* it begins as our packets do */

static size_t room(const struct way *to)
{
	return (to->socket == SESSION_VIA_RELAY ? SESSION_RELAY_MAX : CORE_DATAGRAM_MAX) -
	       PACKET_OVERHEAD;
}

static void begin(struct action *action, const struct way *to)
{
	action->kind = ACTION_SEND;
	action->id = to->socket;
	action->local = (struct addr){.port = 0};
	action->to = to->peer;
	action->ttl = 0;
}

static bool seal(struct session *s, struct action *action, size_t len, nk_time now)
{
	struct keys *k = session_sealing(s);
	const unsigned before = k->rekeys;

	action->len = keys_seal(k, action->data, len, now);
	s->stats.rekeys += k->rekeys - before;
	s->stats.packets_out++;
	s->stats.bytes_out += action->len;
	return true;
}

static bool seal_alone(struct session *s, struct action *action, const struct way *to,
		       const struct frame *f, nk_time now)
{
	struct wr w = wr_make(action->data + PACKET_HEADER, FRAME_OFFER_MAX);

	begin(action, to);
	frame_write(&w, f);
	if (way_eq(to, &s->path.way))
		session_left(s, false, now);
	return seal(s, action, w.len, now);
}

/* A ping or a pong alone: what tests a way shall not be lost with a message. */
static bool seal_token(struct session *s, struct action *action, const struct way *to,
		       enum frame_kind kind, uint64_t token, nk_time now)
{
	const struct frame f = {.kind = kind, .token = token};

	session_count_keepalive(s, &s->stats.keepalives_out, PING_PACKET);
	return seal_alone(s, action, to, &f, now);
}

static bool put_pong(struct session *s, struct action *action, nk_time now)
{
	if (!s->pong_due)
		return false;
	s->pong_due = false;
	return path_may_send(&s->path, &s->pong_to, PING_PACKET) &&
	       seal_token(s, action, &s->pong_to, FRAME_PONG, s->pong_token, now);
}

static bool put_challenge(struct session *s, struct action *action, nk_time now)
{
	return path_challenge(&s->path, PING_PACKET, rtt_timeout(&s->out.rtt, s->path.tries),
			      now) &&
	       seal_token(s, action, &s->path.trial, FRAME_PING, s->path.token, now);
}

static bool put_ping(struct session *s, struct action *action, nk_time now)
{
	s->extra = false;
	return seal_token(s, action, &s->path.way, FRAME_PING, pings_send(&s->pings, now), now);
}

static bool put_short(struct session *s, struct action *action, size_t len)
{
	begin(action, &s->path.way);
	action->len = len;
	s->stats.packets_out++;
	s->stats.bytes_out += len;
	session_count_keepalive(s, &s->stats.keepalives_out, len);
	return true;
}

/* What goes by the relay moves the ticket there, so it is sealed. */
static bool put_frame(struct session *s, struct action *action, enum keepalive_kind kind,
		      nk_time now)
{
	if (s->path.way.socket == SESSION_VIA_RELAY)
		return put_ping(s, action, now);
	keepalive_write(&s->keys.frames, kind, action->data);
	return put_short(s, action, KEEPALIVE_LEN);
}

/* One byte that the peer does not get to see. */
static bool put_opener(struct session *s, struct action *action)
{
	put_short(s, action, 1);
	action->data[0] = OPENER;
	action->ttl = s->opener_ttl;
	return true;
}

static bool put_answer(struct session *s, struct action *action, nk_time now)
{
	if (!s->answer_due)
		return false;
	s->answer_due = false;
	session_left(s, false, now);
	return put_frame(s, action, KEEPALIVE_ANSWER, now);
}

static bool put_keepalive(struct session *s, struct action *action, nk_time now)
{
	switch (session_keepalive_need(s, now)) {
	case KEEPALIVE_SEND_TURN:
		return put_frame(s, action, KEEPALIVE_TURN, now);
	case KEEPALIVE_SEND_ASK:
		return put_frame(s, action, KEEPALIVE_ASK, now);
	case KEEPALIVE_SEND_OPENER:
		return put_opener(s, action);
	case KEEPALIVE_SEND_HELLO:
		return put_ping(s, action, now);
	case KEEPALIVE_REST:
		break;
	}
	return s->extra && put_ping(s, action, now);
}

static bool put_terms(struct session *s, struct action *action, nk_time now)
{
	const nk_time wait = rtt_timeout(&s->out.rtt, s->terms.tries);
	uint8_t bytes[KEEPALIVE_OFFER_MAX];
	struct frame f;

	return !keepalive_lost(&s->keepalive) && terms_next(&s->terms, &f, bytes, wait, now) &&
	       seal_alone(s, action, &s->path.way, &f, now);
}

static void put_ack(struct session *s, struct wr *w)
{
	struct frame f;

	if (!s->in.ack_due)
		return;
	s->in.ack_due = false;
	f = incoming_ack(&s->in);
	frame_write(w, &f);
}

/* After other frames only as far as every path takes it; else the packet is its own. */
static bool fits(const struct wr *w, size_t len)
{
	return len <= w->cap && (w->len == 0 || w->len + len <= PACKET_FITS - PACKET_OVERHEAD);
}

static void drop_datagram(struct session *s)
{
	s->datagram_first = (s->datagram_first + 1) % SESSION_DATAGRAMS;
	s->datagram_count--;
}

/* Return: whether a datagram is in the packet now, or must wait for the next one. It has no answer
 * of its own; where nothing comes at all, one is asked for. */
static bool put_datagram(struct session *s, struct wr *w, nk_time now)
{
	struct session_datagram *d = &s->datagram[s->datagram_first];
	struct frame f;

	while (s->datagram_count > 0 && FRAME_DATAGRAM_HEAD + d->len > w->cap) {
		drop_datagram(s); /* too long for the relay */
		d = &s->datagram[s->datagram_first];
	}
	if (s->datagram_count == 0)
		return false;
	if (fits(w, FRAME_DATAGRAM_HEAD + d->len)) {
		f = (struct frame){.kind = FRAME_DATAGRAM, .data = d->bytes, .len = d->len};
		frame_write(w, &f);
		drop_datagram(s);
		s->stats.datagrams_out++;
		if (now - s->keepalive.heard >= KEEPALIVE_GAP)
			session_left(s, true, now);
	}
	return true;
}

static void put_message(struct session *s, struct wr *w, nk_time now)
{
	struct frame f;
	struct outgoing_message *m = outgoing_next(&s->out, &f);

	if (m == NULL || !fits(w, FRAME_MESSAGE_HEAD + f.len))
		return;
	frame_write(w, &f);
	s->stats.resent += m->tries > 0;
	outgoing_sent(&s->out, m, now);
	session_left(s, true, now);
}

static bool put_packet(struct session *s, struct action *action, nk_time now)
{
	struct wr w = wr_make(action->data + PACKET_HEADER, room(&s->path.way));

	begin(action, &s->path.way);
	put_ack(s, &w);
	if (!keepalive_lost(&s->keepalive) && !put_datagram(s, &w, now))
		put_message(s, &w, now);
	if (w.len == 0)
		return false;
	session_left(s, false, now);
	return seal(s, action, w.len, now);
}

/* The peer has all messages, held or taken; only the end of them is not acknowledged. */
static bool close_is_in_vain(const struct session *s)
{
	return s->close_put && s->out.count == 1 && s->out.repeats >= SESSION_CLOSE_TRIES;
}

static void look_at_clock(struct session *s, nk_time now)
{
	if (keepalive_lost(&s->keepalive)) {
		s->datagram_count = 0; /* nobody waits for old ones */
		return;
	}
	if (now >= s->out.due && outgoing_expire(&s->out, now))
		session_hurry(s, now);
	s->closed |= close_is_in_vain(s);
	if (s->closing && !s->close_put)
		s->close_put = outgoing_put_close(&s->out);
}

bool session_output(struct session *s, struct action *action, nk_time now)
{
	bool sends;

	if (!s->path.known)
		return false;
	look_at_clock(s, now);
	sends = put_pong(s, action, now) || put_challenge(s, action, now) ||
		put_answer(s, action, now) || put_keepalive(s, action, now) ||
		put_terms(s, action, now) || put_packet(s, action, now);
	s->stats.rtt = s->out.rtt.smooth;
	s->stats.kept = now - s->began;
	s->stats.window = s->out.window;
	return sends;
}

nk_time session_deadline(const struct session *s)
{
	const nk_time answers = nk_min(keepalive_deadline(&s->keepalive), path_deadline(&s->path));

	if (!s->path.known)
		return NK_NEVER;
	if (keepalive_lost(&s->keepalive))
		return answers;
	return nk_min(answers, nk_min(s->out.due, terms_deadline(&s->terms)));
}
