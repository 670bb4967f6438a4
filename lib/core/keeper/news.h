/* Events of a run that nobody has taken yet. */
#ifndef CORE_KEEPER_NEWS_H
#define CORE_KEEPER_NEWS_H

#include <stdbool.h>

#include "core/keeper/result.h"

#define NEWS_MAX (2 * KEEPER_TARGETS_MAX)

struct news {
	struct keeper_event list[NEWS_MAX];
	unsigned first, count;
};

/* Where there is no room the oldest is dropped. */
void news_put(struct news *n, const struct keeper_event *e);
bool news_take(struct news *n, struct keeper_event *out);

#endif
