#include "router.h"

#include <string.h>
#include <unistd.h>

#include "core/portmap/protocol.h"
#include "desk/json_file.h"
#include "io/netinfo.h"
#include "link_file.h"

#define SCHEMA  "natkit.router/1"
#define NOISE   0.02
#define TOO_FEW 0.05 /* two failures, or one of late that followed many */

/* "Implemented in most routers at home, and generally turned off." */
static const struct link_prior prior = {0.2, 0.5, 1, 1, NOISE, 86400 * NK_S};

void router_begin(struct router *r, bool wanted, int64_t unix_us)
{
	*r = (struct router){.wanted = wanted, .worker = {.fd = -1}, .unix_us = unix_us};
	if (wanted)
		worker_start(&r->worker);
}

void router_end(struct router *r)
{
	if (r->wanted)
		worker_stop(&r->worker);
}

static bool read_root(void *into, const struct js_in *root)
{
	const struct js_in protocols = js_get(root, "protocols");
	struct router *r = into;
	struct link_belief read[PORTMAP_PROTOCOLS] = {{.yes = 0}};
	struct network network = r->network;

	if (!network_read(&network, root) || !js_is_object(&protocols))
		return false;
	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++) {
		const struct js_in one =
			js_get(&protocols, portmap_protocol_name((enum portmap_protocol)i));

		if (one.node != NULL && !link_read(&read[i], &one, r->unix_us))
			return false;
	}
	r->network = network;
	memcpy(r->belief, read, sizeof(read));
	return true;
}

static void open_file(struct router *r, const struct addr *towards, const char *interface)
{
	memset(r->belief, 0, sizeof(r->belief));
	r->path[0] = '\0';
	if (!network_find(&r->network, towards, interface))
		return;
	if (!network_place(r->path, &r->network, "routers"))
		r->path[0] = '\0';
	else if (access(r->path, F_OK) == 0)
		json_file_read(r->path, read_root, r);
}

static unsigned worth_asking(const struct router *r, nk_time now)
{
	unsigned protocols = 0;

	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++)
		if (link_belief_p(&r->belief[i], &prior, now) >= TOO_FEW)
			protocols |= PORTMAP_BIT(i);
	return protocols;
}

/* Behind a tunnel is no gateway that opens ports. */
static bool find(struct doors_config *d, const struct addr *towards, const char *interface)
{
	struct route_info way;

	if (addr_family(towards) != ADDR_V4 || netinfo_route(&way, towards, interface) != 0 ||
	    way.tunnel || addr_family(&way.gateway) != ADDR_V4)
		return false;
	d->gateway = addr_with_port(way.gateway, 0);
	d->local = addr_with_port(way.local, 0);
	return true;
}

void router_look(struct router *r, struct punch_options *options, const char *interface,
		 nk_time now)
{
	const struct addr *towards = &options->broker[0];
	struct doors_config d = {.upnp = r->worker.fd >= 0};
	const struct doors_config *was = &options->call.doors;

	if (!r->wanted || !find(&d, towards, interface)) {
		options->call.doors = (struct doors_config){.protocols = 0};
		return;
	}
	if (addr_eq(&was->gateway, &d.gateway) && addr_eq(&was->local, &d.local))
		return;
	open_file(r, towards, interface);
	d.protocols = options->mode == PUNCH_LISTEN ? PORTMAP_ALL : worth_asking(r, now);
	options->call.doors = d;
}

static void save(const struct router *r)
{
	bool failed;
	struct js root, protocols;

	if (r->path[0] == '\0')
		return;
	root = js_object(&failed);
	js_put_text(root, "schema", SCHEMA);
	network_json(root, &r->network);
	protocols = js_put_object(root, "protocols");
	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++)
		link_put(protocols, portmap_protocol_name((enum portmap_protocol)i), &r->belief[i],
			 r->unix_us);
	json_file_keep(r->path, root);
	js_free(root);
}

/* In another prefix than before it is another network, and what was known of it counts no more. */
static void look_from_outside(struct router *r, const struct natpunch *run)
{
	struct call_report call;

	for (unsigned i = 0; natpunch_call(run, i, &call); i++)
		for (unsigned k = 0; k < call.gathered.candidates.count; k++)
			if (call.gathered.candidates.list[k].kind == CANDIDATE_SERVER_REFLEXIVE &&
			    network_seen(&r->network, &call.gathered.candidates.list[k].addr))
				memset(r->belief, 0, sizeof(r->belief));
}

void router_learn(struct router *r, const struct natpunch *run, nk_time now)
{
	const struct doors_found found = natpunch_doors(run);

	if (found.worked == 0 && found.failed == 0)
		return;
	look_from_outside(r, run);
	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++)
		if (((found.worked | found.failed) & PORTMAP_BIT(i)) != 0)
			link_belief_add(&r->belief[i], &prior, (found.worked & PORTMAP_BIT(i)) != 0,
					now);
	save(r);
}
