#include "core/portmap/scouts.h"

#include <stdlib.h>

/**
 * struct scouts - State
 * @scouts:	NULL where there is nobody to ask, or no memory
 * @unheard:	Bits of protocols that were not known when it was stopped
 */
struct scouts {
	struct scouts_config config;
	struct rng *rng;
	struct upnp_line line;
	struct scout *scouts[SCOUTS_MAX];
	unsigned unheard[SCOUTS_MAX];
	bool stopped;
};

struct scouts *scouts_new(const struct scouts_config *config, struct rng *rng)
{
	struct scouts *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->config = *config;
	s->rng = rng;
	upnp_line_init(&s->line, config->upnp);
	return s;
}

void scouts_free(struct scouts *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < SCOUTS_MAX; i++)
		scout_free(s->scouts[i]);
	free(s);
}

void scouts_start(struct scouts *s, nk_time now)
{
	for (unsigned i = 0; i < s->config.count; i++) {
		const struct scout_config config = {
			.gateway = s->config.gateways[i],
			.local = s->config.locals[i],
			.first_socket = s->config.first_socket + i * SCOUT_SOCKETS,
			.upnp = s->config.upnp != 0 ? &s->line : NULL,
			.protocols = s->config.protocols,
			.limit = s->config.limit,
		};

		if (addr_family(&config.gateway) == ADDR_NONE || config.protocols == 0)
			continue;
		s->scouts[i] = scout_new(&config, s->rng, now);
	}
}

bool scouts_input(struct scouts *s, const struct event *ev, nk_time now)
{
	if (s->config.upnp != 0 && upnp_line_input(&s->line, ev))
		return true;
	for (unsigned i = 0; i < s->config.count; i++)
		if (s->scouts[i] != NULL && scout_input(s->scouts[i], ev, now))
			return true;
	return false;
}

bool scouts_output(struct scouts *s, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < s->config.count; i++)
		if (s->scouts[i] != NULL && scout_output(s->scouts[i], action, now))
			return true;
	return s->config.upnp != 0 && upnp_line_output(&s->line, action);
}

nk_time scouts_deadline(const struct scouts *s)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < s->config.count; i++)
		if (s->scouts[i] != NULL)
			at = nk_min(at, scout_deadline(s->scouts[i]));
	return at;
}

bool scouts_busy(const struct scouts *s)
{
	for (unsigned i = 0; i < s->config.count; i++)
		if (s->scouts[i] != NULL && scout_status(s->scouts[i]) == CORE_BUSY)
			return true;
	return false;
}

static unsigned unheard(const struct scouts *s, unsigned i)
{
	unsigned bits = 0;

	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (s->scouts[i] == NULL || !scout_knows(s->scouts[i], (enum portmap_protocol)p))
			bits |= PORTMAP_BIT(p);
	return bits;
}

void scouts_stop(struct scouts *s)
{
	for (unsigned i = 0; i < s->config.count && !s->stopped; i++) {
		s->unheard[i] = unheard(s, i);
		if (s->scouts[i] != NULL)
			scout_stop(s->scouts[i]);
	}
	s->stopped = true;
}

void scouts_result(const struct scouts *s, unsigned i, struct portmap_gateway *out)
{
	const unsigned bits = s->stopped ? s->unheard[i] : unheard(s, i);

	*out = (struct portmap_gateway){.gateway = s->config.gateways[i],
					.local = s->config.locals[i]};
	if (s->scouts[i] != NULL)
		*out = *scout_result(s->scouts[i]);
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (!out->offer[p].answers && (bits & PORTMAP_BIT(p)) != 0)
			out->offer[p].why = PORTMAP_UNHEARD;
}
