/*
 * A session: messages and datagrams between two who have met, whatever becomes of
 * the path. Keys come from the call's handshake, and the path from its punch.
 *
 * Messages are delivered once and in order, resent with a measured RTO (RFC 6298)
 * and paced by a window: one until a round trip is known, then AIMD (RFC 8085
 * section 3.1). Datagrams are sent and forgotten.
 *
 * A new source address is used only after an authenticated packet newer than all
 * others and a challenge answered from it (RFC 9000 sections 8.2 and 9), and gets at
 * most 3 times its bytes until then.
 *
 * The path is kept by frames of three bytes, by the algorithm that was agreed. They
 * are sent on the path in use, taken from its very address, and move nothing but
 * when the peer was last heard. In doubt a ping decides.
 */
#ifndef CORE_SESSION_SESSION_H
#define CORE_SESSION_SESSION_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/keepalive/keepalive.h"
#include "core/session/noise.h"
#include "wire/frame.h"
#include "wire/rendezvous_msg.h"

#define SESSION_MESSAGE_MAX  FRAME_MESSAGE_MAX /* bytes */
#define SESSION_DATAGRAM_MAX (CORE_DATAGRAM_MAX - PACKET_OVERHEAD - FRAME_DATAGRAM_HEAD)
#define SESSION_WINDOW_MAX   FRAME_ACK_BITS      /* messages in flight */
#define SESSION_VIA_RELAY    (UINT32_MAX - 1)    /* as the path's socket: the owner carries it */
#define SESSION_RELAY_MAX    RENDEZVOUS_BODY_MAX /* its packets; longer messages wait */

/**
 * struct session_keepalive - How the path is kept
 * @terms:	As the call has agreed on them
 * @ours:	What this side would use, when the peer believes something else later
 * @opener_ttl:	Of packets that end just past our last NAT
 */
struct session_keepalive {
	struct keepalive_terms terms;
	struct keepalive_offer ours;
	uint8_t opener_ttl;
};

/**
 * struct session_config - How a session begins
 * @keys:	From the handshake; copied
 * @caller:	Which of the two we are
 * @index:	Number that packets to us carry; @peer_index: packets to the peer
 */
struct session_config {
	struct noise_keys keys;
	bool caller;
	uint32_t index, peer_index;
	struct session_keepalive keepalive;
};

enum session_news_kind {
	SESSION_MESSAGE,      /* @data, @len: in order. The next is given after session_took() */
	SESSION_DATAGRAM,     /* @data, @len */
	SESSION_PATH_DOUBTED, /* a ping had no answer, and another one was sent */
	SESSION_PATH_LOST,    /* nothing arrives any more: punch again */
	SESSION_PATH_CHANGED, /* @peer: its address is another one, or the lost one answers again */
	SESSION_CLOSED,       /* by the peer, after all that it sent */
};

/* @data is borrowed until the next call that has the session. */
struct session_news {
	enum session_news_kind kind;
	struct addr peer;
	const uint8_t *data;
	size_t len;
};

/**
 * struct session_stats - Counters for reports
 * @resent, @rejected: Messages, packets
 * @keepalives_out, @keepalives_in: Frames and pings, and what answers them; @keepalive_bytes: both
 *		ways, of IP, headers too
 * @rtt:	0: not known yet
 * @kept:	So long ago was the first path
 * @silence:	How long nothing had come when the path was doubted last
 */
struct session_stats {
	uint64_t messages_out, messages_in, messages_acked, resent;
	uint64_t datagrams_out, datagrams_in;
	uint64_t packets_out, packets_in, bytes_out, bytes_in, rejected;
	uint64_t keepalives_out, keepalives_in, keepalive_bytes;
	nk_time rtt, silence, kept;
	unsigned window, paths_lost, paths_changed, rekeys;
};

struct session; /* session_new() to session_free(), which wipes */

/* Return: NULL without memory. @config is copied, @rng borrowed for the session's life. */
struct session *session_new(const struct session_config *config, struct rng *rng, nk_time now);
void session_free(struct session *s);

/* The way to the peer from now on, as a punch or the relay has it. */
void session_set_path(struct session *s, uint32_t socket, const struct addr *peer, nk_time now);

/* New keys and indices from a call that resumes this session. The caller uses them at once, the
 * callee when it has heard them; until each has, it reads packets under the old ones too. */
void session_renew(struct session *s, const struct noise_keys *keys, uint32_t index,
		   uint32_t peer_index, const struct session_keepalive *keepalive, nk_time now);

/* The machine slept, or is on another network: is the path still there? */
void session_doubt(struct session *s, nk_time now);

/* All pings were in vain, so far. */
bool session_lost(const struct session *s);

/* Something else is believed of our NAT: the terms are negotiated anew. */
void session_offer(struct session *s, const struct keepalive_offer *ours, nk_time now);

/* Silent until there is a path; what comes is read before.
 * Return: true if the datagram was an authentic packet of this session. A relayed packet comes as
 * an event with id SESSION_VIA_RELAY. */
bool session_input(struct session *s, const struct event *ev, nk_time now);
bool session_output(struct session *s, struct action *action, nk_time now);
nk_time session_deadline(const struct session *s);

/* What has come, one at a time; false if nothing. A message stays the news until session_took(),
 * by which it is acknowledged; so is the peer's end by being told, with the next output. */
bool session_next(struct session *s, struct session_news *out);
void session_took(struct session *s);

/* Whether the window has room for a message: to read faster than that is of no use. */
bool session_has_room(const struct session *s);

/* Return: 0, NK_ERR_NO_ROOM (too long, or no room in the window). Bytes are copied. */
int session_send_message(struct session *s, const void *bytes, size_t len);
int session_send_datagram(struct session *s, const void *bytes, size_t len);

/* All messages have been taken by the peer's owner. */
bool session_all_acked(const struct session *s);

/* Tells the peer, after all messages, that this is the end; session_closed() once it knows, or
 * does not answer. */
void session_close(struct session *s);
bool session_closed(const struct session *s);

const struct session_stats *session_stats(const struct session *s);

/* By which the path is kept. */
const struct keepalive_terms *session_terms(const struct session *s);

#endif
