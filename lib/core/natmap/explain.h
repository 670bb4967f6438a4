/*
 * From how long mappings live when one hop gets no keepalives, to the boxes that keep state.
 *
 * While all but hop h are kept alive, boxes nearer to us get our keepalives alone, and boxes
 * further out the broker's alone. So a mapping ends there with the shortest of: h's own timer;
 * timers of boxes further out that only outbound packets refresh; timers of boxes nearer to us that
 * only inbound packets refresh; and the timer of a neighbour that counts TTL before it looks at its
 * state, and so misses keepalives that end there.
 *
 * Which it is, is told by mappings that are kept alive everywhere, from one side each: our
 * keepalives end at some hop and the broker's at the next. If those whose seam is on either side of
 * hop h live on when hop h's have ended, hop h has ended them. What is explained by another hop is
 * hidden: whether it keeps state, for longer, is not known.
 *
 * Hops are numbered as our packets pass them, and the broker's are taken to meet them at the same
 * distances from us; how long both ways are beyond a box does not matter. Where our way to a box
 * has more routers than its way back, it ends mappings at its own hop, at as many before it, and at
 * the seams between those. Where it has fewer, no seam and no hop leaves it without a packet: then
 * only silence everywhere ends mappings, and as long as no hop explains that, none is stateless.
 */
#ifndef CORE_NATMAP_EXPLAIN_H
#define CORE_NATMAP_EXPLAIN_H

#include "core/natmap/result.h"

/* What had become of mappings held some other way when those of a hop had just ended. */
enum hop_fate { FATE_UNKNOWN, FATE_LIVES, FATE_ENDED };

/**
 * struct hop_life - What was measured at one hop
 * @looked:	At all
 * @ended:	Mappings end between @lo and @hi seconds of silence there (95 %), most likely at
 *		@value; else they lived for at least @lo
 * @varies:	From @lo to @hi, by mapping
 * @p:		Of that
 * @trials:	That count
 * @nearer, @further: Of mappings whose seam lies next to the hop on our side, and on the broker's
 * @inbound, @outbound: Of those that are kept by packets of that direction alone, which reach their
 *		end
 */
struct hop_life {
	bool looked, ended, varies;
	double lo, value, hi, p;
	unsigned trials;
	enum hop_fate nearer, further, inbound, outbound;
};

/**
 * explain_hops() - Which boxes keep state
 * @path:	Its hops' state, timeout, p, behind, outbound_only, inbound_only and why are written;
 *		@silence and @back are read
 * @count:	Boxes between us and the broker
 * @life:	@count of them, the next to us first
 * @rtt:	Round trip, seconds: of a box that only outbound packets refresh, the timer began as
 *		much earlier
 */
void explain_hops(struct path_result *path, unsigned count, const struct hop_life *life,
		  double rtt);

#endif
