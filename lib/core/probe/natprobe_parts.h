/* What the files of a natprobe run share with one another, and with nobody else. */
#ifndef CORE_PROBE_NATPROBE_PARTS_H
#define CORE_PROBE_NATPROBE_PARTS_H

#include "core/probe/classify.h"
#include "core/probe/fan.h"
#include "core/probe/icmp_timer.h"
#include "core/probe/natprobe.h"
#include "core/probe/refresh.h"

#define SILENT_AFTER (3500 * NK_MS) /* no answer at all: the server is silent */

enum stage { STAGE_FIND, STAGE_CLASSIFY, STAGE_ABILITY, STAGE_FAN, STAGE_OVER };

struct natprobe {
	struct probe_options options;
	struct rng rng;
	struct exchanges exchanges;
	struct asker asker;
	struct budget budget;
	struct classify classify;
	struct fan fan;
	struct refresh refresh;
	struct icmp_timer icmp;
	struct probe_result result;
	struct exchange *find[PROBE_SERVERS_MAX];
	struct exchange *ability;
	enum stage stage;
	bool control_opening, classified, ending;
	nk_time started, choose_at, fan_done_at;
	nk_time due; /* the deadline, from an output without an action until input or output; else 0 */
	int control_flow; /* of the budget */
	int status;
};

/* natprobe_report.c: what the parts know, put into the result */
void report_faults(struct natprobe *p);
void report_ports(struct natprobe *p);
void report_classification(struct natprobe *p); /* once, however often it is called */

/* All timeouts of @lanes (bit per enum traffic_state), or both refresh directions, are unknown, and why. */
void report_timeouts_unknown(struct natprobe *p, unsigned lanes, enum why_kind kind,
			     const char *why);
void report_refresh_unknown(struct natprobe *p, enum why_kind kind, const char *why);

#endif
