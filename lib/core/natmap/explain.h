/*
 * From how long mappings live when one hop gets no keepalives, to the boxes that keep state.
 *
 * While all but hop h are kept alive, a mapping lives as long as the shortest of: h's own timer; timers of
 * boxes further out that only outbound packets refresh, since the broker's keepalives pass them inward; timers
 * of boxes nearer to us that only inbound packets refresh. So from the outermost hop inward (and for
 * inbound-only boxes the other way) each hop's time is either explained by another box or shows its own; where
 * it is explained by another, the hop is hidden: whether it keeps state longer than that is not known.
 *
 * Hop 0 gets all of the broker's keepalives and none of ours, hop count + 1 all of ours and none of the
 * broker's: what ends there shows whether there are boxes that are refreshed one way alone.
 */
#ifndef CORE_NATMAP_EXPLAIN_H
#define CORE_NATMAP_EXPLAIN_H

#include "core/natmap/result.h"

/**
 * struct hop_life - What was measured at one hop
 * @looked:	At all
 * @ended:	Mappings end between @lo and @hi seconds of silence there (95 %), most likely at @value; else they
 *		lived for at least @lo
 * @p:		Of that
 * @trials:	That count
 */
struct hop_life {
	bool looked, ended;
	double lo, value, hi, p;
	unsigned trials;
};

/**
 * explain_hops() - Which boxes keep state
 * @path:	Its hops' state, timeout, p, behind, outbound_only, inbound_only and range are written
 * @count:	Boxes between us and the broker
 * @life:	@count + 2 of them, by hop number
 * @edge:	@count + 1 or NULL: while no box is passed over, but our keepalives end at hop h and the broker's at
 *		hop h + 1: what ends there shows a box that counts TTL before it looks at its state, and that
 *		shows at its neighbours too
 */
void explain_hops(struct path_result *path, unsigned count, const struct hop_life *life,
		  const struct hop_life *edge);

#endif
