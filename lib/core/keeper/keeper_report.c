/* The result, as it is at a moment. */
#include "core/keeper/keeper_parts.h"

#define CONSTANT 15.0 /* seconds: what everybody does */

static uint64_t constant_times(nk_time elapsed)
{
	return (uint64_t)(nk_seconds(elapsed) / CONSTANT);
}

static void report_target(const struct keeper *k, struct target *t, nk_time elapsed,
			  struct keeper_target_result *out)
{
	const struct keepalive *flow = target_keepalive(t);

	*out = (struct keeper_target_result){
		.state = target_state(t),
		.local = outlets_local(&k->outlets, t->socket),
		.mapped = t->mapped,
		.interval = nk_from_seconds(flow->terms.interval_s),
		.rtt = flow->rtt,
		.packets_out = t->packets_out,
		.packets_in = t->packets_in,
		.bytes_out = t->bytes_out,
		.bytes_in = t->bytes_in,
		.constant_bytes = constant_times(elapsed) * (t->ask_bytes + t->answer_bytes),
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
		.constant_wakes = count * constant_times(now - k->started),
		.search_bytes = k->search_bytes,
		.lower = k->belief.lower,
		.value = k->belief.value,
		.upper = k->belief.upper,
		.outbound_only = k->belief.outbound_only,
		.complete = k->status != CORE_BUSY && !k->stopped,
	};
	for (unsigned i = 0; i < count; i++)
		report_target(k, &k->targets[i], out->elapsed, &out->targets[i]);
	if (k->learner != NULL)
		report_beliefs(k, out);
}
