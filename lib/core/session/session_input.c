/* What comes from the peer. */
#include "core/session/session_state.h"

/* The first packet under the new keys: the peer has them, and the old ones are over. */
static void adopt_next(struct session *s)
{
	s->keys = s->next;
	keys_wipe(&s->next);
	s->renewing = false;
}

static bool open_packet(struct session *s, const struct event *ev, struct rd *frames, bool *newest)
{
	struct packet_header h;
	struct keys *k = &s->keys;

	if (ev->len > sizeof(s->plain) || !packet_read_header(&h, ev->data, ev->len))
		return false;
	if (s->renewing && h.index == s->next.index)
		k = &s->next;
	if (h.index != k->index)
		return false;
	s->has_heard = false; /* it stands in what is written over now */
	if (!keys_open(k, &h, ev->data, ev->len, s->plain, newest)) {
		s->stats.rejected++;
		return false;
	}
	if (k == &s->next)
		adopt_next(s);
	*frames = rd_make(s->plain, ev->len - PACKET_OVERHEAD);
	return true;
}

static void take_pong(struct session *s, const struct frame *f, const struct way *from, nk_time now)
{
	nk_time took;

	if (path_answered(&s->path, from, f->token)) {
		s->stats.paths_changed++;
		s->tell_lost = false;
		s->tell_changed = true;
		session_begin_path(s, now);
	} else if (pings_is_answer(&s->pings, f->token, now, &took)) {
		if (s->path.keeps)
			path_keep(&s->path, now);
		outgoing_learn(&s->out, took, now);
		session_proved(s, now);
	}
}

static void take_ack(struct session *s, const struct frame *f, nk_time now)
{
	const unsigned before = s->out.count;

	if (!outgoing_acked(&s->out, f, now))
		return;
	s->stats.messages_acked += before - s->out.count;
	session_proved(s, now);
	if (s->close_put && s->out.count == 0) {
		s->stats.messages_acked--; /* the end itself is no message */
		s->closed = true;
	}
}

/* An ACK that was overtaken says nothing new, and its number may be that of another 65536. */
static void take_frame(struct session *s, const struct frame *f, const struct way *from,
		       bool newest, nk_time now)
{
	switch (f->kind) {
	case FRAME_PING:
		session_count_keepalive(s, &s->stats.keepalives_in, PING_PACKET);
		s->pong_due = true;
		s->pong_to = *from;
		s->pong_token = f->token;
		s->in.ack_due = true;
		break;
	case FRAME_PONG:
		session_count_keepalive(s, &s->stats.keepalives_in, PING_PACKET);
		take_pong(s, f, from, now);
		break;
	case FRAME_ACK:
		if (newest)
			take_ack(s, f, now);
		break;
	case FRAME_OFFER:
	case FRAME_TERMS:
		if (newest && terms_take(&s->terms, f))
			session_keep_by_terms(s, now);
		break;
	case FRAME_MESSAGE:
	case FRAME_CLOSE:
		incoming_put(&s->in, f);
		break;
	case FRAME_DATAGRAM:
		s->heard = *f;
		s->has_heard = true;
		s->stats.datagrams_in++;
		break;
	}
}

/* The caller asks first whether the way in use is still alive. */
static void heard_from(struct session *s, const struct way *from, size_t len, bool newest,
		       nk_time now)
{
	const nk_time wait = rtt_timeout(&s->out.rtt, 0);

	if (path_heard(&s->path, from, len, newest, wait, s->rng, now) && s->path.keeps)
		session_hurry(s, now);
	if (s->path.known && way_eq(from, &s->path.way))
		session_heard(s, now);
}

bool session_input(struct session *s, const struct event *ev, nk_time now)
{
	const struct way from = session_way(ev->id, &ev->from);
	struct rd frames;
	struct frame f;
	bool newest;

	if (ev->kind != EVENT_DATAGRAM)
		return false;
	if (keepalive_is_frame(ev->data, ev->len))
		return session_take_keepalive(s, &from, ev, now);
	if (!open_packet(s, ev, &frames, &newest))
		return false;
	s->stats.packets_in++;
	s->stats.bytes_in += ev->len;
	heard_from(s, &from, ev->len, newest, now);
	while (frame_read(&frames, &f))
		take_frame(s, &f, &from, newest, now);
	return true;
}
