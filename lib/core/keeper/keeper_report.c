/* The result, as it is at a moment. */
#include <math.h>

#include "core/keeper/keeper_parts.h"

#define CONSTANT      15.0              /* seconds: what everybody does */
#define BINDING       (STUN_HEADER + 8) /* with a fingerprint */
#define XOR_MAPPED_V4 12
#define XOR_MAPPED_V6 24

/* The cheapest question that the target understands, and its answer, whatever we send. */
static double exchange_bytes(const struct target *t)
{
	const double headers = 2.0 * (double)addr_overhead(&t->addr);
	const double mapped = addr_family(&t->addr) == ADDR_V4 ? XOR_MAPPED_V4 : XOR_MAPPED_V6;

	return headers + (t->is_natbroker ? 2 * KEEPALIVE_LEN : 2 * BINDING + mapped);
}

/* Of timers with random phases one wakes the machine up if no other did within WAKE_TOGETHER before. */
static double constant_wakes(unsigned timers, nk_time elapsed)
{
	const double alone = 1 - nk_seconds(WAKE_TOGETHER) / CONSTANT;

	return timers * pow(alone, timers - 1.0) * nk_seconds(elapsed) / CONSTANT;
}

static void report_target(const struct keeper *k, struct target *t, nk_time now,
			  struct keeper_target_result *out)
{
	const double constant_times = nk_seconds(now - k->started) / CONSTANT;
	const struct keepalive *flow = target_keepalive(t);

	*out = (struct keeper_target_result){
		.state = target_state(t),
		.local = outlets_local(&k->outlets, t->socket),
		.mapped = t->mapped,
		.age = t->had ? now - t->proved : NK_NEVER,
		.interval = nk_from_seconds(flow->terms.interval_s),
		.rtt = flow->rtt,
		.packets_out = t->packets_out,
		.packets_in = t->packets_in,
		.bytes_out = t->bytes_out,
		.bytes_in = t->bytes_in,
		.constant_bytes = (uint64_t)llround(constant_times * exchange_bytes(t)),
		.losses = t->losses,
		.changes = t->changes,
		.mends = t->mends,
	};
}

static void report_beliefs(const struct keeper *k, struct keeper_result *out)
{
	const struct learner_state s = learner_state(k->learner);

	out->lower = s.lower;
	out->value = s.value;
	out->upper = s.upper;
	out->trials = s.trials;
	out->below_floor = s.below_floor;
}

void keeper_result(struct keeper *k, struct keeper_result *out, nk_time now)
{
	const unsigned count = k->options->target_count;

	*out = (struct keeper_result){
		.target_count = count,
		.elapsed = now - k->started,
		.wakes = k->wake.wakes,
		.constant_wakes = (uint64_t)llround(constant_wakes(count, now - k->started)),
		.bytes = k->search_bytes,
		.search_bytes = k->search_bytes,
		.lower = k->belief.lower,
		.value = k->belief.value,
		.upper = k->belief.upper,
		.outbound_only = k->belief.outbound_only,
		.complete = k->status != CORE_BUSY && !k->stopped,
	};
	for (unsigned i = 0; i < count; i++) {
		struct keeper_target_result *t = &out->targets[i];

		report_target(k, &k->targets[i], now, t);
		out->bytes += t->bytes_out + t->bytes_in;
		out->constant_bytes += t->constant_bytes;
	}
	if (k->learner != NULL)
		report_beliefs(k, out);
}
