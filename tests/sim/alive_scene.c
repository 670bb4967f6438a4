#include "alive_scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alive_client.h"
#include "core/broker/broker.h"
#include "sim/world.h"

#define DAY          (86400 * NK_S)
#define HOUR         (3600 * NK_S)
#define BURST_MOST   (5 * NK_S)
#define ORACLE_SHARE 0.9
#define LONGER       1.02 /* times as long: worth a hello */
#define WALK_A_DAY   0.05
#define DEAD_WAIT    (2 * HOUR)
#define LIVE_PORT    5000

double alive_timeout(const struct nat_spec *spec)
{
	return nk_seconds(spec->t_stream);
}

/**
 * struct play - A scene while it is played
 * @rng:	Of what happens to it; the world has one of its own
 * @dark_since:	When the mapping was gone, or NK_NEVER; @dark: for how long it was, in all
 * @look_at, @burst_at, @tune_at: When there is something to be done
 * @bursting:	Nothing comes through until @burst_at
 */
struct play {
	const struct alive_scene *scene;
	struct alive_result *out;
	bool verbose;
	struct rng rng, ends_rng[2];
	struct world *world;
	int nat, client_host;
	struct link_spec link;
	struct alive_client client;
	struct alive_end far;
	struct broker *broker;
	struct alive_meter meters[3];
	unsigned lost;
	nk_time dark_since, dark;
	nk_time look_at, burst_at, tune_at;
	bool bursting;
};

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "alive: no memory, or no room in the world\n");
	abort();
}

/* Setting up */

static struct nat_spec nat_of(const struct alive_scene *s)
{
	struct nat_spec n = s->preset->spec;

	n.external[0] = addr_v4(203, 0, 113, 1, 0);
	n.external_count = 1;
	n.drift_after = (nk_time)(s->days * (double)DAY / 3);
	if (s->drift == ALIVE_GROWS || s->drift == ALIVE_SHRINKS)
		n.drift_step = s->drift == ALIVE_GROWS ? 2 : 0.5;
	if (s->drift == ALIVE_WALKS)
		n.drift_walk = WALK_A_DAY;
	return n;
}

static struct keepalive_terms terms_of(const struct alive_scene *s)
{
	static const uint8_t algorithms[ALIVE_WAYS] = {
		[ALIVE_TURNS] = KEEPALIVE_TURNS,     [ALIVE_FIXED] = KEEPALIVE_FIXED,
		[ALIVE_LEARNED] = KEEPALIVE_LEARNED, [ALIVE_OPENER] = KEEPALIVE_OPENER,
		[ALIVE_NONE] = KEEPALIVE_NONE,       [ALIVE_ORACLE] = KEEPALIVE_FIXED,
	};
	const double drawn = nk_seconds(KEEPALIVE_DRAWN), turn = nk_seconds(KEEPALIVE_INTERVAL);

	return (struct keepalive_terms){
		.algorithm = algorithms[s->way],
		.interval_s = s->way == ALIVE_NONE    ? 0
			      : s->way == ALIVE_TURNS ? turn
						      : drawn,
	};
}

static struct addr far_address(void)
{
	return addr_v4(192, 0, 2, 7, LIVE_PORT);
}

static int attach(struct play *p, unsigned which, const struct addr *address, int behind,
		  const struct core_ops *ops, void *core)
{
	const int host = world_add_host(p->world, address, 1, behind);

	need(host >= 0);
	p->meters[which] = (struct alive_meter){.ops = ops, .core = core};
	world_attach(p->world, host, &alive_meter_ops, &p->meters[which]);
	return host;
}

static void set_learner(struct play *p)
{
	const struct addr address = addr_v4(192, 0, 2, 1, 0);
	const struct learner_config config = {
		.first_id = 1,
		.server = addr_with_port(address, 3478),
		.probe_service = true,
		.floor = KEEPALIVE_INTERVAL,
		.longest = HOUR,
		.below_floor = true,
		.risk = 0.001,
	};
	struct broker_config b = broker_default_config();
	uint8_t seed[32] = {1};

	b.listen[0] = address;
	b.listen_count = 1;
	b.sessions_max = b.trials_max = 64;
	b.registrations_max = 1;
	p->broker = broker_new(&b, seed);
	need(p->broker != NULL);
	broker_start(p->broker, 0);
	attach(p, 2, &address, -1, &broker_ops, p->broker);
	p->client.learner = learner_new(&config, &p->ends_rng[0], 0);
	need(p->client.learner != NULL);
}

static void set_ends(struct play *p, int nat)
{
	const struct addr here = addr_v4(100, 64, 0, 2, LIVE_PORT), there = far_address();
	struct keepalive_config config = {
		.terms = terms_of(p->scene),
		.first = true,
		.gap = KEEPALIVE_GAP,
		.tries = KEEPALIVE_TRIES,
		.rng = &p->ends_rng[0],
	};

	alive_end_start(&p->client.end, &config, &here, &there);
	p->client_host = attach(p, 0, &here, nat, &alive_client_ops, &p->client);
	config.first = false;
	config.rng = &p->ends_rng[1];
	alive_end_start(&p->far, &config, &there, &(struct addr){.port = 0});
	attach(p, 1, &there, -1, &alive_end_ops, &p->far);
}

static nk_time drawn(struct play *p, nk_time mean)
{
	return (nk_time)(-log(1 - rng_unit(&p->rng)) * (double)mean);
}

static void set(struct play *p)
{
	static const double loss[ALIVE_LOSSES] = {[ALIVE_LOSS_2] = 0.02, [ALIVE_LOSS_5] = 0.05};
	const struct nat_spec nat = nat_of(p->scene);
	const uint64_t seed = p->scene->seed;

	rng_seed_from_number(&p->rng, 4 * seed + 1);
	rng_seed_from_number(&p->ends_rng[0], 4 * seed + 2);
	rng_seed_from_number(&p->ends_rng[1], 4 * seed + 3);
	p->world = world_new(4 * seed);
	need(p->world != NULL);
	p->nat = world_add_nat(p->world, &nat, world_add_router(p->world, -1));
	need(p->nat >= 0);
	p->link = (struct link_spec){
		.delay = 20 * NK_MS, .jitter = 2 * NK_MS, .loss = loss[p->scene->loss]};
	world_set_nat_link(p->world, p->nat, &p->link, &p->link);
	set_ends(p, p->nat);
	if (p->scene->way == ALIVE_LEARNED)
		set_learner(p);
	p->dark_since = NK_NEVER;
	p->burst_at = p->scene->loss == ALIVE_LOSS_BURSTS ? drawn(p, HOUR) : NK_NEVER;
	p->tune_at = p->scene->way == ALIVE_ORACLE ? 0 : NK_NEVER;
}

static void strike(struct play *p)
{
	learner_free(p->client.learner);
	broker_free(p->broker);
	world_free(p->world);
}

/* What happens */

static void burst(struct play *p, nk_time now)
{
	struct link_spec link = p->link;

	p->bursting = !p->bursting;
	if (p->bursting)
		link.loss = 1;
	world_set_nat_link(p->world, p->nat, &link, &link);
	p->burst_at = now + (p->bursting ? (nk_time)(rng_unit(&p->rng) * (double)BURST_MOST)
					 : drawn(p, HOUR));
}

static nk_time timeout_now(const struct play *p)
{
	return nk_from_seconds(alive_timeout(&p->scene->preset->spec) *
			       nat_stretch_of(p->world, p->nat));
}

/* A timer that is longer now runs from the next packet on only. */
static void tune(struct play *p, nk_time now)
{
	const nk_time interval = (nk_time)(ORACLE_SHARE * (double)timeout_now(p));

	p->tune_at = now + HOUR;
	if ((double)interval > LONGER * (double)p->client.end.tell)
		alive_end_retime(&p->client.end, interval, true, now);
	else if (interval < p->client.end.tell)
		alive_end_retime(&p->client.end, interval, false, now);
	world_tell(p->world, p->client_host, &(struct event){.kind = EVENT_RESUMED});
}

static void tell(const struct play *p, const char *what, nk_time now)
{
	if (p->verbose)
		printf("%10.4f d  %s; interval %.3f s, timeout %.3f s\n", nk_seconds(now) / 86400,
		       what, p->client.end.config.terms.interval_s, nk_seconds(timeout_now(p)));
}

static void go_dark(struct play *p, nk_time now)
{
	p->dark_since = now;
	p->lost++;
	tell(p, "lost", now);
}

static void go_light(struct play *p, nk_time now)
{
	p->dark += now - p->dark_since;
	p->dark_since = NK_NEVER;
	tell(p, "there again", now);
}

/* While it is there it will be until its timer ends; if not, the longer the more rarely one looks. */
static void look(struct play *p, nk_time now)
{
	const struct addr from = far_address();
	const nk_time until = p->far.other.port == 0
				      ? now
				      : nat_lets_in_until(p->world, p->nat, &from, &p->far.other);

	p->look_at = until;
	if (until > now) {
		if (p->dark_since != NK_NEVER)
			go_light(p, now);
		return;
	}
	if (p->dark_since == NK_NEVER && p->client.end.ups > 0)
		go_dark(p, now);
	p->look_at =
		now + (p->dark_since == NK_NEVER ? NK_S
						 : nk_max(100 * NK_MS, (now - p->dark_since) / 16));
}

static void happen(struct play *p, nk_time now)
{
	if (p->burst_at <= now)
		burst(p, now);
	if (p->tune_at <= now)
		tune(p, now);
	if (p->look_at <= now)
		look(p, now);
}

static void run_until(struct play *p, nk_time end)
{
	nk_time next;

	do {
		next = nk_min(nk_min(p->look_at, p->burst_at), nk_min(p->tune_at, end));
		world_run(p->world, NULL, next);
		if (next < end)
			happen(p, next);
	} while (next < end);
}

static void some_time(struct play *p)
{
	run_until(p, world_now(p->world) + (nk_time)(rng_unit(&p->rng) * (double)(60 * NK_S)));
}

static void conclude(struct play *p)
{
	struct alive_result *out = p->out;

	if (p->dark_since != NK_NEVER)
		go_light(p, world_now(p->world));
	for (unsigned i = 0; i < 3; i++) {
		out->packets += p->meters[i].packets;
		out->bytes += p->meters[i].bytes;
	}
	out->lost = p->lost;
	out->dark_s = p->lost == 0 ? 0 : nk_seconds(p->dark) / p->lost;
	out->opened = p->client.end.ups;
	out->interval_s = p->client.end.config.terms.interval_s;
	out->timeout_s = nk_seconds(timeout_now(p));
	out->done = true;
}

/* The NAT reboots at some moment. */
static void reboot(struct play *p)
{
	nk_time at;

	some_time(p);
	at = world_now(p->world);
	need(world_reboot_nat(p->world, p->nat));
	p->dark = 0;
	look(p, at);
	while (p->dark == 0 && world_now(p->world) < at + HOUR)
		run_until(p, nk_min(p->look_at + 1, at + HOUR));
	p->out->back_s = nk_seconds(world_now(p->world) - at);
	run_until(p, at + HOUR);
	if (p->dark_since != NK_NEVER)
		go_light(p, at + HOUR);
	p->out->back_dark = (double)p->dark / (double)HOUR;
}

/* The far end dies at some moment. */
static void die(struct play *p)
{
	nk_time died;

	some_time(p);
	died = world_now(p->world);
	p->out->dead_s = -1;
	if (!alive_end_is_up(&p->client.end))
		return;
	p->far.gone = true;
	while (alive_end_is_up(&p->client.end)) {
		const nk_time next = alive_end_deadline(&p->client.end);

		if (next > died + DEAD_WAIT)
			return;
		run_until(p, next);
	}
	p->out->dead_s = nk_seconds(world_now(p->world) - died);
}

void alive_scene_play(const struct alive_scene *s, bool verbose, struct alive_result *out)
{
	struct play p = {.scene = s, .out = out, .verbose = verbose};

	*out = (struct alive_result){.done = false};
	set(&p);
	run_until(&p, (nk_time)(s->days * (double)DAY));
	conclude(&p);
	reboot(&p);
	die(&p);
	out->late = (unsigned)world_stats(p.world)->late;
	strike(&p);
}
