#include "lookups.h"

#include <string.h>

#include "base/err.h"
#include "io/run.h"

#define STUN_PORT   3478
#define NAME_LIMIT  (2 * NK_S)    /* if there is no other server */
#define SHORT_LIMIT (300 * NK_MS) /* if there is one that has no name */

static struct pollfd *row(struct lookups *l, unsigned i, enum addr_family family)
{
	return &l->of[i * LOOKUPS_FAMILIES + (family == ADDR_V6)];
}

static void begin(struct lookups *l, enum addr_family family, bool wanted)
{
	for (unsigned i = 0; i < l->list->count; i++)
		*row(l, i, family) = (struct pollfd){
			.fd = wanted ? lookup_begin(l->list->names[i], STUN_PORT, family) : -1,
			.events = POLLIN,
		};
}

/* A number is known at once. */
static nk_time limit(const struct server_list *list)
{
	struct addr a;

	for (unsigned i = 0; i < list->count; i++)
		if (addr_parse(&a, list->names[i], STUN_PORT) == 0)
			return SHORT_LIMIT;
	return NAME_LIMIT;
}

void lookups_run(struct lookups *l, const struct server_list *list, bool v4, bool v6)
{
	const nk_time started = run_now(), most = limit(list);
	struct pollfd left[SERVER_LIST_MAX * LOOKUPS_FAMILIES];

	*l = (struct lookups){.list = list, .count = list->count * LOOKUPS_FAMILIES};
	begin(l, ADDR_V4, v4);
	begin(l, ADDR_V6, v6);
	memcpy(left, l->of, sizeof(left));
	for (nk_time waited = 0; waited < most; waited = run_now() - started) {
		unsigned open = 0;

		for (unsigned i = 0; i < l->count; i++) {
			if (left[i].revents != 0)
				left[i].fd = -1;
			open += left[i].fd >= 0;
		}
		if (open == 0 || poll(left, l->count, (int)((most - waited) / NK_MS) + 1) < 0)
			return;
	}
}

int lookups_take(struct lookups *l, unsigned i, enum addr_family family,
		 struct addr out[static LOOKUP_MAX], const char **why)
{
	const int fd = row(l, i, family)->fd;

	*why = "no thread for the resolver";
	return fd < 0 ? NK_ERR_SYSTEM : lookup_take(fd, out, why);
}
