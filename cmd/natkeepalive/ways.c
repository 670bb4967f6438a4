#include "ways.h"

#include <string.h>
#include <unistd.h>

#include "io/links.h"
#include "io/wakes.h"

/* Without a way all is zero. */
static void look(struct route_info *out, const struct ways *w, unsigned i)
{
	*out = (struct route_info){.mtu = 0};
	netinfo_route(out, &w->to[i], w->interface);
}

static bool same(const struct route_info *a, const struct route_info *b)
{
	return strcmp(a->interface, b->interface) == 0 && addr_eq(&a->local, &b->local) &&
	       addr_eq(&a->gateway, &b->gateway);
}

void ways_start(struct ways *w, const struct keeper_options *o, const char *interface, int wake)
{
	*w = (struct ways){.interface = interface, .fd = links_open_routes()};
	for (unsigned i = o->target_count; i-- > 0;)
		w->to[addr_family(&o->targets[i].addr) == ADDR_V6] = o->targets[i].addr;
	for (unsigned i = 0; i < 2; i++)
		if (addr_family(&w->to[i]) != ADDR_NONE)
			look(&w->known[i], w, i);
	if (w->fd >= 0)
		wakes_add(wake, w->fd);
}

void ways_stop(struct ways *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

bool ways_changed(struct ways *w)
{
	bool changed = false;

	if (w->fd < 0 || !wakes_is_ready(w->fd))
		return false;
	links_drain(w->fd);
	for (unsigned i = 0; i < 2; i++) {
		struct route_info now;

		if (addr_family(&w->to[i]) == ADDR_NONE)
			continue;
		look(&now, w, i);
		changed = changed || !same(&now, &w->known[i]);
		w->known[i] = now;
	}
	return changed;
}
