/* The words of the map's report, for its drawing and its picture. */
#ifndef NATMAP_MAP_WORDS_H
#define NATMAP_MAP_WORDS_H

#include <stddef.h>

#include "core/natmap/result.h"

/* What a box on the way is, as far as is known. */
enum box {
	BOX_UNKNOWN,
	BOX_ROUTER,   /* keeps no state */
	BOX_HIDDEN,   /* behind the state of another */
	BOX_STATEFUL, /* a NAT or a firewall */
	BOX_FIREWALL,
	BOX_NAT,
	BOX_CARRIER_NAT,
	BOXES,
};

/* Of hop @i, counted from 0. */
enum box map_box(const struct natmap_result *r, unsigned i);

/* "NAT", "firewall" ...; empty if nothing is to be said. */
const char *map_hop_name(const struct natmap_result *r, unsigned i);

/* Our address on the way that is mapped, or that it would have. */
const struct addr *map_local(const struct natmap_result *r);

/* Where it is seen on that way; NULL: not known. */
const struct addr *map_public(const struct natmap_result *r);

/* The name of its interface there; empty: not known. */
const char *map_interface(const struct natmap_result *r);

/* Whether the verdict is sure enough to be spoken of as a fact. */
bool map_is_sure(const struct natmap_result *r);

/* Each writes one line without a full stop, and returns @out. */

/* A round trip: "1.23 ms"; empty: not known. */
const char *map_rtt_words(char *out, size_t size, double ms);

/* A measured time: "35.0 s (34.8 s to 35.2 s)", "more than 6 min" or "unknown". */
const char *map_time_words(char *out, size_t size, const struct measured *m);

/* What hop @i does with state; empty if nothing is known and there is no reason to tell. */
const char *map_hop_words(char *out, size_t size, const struct natmap_result *r, unsigned i);

/* How our packet was changed before it came to hop @i, as its quote shows; empty if it was not, that
 * is not known, or a hop before was given the same. */
const char *map_quote_words(char *out, size_t size, const struct natmap_result *r, unsigned i);

/* What there is instead of an answer of the server, and who said by ICMP that it is out of reach. */
const char *map_silence_words(char *out, size_t size, const struct natmap_result *r);

/* What a gateway says of one protocol. */
const char *map_offer_words(char *out, size_t size, const struct portmap_offer *o,
			    enum portmap_protocol p);

/* The verdict, and how sure it is. */
const char *map_verdict_words(char *out, size_t size, const struct natmap_result *r);

/* What it means for ports that are to be opened; empty if nothing is known. A constant. */
const char *map_meaning(const struct natmap_result *r);

/* Why a run that is not complete is not. A constant. */
const char *map_cut_words(const struct natmap_result *r);

#endif
