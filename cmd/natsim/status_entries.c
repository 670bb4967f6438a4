#include <stdlib.h>
#include <string.h>

#include "status.h"

#define GROW 64

struct entries {
	struct nat_entry *list;
	unsigned count, room;
};

static void collect(void *user, const struct nat_entry *e)
{
	struct entries *x = user;

	if (x->count == x->room) {
		const unsigned room = 2 * x->room + GROW;
		struct nat_entry *more = realloc(x->list, room * sizeof(*more));

		if (more == NULL)
			return;
		x->list = more;
		x->room = room;
	}
	x->list[x->count++] = *e;
}

static int compare(const void *a, const void *b)
{
	const struct nat_entry *x = a, *y = b;
	int order = (int)x->kind - (int)y->kind;

	if (order == 0)
		order = memcmp(x->inside.ip, y->inside.ip, sizeof(x->inside.ip));
	if (order == 0)
		order = (int)x->inside.port - (int)y->inside.port;
	if (order == 0)
		order = memcmp(x->remote.ip, y->remote.ip, sizeof(x->remote.ip));
	if (order == 0)
		order = (int)x->remote.port - (int)y->remote.port;
	return order;
}

struct nat_entry *status_entries(const struct status *s, unsigned node, unsigned *count)
{
	struct nat *nat = net_nat(s->net, (int)node);
	struct entries x = {.list = NULL};

	if (nat != NULL)
		nat_each(nat, s->now, collect, &x);
	if (x.count > 0)
		qsort(x.list, x.count, sizeof(*x.list), compare);
	*count = x.count;
	return x.list;
}
