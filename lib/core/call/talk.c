/* What a call of the run carries, and what is told of it. */
#include <string.h>

#include "core/call/natpunch_state.h"

/* A listener without programs has one stream for all: who speaks is the peer, not we. */
static bool shares_stream(const struct natpunch *n)
{
	return n->options->mode == PUNCH_LISTEN && !n->options->own_stream;
}

static struct pipe *pipe_of(struct natpunch *n, struct talk *t)
{
	return n->options->own_stream ? &t->own : &n->stream;
}

/* Events */

static void tell_once(struct natpunch *n, struct talk *t, struct natpunch_event e, nk_time now)
{
	if ((t->said & 1u << e.kind) != 0)
		return;
	t->said |= 1u << e.kind;
	natpunch_tell(n, t, e, now);
}

static void tell_way(struct natpunch *n, struct talk *t, nk_time now)
{
	if (call_acknowledged(t->call))
		tell_once(n, t, (struct natpunch_event){.kind = NATPUNCH_ACKNOWLEDGED}, now);
	if (call_state(t->call) == CALL_PUNCHING)
		tell_once(n, t, (struct natpunch_event){.kind = NATPUNCH_ANSWERED}, now);
	if (call_relay_likely(t->call) > 0)
		tell_once(n, t,
			  (struct natpunch_event){.kind = NATPUNCH_RELAY_LIKELY,
						  .p = call_relay_likely(t->call)},
			  now);
}

static void tell_connected(struct natpunch *n, struct talk *t, nk_time now)
{
	struct natpunch_event e = {.kind = NATPUNCH_CONNECTED};
	struct call_report r;

	if (call_is_relayed(t->call)) {
		tell_once(n, t, (struct natpunch_event){.kind = NATPUNCH_RELAYED}, now);
		return;
	}
	if (t->was != CALL_MENDING && (t->said & 1u << NATPUNCH_CONNECTED) != 0)
		return;
	call_report(t->call, &r);
	e.addr = r.punch.peer;
	e.tactic = r.punch.by;
	e.encrypted = !call_is_bare(t->call);
	if ((t->said & 1u << NATPUNCH_CONNECTED) != 0)
		e.kind = NATPUNCH_MENDED;
	t->said |= 1u << e.kind;
	natpunch_tell(n, t, e, now);
}

static void tell_state(struct natpunch *n, struct talk *t, nk_time now)
{
	const enum call_state state = call_state(t->call);

	if (state < CALL_CONNECTED) {
		tell_way(n, t, now);
	} else if (state == CALL_CONNECTED) {
		if (t->was < CALL_PUNCHING)
			tell_way(n, t, now);
		tell_connected(n, t, now);
	} else if (state == CALL_MENDING && t->was != CALL_MENDING) {
		natpunch_tell(n, t, (struct natpunch_event){.kind = NATPUNCH_PATH_LOST}, now);
	}
	t->was = state;
}

bool talk_carried(const struct talk *t)
{
	return (t->said & (1u << NATPUNCH_CONNECTED | 1u << NATPUNCH_RELAYED)) != 0;
}

/* What comes */

static void take_forwarded(struct natpunch *n, struct talk *t, const uint8_t *bytes, size_t len,
			   nk_time now)
{
	uint8_t reply[FORWARD_HEADER];
	uint16_t unserved;
	const size_t reply_len =
		forwards_take(&n->forwards, t->slot, bytes, len, reply, &unserved, now);

	if (reply_len > 0)
		talk_send_datagram(t, reply, reply_len);
	if (unserved != 0)
		natpunch_tell(n, t,
			      (struct natpunch_event){.kind = NATPUNCH_UNSERVED, .p = unserved},
			      now);
}

static void take_end(struct natpunch *n, struct talk *t)
{
	t->got_end = true;
	if (!shares_stream(n))
		pipe_finish(pipe_of(n, t));
}

static void take_news(struct natpunch *n, struct talk *t, nk_time now)
{
	struct pipe *pipe = pipe_of(n, t);
	struct session_news news;

	while (call_next(t->call, &news, now)) {
		if (news.kind == SESSION_DATAGRAM && n->options->payload == PUNCH_FORWARD) {
			take_forwarded(n, t, news.data, news.len, now);
			continue;
		}
		if (news.kind == SESSION_MESSAGE && news.len > 0 && !pipe_has_room(pipe))
			return;
		if (news.len == 0)
			take_end(n, t);
		else if (news.kind == SESSION_MESSAGE)
			pipe_put_line(pipe, news.data, news.len);
		else
			pipe_put(pipe, news.data, news.len);
		if (news.kind == SESSION_MESSAGE)
			session_took(call_session(t->call));
	}
}

static void take_bare(struct natpunch *n, struct talk *t, nk_time now)
{
	struct pipe *pipe = pipe_of(n, t);
	const uint8_t *bytes;
	size_t len;

	if (!call_next_bare(t->call, &bytes, &len))
		return;
	if (n->options->payload == PUNCH_FORWARD)
		take_forwarded(n, t, bytes, len, now);
	else
		pipe_put(pipe, bytes, len);
}

/* What goes */

static bool has_room(const struct natpunch *n, struct talk *t)
{
	struct session *s = call_session(t->call);

	if (call_is_bare(t->call))
		return true;
	return s != NULL && (n->options->payload == PUNCH_DATAGRAMS || session_has_room(s));
}

static bool send_one(const struct natpunch *n, struct talk *t, const uint8_t *bytes, size_t len)
{
	if (call_is_bare(t->call))
		return call_send_bare(t->call, bytes, len) == 0;
	if (n->options->payload == PUNCH_DATAGRAMS)
		return session_send_datagram(call_session(t->call), bytes, len) == 0;
	return session_send_message(call_session(t->call), bytes, len) == 0;
}

void talk_send_datagram(struct talk *t, const uint8_t *bytes, size_t len)
{
	if (t->call == NULL)
		return;
	if (call_is_bare(t->call))
		call_send_bare(t->call, bytes, len);
	else if (call_session(t->call) != NULL)
		session_send_datagram(call_session(t->call), bytes, len);
}

static void send_lines(struct natpunch *n, struct talk *t, nk_time now)
{
	struct lines *in = &pipe_of(n, t)->in;
	const uint8_t *bytes;
	size_t len;

	while (has_room(n, t)) {
		const enum lines_verdict verdict = lines_next(in, &bytes, &len);

		if (verdict == LINES_NONE)
			return;
		if (verdict == LINES_TOO_LONG) {
			natpunch_tell(n, t,
				      (struct natpunch_event){.kind = NATPUNCH_TOO_LONG,
							      .p = (double)len},
				      now);
			continue;
		}
		if (!send_one(n, t, bytes, len))
			return;
		lines_take(in, len);
		t->sent = true;
	}
}

/* An empty message says that nothing more will come. */
static void send_end(struct talk *t)
{
	struct session *s = call_session(t->call);

	if (t->sent_end || s == NULL || !session_has_room(s))
		return;
	t->sent_end = session_send_message(s, "", 0) == 0;
}

static bool is_at_end(struct natpunch *n, struct talk *t)
{
	if (shares_stream(n))
		return t->got_end;
	return lines_are_over(&pipe_of(n, t)->in);
}

/* Standard input that has ended may still get an answer; a program that has ended reads none. */
static void close_if_done(struct natpunch *n, struct talk *t, nk_time now)
{
	struct session *s = call_session(t->call);

	if (s == NULL || !session_all_acked(s))
		return;
	if (n->options->mode == PUNCH_SEND && (t->sent || t->sent_end)) {
		if (!t->acked)
			natpunch_tell(n, t, (struct natpunch_event){.kind = NATPUNCH_ACKED}, now);
		t->acked = true;
		call_close(t->call);
	} else if (t->sent_end && (t->got_end || n->options->own_stream)) {
		call_close(t->call);
	}
}

static void choose_speaker(struct natpunch *n, struct talk *t)
{
	if (n->speaker == NULL)
		n->speaker = t;
}

static void carry(struct natpunch *n, struct talk *t, nk_time now)
{
	struct pipe *pipe = pipe_of(n, t);

	choose_speaker(n, t);
	if (n->options->own_stream && pipe_is_closed(pipe) && !pipe->drop)
		pipe_open(pipe, 1 + t->slot, n->options->payload);
	take_news(n, t, now);
	take_bare(n, t, now);
	if (n->options->mode == PUNCH_TEST)
		call_close(t->call);
	if (n->options->payload == PUNCH_FORWARD || n->options->mode == PUNCH_TEST)
		return;
	if (n->options->own_stream || n->speaker == t) {
		pipe->read = true;
		send_lines(n, t, now);
	}
	/* Nothing to send is a message too: the empty one. */
	if (is_at_end(n, t) && (n->options->mode != PUNCH_SEND || !t->sent))
		send_end(t);
	close_if_done(n, t, now);
}

void talk_end_stream(struct natpunch *n, struct talk *t)
{
	if (!n->options->own_stream)
		return;
	pipe_finish(&t->own);
	if (n->stopping)
		pipe_close(&t->own);
}

void talk_drain(struct talk *t)
{
	const uint8_t *bytes;
	size_t len;

	while (lines_next(&t->own.in, &bytes, &len) == LINES_ONE)
		lines_take(&t->own.in, len);
	if (lines_are_over(&t->own.in))
		pipe_close(&t->own);
}

void talk_turn(struct natpunch *n, struct talk *t, nk_time now)
{
	const enum call_state state = call_state(t->call);

	tell_state(n, t, now);
	if (state == CALL_CONNECTED || state == CALL_MENDING)
		carry(n, t, now);
	tell_state(n, t, now);
}
