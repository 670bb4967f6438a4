/* What the files of a session share. */
#ifndef CORE_SESSION_SESSION_STATE_H
#define CORE_SESSION_SESSION_STATE_H

#include "core/session/incoming.h"
#include "core/session/keys.h"
#include "core/session/outgoing.h"
#include "core/session/path.h"
#include "core/session/pings.h"
#include "core/session/session.h"
#include "core/session/terms.h"

#define SESSION_DATAGRAMS   32 /* waiting to be sent; more are dropped */
#define SESSION_CLOSE_TRIES 4  /* in vain: the peer is gone */
#define PING_PACKET         (PACKET_OVERHEAD + FRAME_PING_LEN)

struct session_datagram {
	size_t len;
	uint8_t bytes[SESSION_DATAGRAM_MAX];
};

/**
 * struct session - One session
 * @keys:	Of the call that made it; @next: of one that resumes it, while @renewing: until a
 *		packet under them has come
 * @pong_to:	Where a ping came from that is not answered yet, with @pong_token, if @pong_due
 * @datagram:	A ring of @datagram_count from @datagram_first
 * @plain:	The last packet, opened; @heard: a datagram in it that the owner has not seen
 * @terms:	Agreed; by the relay others are used
 * @keepalive:	Of the path in use, by @pings where a long hello is wanted; @extra: one more at once,
 *		which is none of its tries: so many within a moment, lost, are no more than one
 * @answer_due:	To the peer's frame
 * @unanswered:	Since when something of ours is under way of which nothing says that it arrived, or
 *		NK_NEVER
 * @began:	When there was the first path
 * @opener_ttl:	0: not known
 * @tell_doubted, @tell_lost, @tell_changed: News that the owner has not seen
 * @closing:	The owner wants the end; @close_put: it is among the messages
 * @peer_closed: The owner has been told of the peer's end
 */
struct session {
	bool caller;
	struct rng *rng;
	struct keys keys, next;
	bool renewing;
	struct path path;
	struct terms terms;
	struct keepalive keepalive;
	struct pings pings;
	bool extra, answer_due;
	nk_time unanswered, began;
	uint8_t opener_ttl;
	struct incoming in;
	struct outgoing out;
	bool pong_due;
	struct way pong_to;
	uint64_t pong_token;
	struct session_datagram datagram[SESSION_DATAGRAMS];
	unsigned datagram_first, datagram_count;
	uint8_t plain[CORE_DATAGRAM_MAX];
	bool has_heard;
	struct frame heard;
	bool tell_doubted, tell_lost, tell_changed;
	bool closing, close_put, closed, peer_closed;
	struct session_stats stats;
};

/* The keys that packets are sealed with: the callee waits until the caller has shown the new ones. */
static inline struct keys *session_sealing(struct session *s)
{
	return s->renewing && s->caller ? &s->next : &s->keys;
}

/* The relay is one way, whatever address its packets seem to come from. */
static inline struct way session_way(uint32_t socket, const struct addr *peer)
{
	return (struct way){
		.socket = socket,
		.peer = socket == SESSION_VIA_RELAY ? (struct addr){.port = 0} : *peer,
	};
}

/* The peer is reached by another way, or is not known to be reached: all that was measured is void. */
void session_begin_path(struct session *s, nk_time now);

/* A sealed packet has left by the path, and its answer comes @asks at once. */
void session_left(struct session *s, bool asks, nk_time now);

/* One of the peer's has come by it. */
void session_heard(struct session *s, nk_time now);

/* Something of ours was answered. */
void session_proved(struct session *s, nk_time now);

/* A ping at once, whatever is under way; but not so many that answers come too late to be known. */
void session_hurry(struct session *s, nk_time now);

/* A datagram that may be a frame. Return: true if it was, and the peer's. */
bool session_take_keepalive(struct session *s, const struct way *from, const struct event *ev,
			    nk_time now);

/* Other terms, from now on. */
void session_keep_by_terms(struct session *s, nk_time now);

/* What is to be sent to keep the path, or to find out whether there is one. */
enum keepalive_need session_keepalive_need(struct session *s, nk_time now);

/* A keepalive of @len bytes has left, or come. */
void session_count_keepalive(struct session *s, uint64_t *count, size_t len);

#endif
