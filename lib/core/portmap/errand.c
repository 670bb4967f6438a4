#include "core/portmap/portmap_parts.h"

void errand_begin(struct portmap *p, enum portmap_protocol protocol, enum errand_task task,
		  nk_time now)
{
	p->errand = (struct errand){.under_way = true, .protocol = protocol, .task = task};
	if (protocol == PORTMAP_UPNP)
		igd_begin(p, now);
	else
		gateway_begin(p, now);
}

void errand_end(struct errand *e, enum portmap_why why, unsigned code)
{
	e->done = true;
	e->why = why;
	e->code = code;
}

void errand_grant(struct portmap *p, const struct addr *external, uint32_t lease_s)
{
	struct errand *e = &p->errand;
	enum portmap_why why = PORTMAP_OK;

	if (external->port == 0 || (lease_s == 0 && e->protocol != PORTMAP_UPNP))
		why = PORTMAP_LIED;
	else if (p->config.strict && external->port != p->port)
		why = PORTMAP_NOT_AS_ASKED;
	e->external = *external;
	e->lease_s = lease_s < PORTMAP_LEASE_MAX ? lease_s : PORTMAP_LEASE_MAX;
	errand_end(e, why, 0);
}
