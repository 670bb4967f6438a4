/* What reports have in common, as JSON. */
#ifndef FACE_FINDINGS_H
#define FACE_FINDINGS_H

#include "core/portmap/result.h"
#include "core/probe/result.h"
#include "face/js.h"

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
