/* What reports have in common, as JSON. */
#ifndef FACE_FINDINGS_H
#define FACE_FINDINGS_H

#include "core/portmap/result.h"
#include "core/probe/result.h"
#include "face/js.h"

/* A report's root, up to what was found. @started_unix: wall clock, microseconds since 1970. */
struct js findings_report(const char *schema, int64_t started_unix, double elapsed_s, bool complete,
			  bool *failed);

/* {"event":...,"t_s":...}, to which the caller adds: what happened, and when since the start. */
struct js findings_event(const char *name, double t_s, bool *failed);

/* The first event, which says whose events these are. */
struct js findings_start(const char *schema, int64_t started_unix, bool *failed);

/* The last event, which holds the @report, and ends it when it is ended itself. */
struct js findings_done(struct js report, double t_s);

/* The address with its port if it has one, or null if there is none. */
void findings_addr(struct js parent, const char *key, const struct addr *a);

/* The same without the port. */
void findings_ip(struct js parent, const char *key, const struct addr *a);

/* A probability; one that means nothing yet is null, not 0. */
void findings_p(struct js object, double p);

/* Why something is unknown, if only that nothing was tried. */
void findings_why(struct js object, const char *why);

/* A time with its uncertainty: value, ci95, at_least, p, trials and why, as all reports have it. */
void findings_measured(struct js parent, const char *key, const struct measured *m);

/* What a gateway says of each port mapping protocol, by its name. */
void findings_offers(struct js parent, const char *key, const struct portmap_gateway *g);

#endif
