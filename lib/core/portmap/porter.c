#include "core/portmap/porter.h"

#include <stdlib.h>

#include "core/portmap/announced.h"

#define NEWS_MAX    32
#define GATE_SOCKET (ANNOUNCED_SOCKET + ANNOUNCED_SOCKETS)

/**
 * struct porter - All gates
 * @told:	How each stood when that was told last
 * @news:	@news_count events that nobody has taken yet, the oldest at @news_first
 */
struct porter {
	struct porter_options options;
	struct rng rng;
	struct upnp_line line;
	struct announced announced;
	struct gate *gates[PORTER_GATES_MAX];
	struct gate_result told[PORTER_GATES_MAX];
	struct porter_event news[NEWS_MAX];
	unsigned news_first, news_count;
};

/* @config as the gate is to have it. */
static struct gate_config complete(struct porter *p, unsigned i, const struct gate_config *config)
{
	struct gate_config c = *config;

	c.map.first_socket = GATE_SOCKET + i * GATE_SOCKETS;
	c.map.announced = announced_socket(announced_place(addr_family(&c.map.gateway)));
	c.map.upnp = p->options.upnp ? &p->line : NULL;
	return c;
}

struct porter *porter_new(const struct porter_options *options, const uint8_t seed[static 32])
{
	struct porter *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->options = *options;
	rng_seed(&p->rng, seed);
	upnp_line_init(&p->line, PORTER_STREAM);
	for (unsigned i = 0; i < options->gate_count; i++) {
		const struct gate_config config = complete(p, i, &options->gates[i]);

		announced_want(&p->announced, announced_place(addr_family(&config.map.gateway)));
		p->gates[i] = gate_new(&config, &p->rng);
		if (p->gates[i] == NULL) {
			porter_free(p);
			return NULL;
		}
		p->told[i] = *gate_result(p->gates[i]);
	}
	return p;
}

void porter_free(struct porter *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->options.gate_count; i++)
		gate_free(p->gates[i]);
	crypto_wipe(p, sizeof(*p));
	free(p);
}

static void put_news(struct porter *p, const struct porter_event *e)
{
	if (p->news_count == NEWS_MAX) {
		p->news_first = (p->news_first + 1) % NEWS_MAX;
		p->news_count--;
	}
	p->news[(p->news_first + p->news_count++) % NEWS_MAX] = *e;
}

static void look_for_news(struct porter *p, unsigned i, nk_time now)
{
	const struct gate_result *is = gate_result(p->gates[i]), *was = &p->told[i];
	const bool same = is->state == was->state && is->mapping.state == was->mapping.state &&
			  is->mapping.renewals == was->mapping.renewals &&
			  addr_eq(&is->mapping.external, &was->mapping.external);

	if (same)
		return;
	put_news(p, &(struct porter_event){.gate = i, .at = now, .before = *was, .now = *is});
	p->told[i] = *is;
}

static void tell_all(struct porter *p, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i < p->options.gate_count; i++) {
		if (ev->kind == EVENT_STOP)
			gate_release(p->gates[i], now);
		else
			gate_doubt(p->gates[i], now);
	}
}

void porter_input(struct porter *p, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_STOP || ev->kind == EVENT_NETWORK || ev->kind == EVENT_RESUMED) {
		tell_all(p, ev, now);
		return;
	}
	/* What is announced is for all gates, and an answer on the line for whoever has asked. */
	if (announced_input(ev))
		return;
	upnp_line_input(&p->line, ev);
	for (unsigned i = 0; i < p->options.gate_count; i++)
		if (gate_input(p->gates[i], ev, now))
			return;
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct porter *p = core;

	if (announced_output(&p->announced, action) || upnp_line_output(&p->line, action))
		return true;
	for (unsigned i = 0; i < p->options.gate_count; i++) {
		const bool acts = gate_output(p->gates[i], action, now);

		look_for_news(p, i, now);
		if (acts)
			return true;
	}
	/* A gate may have asked something meanwhile. */
	return upnp_line_output(&p->line, action);
}

static nk_time deadline(const void *core)
{
	const struct porter *p = core;
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < p->options.gate_count; i++)
		at = nk_min(at, gate_deadline(p->gates[i]));
	return at;
}

static int status(const void *core)
{
	const struct porter *p = core;

	for (unsigned i = 0; i < p->options.gate_count; i++)
		if (gate_status(p->gates[i]) == CORE_BUSY)
			return CORE_BUSY;
	return CORE_DONE;
}

void porter_doubt(struct porter *p, unsigned i, const struct gate_config *config, nk_time now)
{
	gate_doubt_way(p->gates[i], config, now);
	look_for_news(p, i, now);
}

void porter_move(struct porter *p, unsigned i, const struct gate_config *config, nk_time now)
{
	const struct gate_config c = complete(p, i, config);

	gate_move(p->gates[i], &c, now);
}

bool porter_event(struct porter *p, struct porter_event *out)
{
	if (p->news_count == 0)
		return false;
	*out = p->news[p->news_first];
	p->news_first = (p->news_first + 1) % NEWS_MAX;
	p->news_count--;
	return true;
}

const struct gate_result *porter_gate(const struct porter *p, unsigned i)
{
	return gate_result(p->gates[i]);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	porter_input(core, ev, now);
}

const struct core_ops porter_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
