/*
 * What hops quote of the datagrams that ended there, against what was sent: where a NAT has
 * rewritten the checksum or the identification, or forgets to translate the quote back, it lies
 * before that hop.
 */
#ifndef NATMAP_QUOTES_H
#define NATMAP_QUOTES_H

#include "core/natmap/result.h"
#include "wire/icmp_quote.h"

#define QUOTES_SENT 512 /* the trace and what runs beside it */
#define QUOTES_SEEN 128

/* Begins as all zero. Of more than there is room for, the first are kept. */
struct quotes {
	struct icmp_quote sent[QUOTES_SENT], seen[QUOTES_SEEN];
	unsigned sent_count, seen_count;
};

void quotes_add_sent(struct quotes *q, const struct icmp_quote *sent);
void quotes_add_seen(struct quotes *q, const struct icmp_quote *seen);

/* Writes what hops of @r have quoted, and judges anew. */
void quotes_apply(const struct quotes *q, struct natmap_result *r);

#endif
