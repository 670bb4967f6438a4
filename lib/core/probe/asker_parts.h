/* What the parts of an asker share. */
#ifndef CORE_PROBE_ASKER_PARTS_H
#define CORE_PROBE_ASKER_PARTS_H

#include "core/probe/asker.h"

/* A target that is none: the packet is a control. */
#define ASK_CONTROL 0xffff

/* Slack for answers that are late or reordered, after the last should have come. */
static inline nk_time asker_margin(const struct asker *a)
{
	return 20 * NK_MS + a->exchanges->rtt / 2;
}

/* Requests. asker_request_copies() makes that of an ask; false: too many are under way. */
bool asker_request_copies(struct asker *a, unsigned index);
struct asker_request *asker_request_find(struct asker *a, const struct stun_msg *m);
void asker_request_answered(struct asker *a, struct asker_request *r, const struct stun_msg *m,
			    const struct probe_msg *p, nk_time now);
nk_time asker_request_due(const struct asker *a, const struct asker_request *r);
bool asker_requests_output(struct asker *a, struct action *action, nk_time now);

/* The ask that a transaction id belongs to, or NULL; by RESPONSE-PORT it tells @round and @target
 * too. */
struct ask *ask_of_service(struct asker *a, const uint8_t tid[static STUN_TID]);
struct ask *ask_of_plain(struct asker *a, const uint8_t tid[static STUN_TID], unsigned *round,
			 unsigned *target);

/* What came of it, and when no more will. */
void ask_control_came(struct asker *a, struct ask *k, unsigned round, nk_time now);
void ask_copy_came(struct ask *k, unsigned target, unsigned round, nk_time now);
nk_time ask_ends(const struct ask *k);

/* The next packet by RESPONSE-PORT. */
bool asker_plain_output(struct asker *a, struct action *action, nk_time now);

#endif
