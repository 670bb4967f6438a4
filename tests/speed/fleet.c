/*
 * Many hosts that talk to one broker over a TUN device, which must be there with a route to 100.64.0.0/10
 * over it. Prints one JSON object.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "fleet_clock.h"
#include "fleet_flood.h"
#include "fleet_hold.h"
#include "fleet_roll.h"

#define IDENTITIES 1000

/**
 * struct settings - What is to be done
 * @what:	Operand
 * @joins:	Hosts that join while others are held
 * @rings:	Keys that are rung, and those that joined besides
 */
struct settings {
	const char *what, *device, *state;
	struct addr server;
	unsigned hosts, joins, rings;
	struct fleet_plan plan;
};

static int take_what(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	(void)why;
	s->what = value;
	return 0;
}

static int take_server(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	snprintf(why, OPTIONS_WHY, "give a numeric IPv4 address, with a port or without");
	return addr_parse(&s->server, value, STUN_PORT);
}

#define AT(field) offsetof(struct settings, field)
static const struct option_spec options[] = {
	{.name = "device",
	 .argument = "NAME",
	 .help = "The TUN device.",
	 .kind = OPTION_STRING,
	 .offset = AT(device)},
	{.name = "server",
	 .argument = "ADDR",
	 .help = "The broker.",
	 .kind = OPTION_CALL,
	 .call = take_server},
	{.name = "state",
	 .argument = "FILE",
	 .help = "roll: where to write.",
	 .kind = OPTION_STRING,
	 .offset = AT(state)},
	{.name = "hosts",
	 .argument = "N",
	 .help = "How many hosts.",
	 .kind = OPTION_COUNT,
	 .offset = AT(hosts),
	 .min = 1,
	 .max = FLEET_HOSTS},
	{.name = "turns",
	 .help = "Keepalives by turns; else by the first side at an interval.",
	 .kind = OPTION_FLAG,
	 .offset = AT(plan.turns)},
	{.name = "interval",
	 .argument = "TIME",
	 .help = "Between two keepalives.",
	 .kind = OPTION_DURATION,
	 .offset = AT(plan.interval),
	 .min = 1,
	 .max = 60},
	{.name = "time",
	 .argument = "TIME",
	 .help = "How long.",
	 .kind = OPTION_DURATION,
	 .offset = AT(plan.length),
	 .min = 0.1,
	 .max = 600},
	{.name = "joins",
	 .argument = "N",
	 .help = "hold: hosts that join meanwhile.",
	 .kind = OPTION_COUNT,
	 .offset = AT(joins),
	 .min = 0,
	 .max = IDENTITIES},
	{.name = "join-from",
	 .argument = "TIME",
	 .help = "hold: since when.",
	 .kind = OPTION_DURATION,
	 .offset = AT(plan.join_from),
	 .min = 0,
	 .max = 600},
	{.name = "join-rate",
	 .argument = "N",
	 .help = "hold: how many each second.",
	 .kind = OPTION_COUNT,
	 .offset = AT(plan.join_per_s),
	 .min = 1,
	 .max = 10000},
	{.name = "rings",
	 .argument = "N",
	 .help = "hold: keys that are rung, besides those that joined.",
	 .kind = OPTION_COUNT,
	 .offset = AT(rings),
	 .min = 0,
	 .max = 100000},
	{.name = "ring-at",
	 .argument = "TIME",
	 .help = "hold: when.",
	 .kind = OPTION_DURATION,
	 .offset = AT(plan.ring_at),
	 .min = 0,
	 .max = 600},
};

static const struct command_spec command = {
	.name = "fleet",
	.about = "Many hosts that talk to one broker. flood: plain STUN Binding requests as fast "
		 "as they "
		 "leave. prove: registrations with proof of key, one after the other. hold: "
		 "registered "
		 "hosts keep themselves alive. roll: writes the ledger with which the broker knows "
		 "the hosts of hold.",
	.operands = "flood | prove | hold | roll",
	.operand = take_what,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static void flood(struct fleet_tun *t, const struct settings *s)
{
	const struct fleet_flood f = fleet_flood(t, s->hosts, s->plan.length);

	printf("{\"sent\":%" PRIu64 ",\"answers\":%" PRIu64 ",\"looked_at\":%" PRIu64
	       ",\"wrong\":%" PRIu64 ",\"took_s\":%.3f}\n",
	       f.sent, f.answers, f.looked_at, f.wrong, nk_seconds(f.took));
}

/* To prove is all that it does: the plan without members. */
static void prove(struct fleet_tun *t, const struct settings *s)
{
	struct fleet_plan plan = s->plan;
	struct fleet_members members;
	struct fleet_join join;

	fleet_members_init(&members, s->hosts * FLEET_PORTS, 0);
	fleet_join_init(&join, t, &members, 0, s->hosts, IDENTITIES);
	plan.interval = 60 * NK_S;
	plan.join_per_s = s->hosts;
	fleet_join_offer(&join, &(struct keepalive_terms){KEEPALIVE_FIXED, 60});
	fleet_hold(&plan, &members, &join, NULL);
	printf("{\"joined\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"repeated\":%" PRIu64
	       ",\"took_s\":%.3f}\n",
	       join.joined, join.refused, join.repeated, nk_seconds(plan.length));
}

/* What an interval is before it is drawn (core/keepalive/keepalive.h): it is the mean that we are told. */
static struct keepalive_terms terms_of(const struct fleet_plan *plan)
{
	const double mean = nk_seconds(plan->interval);

	return plan->turns ? (struct keepalive_terms){KEEPALIVE_TURNS, mean}
			   : (struct keepalive_terms){KEEPALIVE_FIXED, mean / 0.9};
}

static void key_of(void *user, uint8_t out[static CRYPTO_KEY], uint32_t host)
{
	const struct fleet_join *join = user;

	if (host < join->members->rolled)
		fleet_key(out, host);
	else
		memcpy(out, fleet_join_key(join, host), CRYPTO_KEY);
}

/* Rolled hosts at random, then all that may have joined. */
static void choose(struct fleet_ring *ring, const struct settings *s, const struct fleet_join *join)
{
	uint32_t *callee = calloc(s->rings + s->joins + 1, sizeof(*callee));
	struct rng rng;

	rng_seed_from_number(&rng, 2);
	ring->rung = calloc(s->rings + s->joins + 1, 1);
	if (callee == NULL || ring->rung == NULL)
		exit(EXIT_INTERNAL);
	for (uint32_t i = 0; i < s->rings; i++)
		callee[i] = rng_below(&rng, s->hosts);
	for (uint32_t i = 0; i < s->joins; i++)
		callee[s->rings + i] = join->begin + i * FLEET_PORTS;
	ring->callee = callee;
	ring->count = s->rings + s->joins;
	ring->caller = join->end;
}

static void hold(struct fleet_tun *t, const struct settings *s)
{
	const uint32_t first = (s->hosts + FLEET_PORTS - 1) / FLEET_PORTS * FLEET_PORTS;
	const struct keepalive_terms terms = terms_of(&s->plan);
	struct fleet_ring ring = {.tun = t, .key_of = key_of};
	struct fleet_members members;
	struct fleet_counts n;
	struct fleet_join join;

	fleet_members_init(&members, first + s->joins * FLEET_PORTS, s->hosts);
	fleet_roll_tell(&members);
	fleet_join_init(&join, t, &members, first, s->joins, s->joins);
	fleet_join_offer(&join, &terms);
	choose(&ring, s, &join);
	ring.user = &join;
	fprintf(stderr, "begins\n");
	n = fleet_hold(&s->plan, &members, &join, ring.count > 0 ? &ring : NULL);
	printf("{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"hellos\":%" PRIu64
	       ",\"refreshed\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"forgotten\":%" PRIu64
	       ",\"wrong\":%" PRIu64 ",\"late_ms\":%u,\"slowest_ms\":%u,\"joined\":%" PRIu64
	       ",\"rings\":%u,\"rang\":%u,\"packets_out\":%" PRIu64 ",\"packets_in\":%" PRIu64
	       ",\"bytes_out\":%" PRIu64 ",\"bytes_in\":%" PRIu64 ",\"took_s\":%.3f}\n",
	       n.sent, n.answered, n.hellos, n.refreshed, n.lost, n.forgotten, n.wrong, n.late_ms,
	       n.slowest_ms, join.joined, ring.count, ring.rang, t->sent, t->received, t->bytes_out,
	       t->bytes_in, nk_seconds(s->plan.length));
}

int main(int argc, char *argv[])
{
	struct settings s = {.device = "fleet",
			     .server = addr_v4(192, 0, 2, 1, STUN_PORT),
			     .hosts = 1,
			     .plan = {.interval = 15 * NK_S, .length = NK_S, .join_per_s = 100}};
	static struct fleet_tun tun;
	int status;

	log_setup("fleet", LOG_COMMAND, LEVEL_INFO);
	status = options_parse(&command, &s, argc, argv, NULL);
	if (status != OPTIONS_GO_ON)
		return status;
	if (s.what == NULL || crypto_init() != 0)
		return EXIT_USAGE;
	if (strcmp(s.what, "roll") == 0 && s.state != NULL) {
		const struct keepalive_terms terms = terms_of(&s.plan);

		fleet_roll_write(s.state, s.hosts, &s.server, &terms);
		return EXIT_YES;
	}
	fleet_tun_open(&tun, s.device, &s.server);
	if (strcmp(s.what, "flood") == 0)
		flood(&tun, &s);
	else if (strcmp(s.what, "prove") == 0)
		prove(&tun, &s);
	else if (strcmp(s.what, "hold") == 0)
		hold(&tun, &s);
	else
		return EXIT_USAGE;
	return EXIT_YES;
}
