/*
 * When to send what, so that the NATs on the way keep a flow and a peer that is gone is noticed.
 * One small file per algorithm behind one interface; which one, two sides agree on
 * (keepalive_agree()).
 *
 * An algorithm decides and does not send: its owner has the frames (wire/keepalive.h), or STUN
 * requests in their place, and tells what came and what left.
 */
#ifndef CORE_KEEPALIVE_KEEPALIVE_H
#define CORE_KEEPALIVE_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/time.h"
#include "wire/keepalive.h"

#define KEEPALIVE_INTERVAL (15 * NK_S)                   /* RFC 8085 section 3.5: no more often */
#define KEEPALIVE_DRAWN    (KEEPALIVE_INTERVAL * 10 / 9) /* the same in the mean, if it is drawn */
#define KEEPALIVE_GAP      NK_S                          /* between two hellos */
#define KEEPALIVE_TRIES    3                             /* hellos in vain: the flow is lost */
#define KEEPALIVE_WAIT_MIN (500 * NK_MS)

/* A NAT may forget a mapping soon unless it has seen traffic both ways for 2 s (Linux: 30 s, else 120 s).
 * So whoever asks does it twice where the mapping may be new; and, since an ask makes a lost one anew
 * without anybody noticing, once in a while, if the interval is longer than what is short for any NAT. */
#define KEEPALIVE_RENEW       (2500 * NK_MS)
#define KEEPALIVE_RENEW_EVERY 16

/* So many answers missing, and no frame has come since: they are not understood, or do not get through.
 * Hellos are sent in their place, but for each 16th. */
#define KEEPALIVE_MUTE       3
#define KEEPALIVE_MUTE_EVERY 16

/* What must leave now. */
enum keepalive_need {
	KEEPALIVE_REST,        /* nothing */
	KEEPALIVE_SEND_TURN,   /* a frame KEEPALIVE_TURN */
	KEEPALIVE_SEND_ASK,    /* a frame KEEPALIVE_ASK */
	KEEPALIVE_SEND_HELLO,  /* a long hello: are you there? Or in a frame's place */
	KEEPALIVE_SEND_OPENER, /* a packet that ends just past our last NAT */
};

/* What came, authentic. The tag of a frame is short, and a packet that answers nothing does not tell
 * whether ours arrive: once there is doubt, only KEEPALIVE_HEARD_ANSWER ends it. */
enum keepalive_news {
	KEEPALIVE_HEARD_TRAFFIC, /* anything long: it is alive */
	KEEPALIVE_HEARD_ANSWER,  /* long, and it answers or acknowledges something of ours */
	KEEPALIVE_HEARD_FRAME,   /* a frame */
	KEEPALIVE_HEARD_UNACKED, /* the other's TURN, which does not acknowledge our last frame */
};

/**
 * struct keepalive - One flow's
 * @terms:	What was agreed; the interval may be changed at any time by keepalive_retime()
 * @first:	The side that asks; with TURNS the one whose turn is first
 * @gap, @tries: Of hellos
 * @rtt:	Last round trip known, 0: none; the owner may set a better one. An answer is missing when
 *		it is not there after twice that and KEEPALIVE_WAIT_MIN
 * @rng:	Borrowed: intervals are drawn from 80 to 100 % of what was agreed (RFC 5626 section
 *		4.4.2), but for TURNS
 * @sent, @heard: When something of ours left, when something came
 * @turned:	What left last was a TURN, and will be acknowledged
 * @ours:	It is our turn: what came is newer than what left; @since: when that began
 * @asked:	When what was to be answered at once left, or NK_NEVER
 * @share:	Of the interval, drawn anew for each
 * @renews:	The next of ours is to follow the last soon: see KEEPALIVE_RENEW; @asks: since one did
 * @unheard:	Missing answers, and hellos in the place of frames, since a frame came
 * @due:	The next of ours, if nothing happens; not before @early (so that several flows can share
 *		a wake-up)
 * @expected:	Something must have come by then, or a hello is due; NK_NEVER
 * @doubted:	Hellos are sent, or about to be; @hellos: in vain so far
 * @lost:	So many that the owner may give up
 */
struct keepalive {
	struct keepalive_terms terms;
	bool first;
	nk_time gap;
	unsigned tries;
	nk_time rtt;
	struct rng *rng;
	nk_time sent, heard;
	bool turned, ours;
	nk_time since, asked;
	double share;
	bool renews;
	unsigned asks, unheard;
	nk_time due, early, expected;
	bool doubted;
	unsigned hellos;
	bool lost;
};

struct keepalive_config {
	struct keepalive_terms terms;
	bool first;
	nk_time gap;    /* KEEPALIVE_GAP */
	unsigned tries; /* KEEPALIVE_TRIES */
	struct rng *rng;
};

/* The flow has just been proved, both ways. */
void keepalive_start(struct keepalive *k, const struct keepalive_config *config, nk_time now);

/* What a frame that keepalive_read() took tells. */
enum keepalive_news keepalive_news(const struct keepalive_flow *f, enum keepalive_kind kind,
				   uint64_t acked);

void keepalive_heard(struct keepalive *k, enum keepalive_news news, nk_time now);

/* Traffic of ours left (not what keepalive_next() wanted), which also refreshes; @asks: it is to be
 * answered at once. */
void keepalive_sent(struct keepalive *k, bool asks, nk_time now);

/* The machine slept, an address changed, an answer is missing elsewhere: a long hello at once, unless
 * hellos are being sent already. */
void keepalive_doubt(struct keepalive *k, nk_time now);

/* A new interval from now on. */
void keepalive_retime(struct keepalive *k, nk_time interval, nk_time now);

/* What must leave now, which then counts as sent. To be asked until it is KEEPALIVE_REST. */
enum keepalive_need keepalive_next(struct keepalive *k, nk_time now);

/* Others make the machine wake up anyway: what may leave early is due now. */
void keepalive_hurry(struct keepalive *k, nk_time now);

/* keepalive_hurry(), then keepalive_next(). */
enum keepalive_need keepalive_next_early(struct keepalive *k, nk_time now);

/* A share of the interval, as it is drawn. Who has many flows draws one for all that leave together,
 * so that they stay together, and the first of them is not always one that drew little. */
double keepalive_draw(struct rng *rng);
void keepalive_share(struct keepalive *k, double share);

nk_time keepalive_deadline(const struct keepalive *k);

/* All hellos were in vain. They go on ever more rarely, until the owner gives up or there is an
 * answer. */
bool keepalive_lost(const struct keepalive *k);

/* "learned" ...; NULL beyond the last. keepalive_algorithm_of(): KEEPALIVE_ALGORITHMS if there is
 * none of that name. */
const char *keepalive_name(enum keepalive_algorithm a);
enum keepalive_algorithm keepalive_algorithm_of(const char *name);

/**
 * keepalive_agree() - The answer to an offer
 * @ours:	What this side would use, and what it believes of its own NAT
 *
 * The first of @theirs that is also of @ours, at the greatest interval that both bounds allow and
 * the NATs: 80 % of the lower bound of a timeout, KEEPALIVE_DRAWN where that is not known. It is not
 * under KEEPALIVE_INTERVAL unless a lower bound is under 20 s. TURNS, whose sides each send every
 * second interval only, is not taken where either lower bound is under 20 s, nor where only outbound
 * packets refresh and it is under 40 s. A side without a NAT tells KEEPALIVE_NO_NAT.
 *
 * Return: if there is nothing in common, KEEPALIVE_FIXED at KEEPALIVE_DRAWN, or less if a NAT needs it.
 */
#define KEEPALIVE_NO_NAT 4095.0 /* seconds, as lower bound */
struct keepalive_terms keepalive_agree(const struct keepalive_offer *theirs,
				       const struct keepalive_offer *ours);

/* What is to be used when @answer has come to @ours: itself, or what keepalive_agree() returns where
 * nothing is in common if nobody who knows @ours may answer so. */
struct keepalive_terms keepalive_check(const struct keepalive_terms *answer,
				       const struct keepalive_offer *ours);

/* An algorithm within the bounds that it has by itself. */
struct keepalive_wish keepalive_default_wish(enum keepalive_algorithm a);

/* What a program offers that has no wishes: learned, turns, fixed. */
struct keepalive_offer keepalive_default_offer(void);

#endif
