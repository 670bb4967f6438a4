/* What the files of a session share. */
#ifndef CORE_SESSION_SESSION_STATE_H
#define CORE_SESSION_SESSION_STATE_H

#include "core/session/incoming.h"
#include "core/session/keys.h"
#include "core/session/outgoing.h"
#include "core/session/path.h"
#include "core/session/pulse.h"
#include "core/session/session.h"

#define SESSION_DATAGRAMS   32 /* waiting to be sent; more are dropped */
#define SESSION_CLOSE_TRIES 4  /* in vain: the peer is gone */

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
 * @heard_at:	When the last packet came
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
	struct pulse pulse;
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
	nk_time heard_at;
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

/* The peer is reached by @way, or is not known to be reached: all that was measured is void. */
void session_begin_path(struct session *s, nk_time now);

/* Something of ours was answered. */
void session_proved(struct session *s, nk_time now);

#endif
