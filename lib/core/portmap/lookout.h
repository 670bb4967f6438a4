/*
 * Gateways watched: which protocols come and go, external addresses that change, and state that is lost.
 *
 * Each gateway is asked now and then without mapping anything, and at once when it announces something; what it says
 * is compared with what it said before. A protocol is gone after two rounds without an answer: one may be lost.
 */
#ifndef CORE_PORTMAP_LOOKOUT_H
#define CORE_PORTMAP_LOOKOUT_H

#include "core/core.h"
#include "core/portmap/result.h"

#define LOOKOUT_GATEWAYS_MAX 8
#define LOOKOUT_STREAM       1 /* id of the stream to the UPnP worker */

/**
 * struct lookout_options - Whom to watch
 * @gateways, @locals: @count of each, of one family, port 0
 * @interval:	Between two rounds of questions
 * @limit:	How long to wait for an answer
 * @upnp:	There is a worker at the end of the stream
 */
struct lookout_options {
	struct addr gateways[LOOKOUT_GATEWAYS_MAX], locals[LOOKOUT_GATEWAYS_MAX];
	unsigned count, protocols;
	nk_time interval, limit;
	bool upnp;
};

enum lookout_kind {
	LOOKOUT_THERE,     /* it answers, for the first time or again: @external, if it tells */
	LOOKOUT_GONE,      /* it answers no more */
	LOOKOUT_ANNOUNCED, /* it has announced something, of no protocol; told once a minute */
	LOOKOUT_LOST,      /* it has lost its state since it was asked last */
	LOOKOUT_ADDRESS,   /* the external address is another one: @before was; both are known */
	LOOKOUT_NONE,      /* the first round is over, and no protocol answers */
	LOOKOUT_KINDS,
};

/* What happened at gateway number @gateway, which was at @address then. */
struct lookout_event {
	enum lookout_kind kind;
	unsigned gateway;
	enum portmap_protocol protocol;
	nk_time at;
	struct addr address, external, before;
};

/* "there", "gone", "announced", "lost", "address", "none". */
const char *lookout_kind_name(enum lookout_kind k);

struct lookout; /* lookout_new() to lookout_free() */

/* Return: NULL without memory. lookout_free() takes NULL. */
struct lookout *lookout_new(const struct lookout_options *options, const uint8_t seed[static 32],
			    nk_time now);
void lookout_free(struct lookout *l);

/* The next event that nobody has taken yet; false: there is none. */
bool lookout_event(struct lookout *l, struct lookout_event *out);

/* Gateway number @i is another one of the same family, or our address is. */
void lookout_move(struct lookout *l, unsigned i, const struct addr *gateway,
		  const struct addr *local, nk_time now);

/* What a gateway said last. */
const struct portmap_gateway *lookout_gateway(const struct lookout *l, unsigned i);

/* EVENT_NETWORK and EVENT_RESUMED ask at once; EVENT_STOP ends it. */
extern const struct core_ops lookout_ops;

#endif
