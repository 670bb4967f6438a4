#include "core/keeper/news.h"

void news_put(struct news *n, const struct keeper_event *e)
{
	struct keeper_event dropped;

	if (n->count == NEWS_MAX)
		news_take(n, &dropped);
	n->list[(n->first + n->count++) % NEWS_MAX] = *e;
}

bool news_take(struct news *n, struct keeper_event *out)
{
	if (n->count == 0)
		return false;
	*out = n->list[n->first];
	n->first = (n->first + 1) % NEWS_MAX;
	n->count--;
	return true;
}
