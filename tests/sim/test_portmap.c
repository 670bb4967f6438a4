/*
 * One mapping held for a day of virtual time: loss, reboots of the gateway, short and long leases. NATKIT_SEEDS
 * are so many worlds.
 */
#include <stdlib.h>

#include "core/portmap/portmap.h"
#include "gateway_rig.h"
#include "wire/ip.h"

#define SOCKETS   10 /* first id of the mapping's */
#define ANNOUNCED 9
#define PORT      4000
#define DAY       (86400 * NK_S)
#define EVERY     (10 * NK_S) /* looks at the NAT */
#define REBOOTS   3

/**
 * struct holder - A core that holds one mapping
 * @announced:	The socket for announcements was asked for
 */
struct holder {
	struct portmap *map;
	bool announced;
};

static void input(void *core, const struct event *ev, nk_time now)
{
	struct holder *h = core;

	portmap_input(h->map, ev, now);
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct holder *h = core;

	if (h->announced)
		return portmap_output(h->map, action, now);
	h->announced = true;
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = ANNOUNCED,
		.socket = SOCKET_UDP,
		.local = addr_any(ADDR_V4, PCP_CLIENT_PORT),
	};
	return true;
}

static nk_time deadline(const void *core)
{
	return portmap_deadline(((const struct holder *)core)->map);
}

static int status(const void *core)
{
	return portmap_status(((const struct holder *)core)->map);
}

static const struct core_ops ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

/**
 * struct day - One of them
 * @loss:	Of each direction of the LAN
 * @reboots:	When, in order
 * @looks, @held: How often the NAT was looked at, and the port was open
 * @told:	Of these looks those at which the mapping was said to be held
 */
struct day {
	struct gateway_rig rig;
	struct holder holder;
	struct rng rng;
	double loss;
	unsigned reboots;
	nk_time reboot_at[REBOOTS];
	unsigned looks, held, told;
};

static struct portmap_config config(void)
{
	return (struct portmap_config){
		.gateway = gateway_addr,
		.internal = addr_with_port(inside_addr, PORT),
		.ip_protocol = IP_UDP,
		.protocols = PORTMAP_BIT(PORTMAP_PCP) | PORTMAP_BIT(PORTMAP_NAT_PMP),
		.first_socket = SOCKETS,
		.limit = NK_S,
		.announced = ANNOUNCED,
	};
}

static nk_time any_time(struct rng *rng, nk_time below)
{
	return (nk_time)(rng_unit(rng) * (double)below);
}

static void ask(struct day *d)
{
	const struct portmap_config c = config();

	portmap_free(d->holder.map);
	d->holder = (struct holder){
		.map = portmap_new(&c, &d->rng, world_now(d->rig.world)),
	};
	assert_non_null(d->holder.map);
	world_attach(d->rig.world, d->rig.inside, &ops, &d->holder);
}

static void begin(struct day *d, const struct port_rules *rules, double loss, uint64_t seed)
{
	const struct link_spec link = {.delay = NK_MS, .jitter = NK_MS, .loss = loss};

	memset(d, 0, sizeof(*d));
	d->loss = loss;
	rng_seed_from_number(&d->rng, seed);
	gateway_rig_make(&d->rig, NULL, rules, seed);
	world_set_link(d->rig.world, d->rig.inside, &link, &link);
	world_run(d->rig.world, NULL, NK_MS);
	ask(d);
}

static void end(struct day *d)
{
	portmap_free(d->holder.map);
	gateway_rig_free(&d->rig);
}

static const struct portmap_mapping *mapping(const struct day *d)
{
	return portmap_result(d->holder.map);
}

/* Whether somebody outside comes in where the mapping is said to be. */
static bool is_open(const struct day *d)
{
	struct world *w = d->rig.world;
	const struct addr to = mapping(d)->external;

	return nat_lets_in_until(w, d->rig.nat, &outside_addr, &to) > world_now(w);
}

/* A gateway that is not heard within the limit is asked again, as owners of mappings do. */
static void look(struct day *d)
{
	if (mapping(d)->state == PORTMAP_FAILED)
		ask(d);
	assert_in_range(gateway_rig_open(&d->rig), 0, 1);
	d->looks++;
	d->held += is_open(d);
	d->told += mapping(d)->state == PORTMAP_HELD;
}

static void run_until(struct day *d, nk_time until)
{
	while (world_now(d->rig.world) < until) {
		world_run(d->rig.world, NULL, nk_min(until, world_now(d->rig.world) + EVERY));
		look(d);
	}
}

/* Nothing may be left, unless it is said that it is. */
static void release(struct day *d)
{
	struct world *w = d->rig.world;

	portmap_release(d->holder.map, world_now(w));
	world_tell(w, d->rig.inside, &(struct event){.kind = EVENT_RESUMED});
	world_run(w, &d->holder, world_now(w) + 30 * NK_S);
	assert_int_equal(portmap_status(d->holder.map), CORE_DONE);
	assert_int_equal(mapping(d)->state, PORTMAP_GONE);
	assert_true(gateway_rig_open(&d->rig) == 0 || mapping(d)->left_behind);
}

static void live_through(struct day *d)
{
	for (unsigned i = 0; i < d->reboots; i++) {
		run_until(d, d->reboot_at[i]);
		port_host_reboot(&d->rig.gateway);
	}
	run_until(d, DAY);
}

static unsigned seeds(void)
{
	const char *text = getenv("NATKIT_SEEDS");

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 20;
}

static struct port_rules any_rules(struct rng *rng)
{
	static const uint32_t leases[] = {120, 600, 3600, 0};
	const unsigned kind = rng_below(rng, 3);

	return (struct port_rules){
		.pcp = kind != 1,
		.nat_pmp = kind != 0,
		.announces = rng_below(rng, 2) == 0,
		.max_s = leases[rng_below(rng, 4)],
		.epoch_s = rng_below(rng, 100000),
	};
}

/* Without loss and reboots it is there from the first second to the last. */
static void test_quiet_day(void **state)
{
	static struct day d;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 7);
	for (unsigned seed = 1; seed <= seeds() / 4; seed++) {
		const struct port_rules rules = any_rules(&rng);

		begin(&d, &rules, 0, seed);
		run_until(&d, DAY);
		assert_int_equal(d.held, d.looks);
		assert_int_equal(d.told, d.looks);
		assert_int_equal(mapping(&d)->recreated, 0);
		assert_int_equal(d.rig.gateway.server.made, 1);
		release(&d);
		assert_int_equal(gateway_rig_open(&d.rig), 0);
		assert_false(mapping(&d)->left_behind);
		end(&d);
	}
}

/* After a reboot it is gone until the next renewal at most, which is at five eighths of the lease at the
 * latest; and who tells that it is there is wrong no longer than that. */
static void check_share(const struct day *d)
{
	const uint32_t lease_s = d->rig.gateway.server.rules.max_s == 0
					 ? PORTMAP_LIFETIME_S
					 : d->rig.gateway.server.rules.max_s;
	const double most_gone = d->reboots * (lease_s * 5.0 / 8 + 60);
	const double gone = (double)(d->looks - d->held) * nk_seconds(EVERY);

	if (gone > most_gone)
		fail_msg("gone for %.0f s of at most %.0f s: %u reboots, lease %u s, loss %.2f",
			 gone, most_gone, d->reboots, lease_s, d->loss);
}

static void test_reboots(void **state)
{
	static struct day d;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 8);
	for (unsigned seed = 1; seed <= seeds(); seed++) {
		const struct port_rules rules = any_rules(&rng);

		begin(&d, &rules, 0, seed);
		d.reboots = 1 + rng_below(&rng, REBOOTS);
		for (unsigned i = 0; i < d.reboots; i++)
			d.reboot_at[i] = (nk_time)(i + 1) * DAY / (REBOOTS + 1) -
					 any_time(&rng, DAY / (2 * REBOOTS));
		live_through(&d);
		check_share(&d);
		assert_int_equal(mapping(&d)->recreated, d.reboots);
		assert_int_equal(d.rig.gateway.server.made, 1 + d.reboots);
		release(&d);
		assert_int_equal(gateway_rig_open(&d.rig), 0);
		end(&d);
	}
}

/* A gateway that tells of its reboot has the mapping back within seconds, whatever the lease. */
static void test_announcements(void **state)
{
	static struct day d;
	const struct port_rules rules = {.pcp = true, .announces = true};

	(void)state;
	for (unsigned seed = 1; seed <= seeds() / 4; seed++) {
		begin(&d, &rules, 0, seed);
		run_until(&d, 600 * NK_S);
		port_host_reboot(&d.rig.gateway);
		world_run(d.rig.world, NULL, world_now(d.rig.world) + 10 * NK_S);
		assert_true(is_open(&d));
		assert_int_equal(mapping(&d)->recreated, 1);
		end(&d);
	}
}

/* With up to a fifth of all packets lost, in each direction: renewals are tried again in time. */
static void test_loss(void **state)
{
	static struct day d;
	struct rng rng;
	unsigned left_behind = 0;
	double gone = 0, all = 0;

	(void)state;
	rng_seed_from_number(&rng, 9);
	for (unsigned seed = 1; seed <= seeds(); seed++) {
		const struct port_rules rules = any_rules(&rng);

		begin(&d, &rules, rng_unit(&rng) * 0.2, seed);
		run_until(&d, DAY);
		gone += d.looks - d.held;
		all += d.looks;
		release(&d);
		left_behind += gateway_rig_open(&d.rig);
		end(&d);
	}
	print_message("gone %.5f %% of the time, left behind %u of %u\n", 100 * gone / all,
		      left_behind, seeds());
	assert_true(gone / all < 0.001);
	assert_true(left_behind <= (seeds() + 99) / 100);
}

static void test_loss_and_reboots(void **state)
{
	static struct day d;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 10);
	for (unsigned seed = 1; seed <= seeds(); seed++) {
		const struct port_rules rules = any_rules(&rng);

		begin(&d, &rules, rng_unit(&rng) * 0.2, seed);
		d.reboots = 1;
		d.reboot_at[0] = DAY / 4 + any_time(&rng, DAY / 2);
		live_through(&d);
		assert_true(mapping(&d)->recreated >= 1);
		release(&d);
		end(&d);
	}
}

/* Also what was only just asked for, and is granted after we have lost interest. */
static void test_release_at_any_time(void **state)
{
	static struct day d;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 11);
	for (unsigned seed = 1; seed <= 4 * seeds(); seed++) {
		const struct port_rules rules = any_rules(&rng);
		const struct link_spec slow = {.delay = any_time(&rng, 300 * NK_MS),
					       .loss = rng_unit(&rng) * 0.2};

		begin(&d, &rules, 0, seed);
		world_set_link(d.rig.world, d.rig.inside, &slow, &slow);
		world_run(d.rig.world, NULL, any_time(&rng, 2 * NK_S));
		if (mapping(&d)->state != PORTMAP_FAILED)
			release(&d);
		assert_true(gateway_rig_open(&d.rig) == 0 || mapping(&d)->left_behind);
		end(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet_day),        cmocka_unit_test(test_reboots),
		cmocka_unit_test(test_announcements),    cmocka_unit_test(test_loss),
		cmocka_unit_test(test_loss_and_reboots), cmocka_unit_test(test_release_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
