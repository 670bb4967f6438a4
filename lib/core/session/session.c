#include "core/session/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/session/session_state.h"

static void take_keepalive(struct session *s, const struct session_keepalive *k)
{
	terms_set(&s->terms, &k->terms, &k->ours);
	s->opener_ttl = k->opener_ttl;
}

struct session *session_new(const struct session_config *config, struct rng *rng, nk_time now)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->caller = config->caller;
	s->rng = rng;
	s->path.keeps = s->caller;
	s->terms.caller = s->caller;
	take_keepalive(s, &config->keepalive);
	keys_start(&s->keys, &config->keys, s->caller, config->index, config->peer_index, now);
	outgoing_init(&s->out);
	return s;
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	crypto_wipe(s, sizeof(*s));
	free(s);
}

void session_set_path(struct session *s, uint32_t socket, const struct addr *peer, nk_time now)
{
	const struct way way = session_way(socket, peer);

	if (!s->path.known)
		s->began = now;
	path_set(&s->path, &way);
	session_begin_path(s, now);
}

void session_renew(struct session *s, const struct noise_keys *keys, uint32_t index,
		   uint32_t peer_index, const struct session_keepalive *keepalive, nk_time now)
{
	keys_start(&s->next, keys, s->caller, index, peer_index, now);
	s->renewing = true;
	take_keepalive(s, keepalive);
	session_keep_by_terms(s, now);
}

void session_doubt(struct session *s, nk_time now)
{
	keepalive_doubt(&s->keepalive, now);
}

bool session_lost(const struct session *s)
{
	return keepalive_lost(&s->keepalive);
}

void session_offer(struct session *s, const struct keepalive_offer *ours, nk_time now)
{
	terms_offer(&s->terms, ours, now);
}

static bool next_message(struct session *s, struct session_news *out)
{
	const struct incoming_message *m = incoming_first(&s->in);

	if (m == NULL || s->peer_closed)
		return false;
	if (m->is_close) {
		incoming_take(&s->in);
		s->peer_closed = true;
		*out = (struct session_news){.kind = SESSION_CLOSED};
	} else {
		*out = (struct session_news){
			.kind = SESSION_MESSAGE, .data = m->bytes, .len = m->len};
	}
	return true;
}

bool session_next(struct session *s, struct session_news *out)
{
	if (s->tell_doubted) {
		s->tell_doubted = false;
		*out = (struct session_news){.kind = SESSION_PATH_DOUBTED};
	} else if (s->tell_lost) {
		s->tell_lost = false;
		*out = (struct session_news){.kind = SESSION_PATH_LOST};
	} else if (s->tell_changed) {
		s->tell_changed = false;
		*out = (struct session_news){.kind = SESSION_PATH_CHANGED,
					     .peer = s->path.way.peer};
	} else if (s->has_heard) {
		s->has_heard = false;
		*out = (struct session_news){
			.kind = SESSION_DATAGRAM, .data = s->heard.data, .len = s->heard.len};
	} else {
		return next_message(s, out);
	}
	return true;
}

void session_took(struct session *s)
{
	incoming_take(&s->in);
	s->stats.messages_in++;
}

bool session_has_room(const struct session *s)
{
	return !s->closing && outgoing_has_room(&s->out);
}

int session_send_message(struct session *s, const void *bytes, size_t len)
{
	if (len > SESSION_MESSAGE_MAX || !session_has_room(s) || !outgoing_put(&s->out, bytes, len))
		return NK_ERR_NO_ROOM;
	s->stats.messages_out++;
	return 0;
}

int session_send_datagram(struct session *s, const void *bytes, size_t len)
{
	struct session_datagram *d;

	if (len > SESSION_DATAGRAM_MAX || s->datagram_count == SESSION_DATAGRAMS)
		return NK_ERR_NO_ROOM;
	d = &s->datagram[(s->datagram_first + s->datagram_count++) % SESSION_DATAGRAMS];
	d->len = len;
	if (len > 0)
		memcpy(d->bytes, bytes, len);
	return 0;
}

bool session_all_acked(const struct session *s)
{
	return s->out.count == (s->close_put ? 1 : 0) || s->closed;
}

void session_close(struct session *s)
{
	s->closing = true;
	if (!s->path.known || keepalive_lost(&s->keepalive))
		s->closed = true;
}

bool session_closed(const struct session *s)
{
	return s->closed;
}

const struct session_stats *session_stats(const struct session *s)
{
	return &s->stats;
}

const struct keepalive_terms *session_terms(const struct session *s)
{
	return &s->terms.agreed;
}
