/* What a run has found out of timeouts is kept, for natkeepalive and natpunch to begin with. */
#ifndef NATPROBE_KEEP_H
#define NATPROBE_KEEP_H

#include "core/probe/result.h"

/* Of one family, measured through @interface only if that is not NULL. */
void keep_timeouts(const struct probe_result *r, const char *interface, int64_t unix_us);

#endif
