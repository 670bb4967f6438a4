/* What a gatherer's answers come to: its candidates, and the hint. */
#include "core/punch/gather_parts.h"

#define RATE_IDLE (50 * NK_MS) /* as if so long no foreign mapping had been seen before */

bool gather_answered(const struct exchange *e)
{
	return e != NULL && e->state == EXCHANGE_ANSWERED && e->error == 0;
}

bool gather_needs_fresh(const struct nat_hint *h)
{
	return h->ports == HINT_PORTS_KEPT &&
	       (h->mapping == HINT_MAPPING_AD || h->mapping == HINT_MAPPING_APD);
}

const struct exchange *gather_heard(const struct gather *g, unsigned family)
{
	for (unsigned i = 0; i < GATHER_BROKER; i++)
		if (gather_answered(g->broker[family][i]))
			return g->broker[family][i];
	return NULL;
}

enum hint_ports gather_ports(const struct gather *g, int *step)
{
	struct gather_port ports[GATHER_STEPS];
	unsigned count = 0;

	for (unsigned i = 0; i < GATHER_STEPS; i++)
		if (gather_answered(g->step[i]))
			ports[count++] = (struct gather_port){
				.local = g->own[GATHER_STEP + i].port,
				.mapped = g->step[i]->xor_mapped.port,
			};
	return gather_judge_ports(ports, count, step);
}

const struct exchange *gather_newest_step(const struct gather *g)
{
	for (unsigned i = GATHER_STEPS; i-- > 0;)
		if (gather_answered(g->step[i]))
			return g->step[i];
	return NULL;
}

static struct addr seen_at(const struct exchange *e)
{
	return gather_answered(e) ? e->xor_mapped : (struct addr){.port = 0};
}

enum hint_mapping gather_mapping(const struct gather *g)
{
	const struct addr port = seen_at(g->dest[DEST_PORT]), ip = seen_at(g->dest[DEST_IP]);
	const struct addr both = seen_at(g->dest[DEST_BOTH]);
	const struct addr primary = seen_at(g->asker < 0 ? NULL : g->step[g->asker]);

	return gather_judge_mapping(&primary, &port, &ip, &both);
}

/* What the peer needs most takes its place first: how the broker sees us. */
static void list_candidates(struct gather *g)
{
	const struct gather_config *c = &g->config;
	struct candidates *out = &g->result.candidates, all = {.count = 0};

	for (unsigned f = 0; f < 2; f++)
		if (gather_heard(g, f) != NULL)
			candidates_add(&all, CANDIDATE_SERVER_REFLEXIVE,
				       &gather_heard(g, f)->xor_mapped);
	if (g->result.fresh) {
		const struct addr fresh =
			addr_with_port(gather_heard(g, 0)->xor_mapped, g->own[GATHER_OWN].port);

		candidates_add(&all, CANDIDATE_SERVER_REFLEXIVE, &fresh);
	}
	for (unsigned i = 0; i < c->host_count; i++) {
		const unsigned f = addr_family(&c->hosts[i]) == ADDR_V6;
		const struct addr host = addr_with_port(c->hosts[i], c->local[f].port);

		if (c->have[f])
			candidates_add(&all, CANDIDATE_HOST, &host);
	}
	for (unsigned kind = CANDIDATE_HOST; kind <= CANDIDATE_SERVER_REFLEXIVE; kind++)
		for (unsigned i = 0; i < all.count; i++)
			if (all.list[i].kind == kind)
				out->list[out->count++] = all.list[i];
}

/* Between the step's last mapping and the last of all, what was not ours? */
static uint16_t foreign_per_minute(const struct gather *g, const struct exchange *from)
{
	const int moved = g->last->xor_mapped.port - from->xor_mapped.port;
	const int ours = g->result.hint.mapping == HINT_MAPPING_APD ? GATHER_DESTS + 1 : 2;
	const int foreign = moved / g->result.hint.step - ours;
	const nk_time span = g->last->first_sent - from->first_sent + RATE_IDLE;

	if (foreign <= 0)
		return 0;
	return (uint16_t)nk_min(foreign * 60 * NK_S / span, UINT16_MAX);
}

static void judge_ports(struct gather *g)
{
	struct nat_hint *h = &g->result.hint;
	const struct exchange *newest = gather_newest_step(g);
	int step = 0;

	h->ports = gather_ports(g, &step);
	h->step = (int16_t)step;
	if (newest == NULL)
		return;
	h->last_port = newest->xor_mapped.port;
	if (h->ports != HINT_PORTS_SEQUENTIAL || !gather_answered(g->last))
		return;
	h->last_port = g->last->xor_mapped.port;
	h->per_minute = foreign_per_minute(g, newest);
}

static void judge_ttl(struct gather *g)
{
	unsigned came[GATHER_TTLS + 1] = {0};

	for (unsigned k = 0; k <= GATHER_TTLS; k++)
		for (unsigned i = 0; i < GATHER_TRIES; i++)
			came[k] += gather_answered(g->change[k][i]);
	g->result.hint.opener_ttl = gather_judge_ttl(came);
}

static void take_hint(struct gather *g)
{
	g->result.hint = g->config.hint;
	if (gather_heard(g, 0) != NULL)
		g->result.hint.last_port = gather_heard(g, 0)->xor_mapped.port;
}

static void judge_hint(struct gather *g)
{
	g->result.hint.mapping = gather_mapping(g);
	g->result.hint.broker_hops = g->hops;
	judge_ports(g);
	judge_ttl(g);
}

void gather_conclude(struct gather *g)
{
	g->result.server_heard = gather_heard(g, 0) != NULL || gather_heard(g, 1) != NULL;
	g->result.rtt = g->exchanges.rtt;
	if (g->config.quick)
		take_hint(g);
	else
		judge_hint(g);
	g->result.fresh = gather_needs_fresh(&g->result.hint) && gather_heard(g, 0) != NULL &&
			  g->own[GATHER_OWN].state == OPEN;
	list_candidates(g);
}
