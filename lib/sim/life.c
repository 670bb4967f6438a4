#include "sim/life.h"

static nk_time limit(const struct life *l, const struct nat_spec *spec)
{
	if (l->own != 0)
		return l->own;
	if (l->stream)
		return spec->t_stream;
	return l->first ? spec->t_first : spec->t_replied;
}

static nk_time stretched(nk_time t, double stretch)
{
	return stretch == 1 ? t : (nk_time)((double)t * stretch + 0.5);
}

static nk_time next_sweep(nk_time t, const struct nat_spec *spec)
{
	const nk_time past = spec->sweep == 0 ? 0 : (t - spec->sweep_phase) % spec->sweep;

	if (past == 0 || t < spec->sweep_phase)
		return past == 0 ? t : spec->sweep_phase;
	return t > NK_NEVER - spec->sweep ? NK_NEVER : t - past + spec->sweep;
}

static void set_end(struct life *l, const struct nat_spec *spec, double stretch)
{
	const nk_time t = stretched(limit(l, spec), stretch);

	l->ends = t > NK_NEVER - l->restarted ? NK_NEVER : next_sweep(l->restarted + t, spec);
}

struct life life_begin(const struct nat_spec *spec, nk_time own, double stretch, bool outward,
		       nk_time now)
{
	struct life l = {.made = now, .restarted = now, .own = own, .first = true};

	l.seen[outward] = 1;
	set_end(&l, spec, stretch);
	return l;
}

static bool is_two_way(const struct life *l)
{
	return l->seen[false] > 0 && l->seen[true] > 0;
}

static void see(struct life *l, bool outward)
{
	if (l->seen[outward] == 0)
		l->seen[outward] = 1;
	if (l->seen[!outward] == 1)
		l->seen[!outward] = 2;
}

static void set_state(struct life *l, const struct nat_spec *spec, bool outward, nk_time now)
{
	const bool was_answered = is_two_way(l);

	see(l, outward);
	if (spec->states == NAT_STATES_PF) {
		l->first = false;
		l->stream = l->seen[false] == 2 && l->seen[true] == 2;
		return;
	}
	l->first = !is_two_way(l);
	if (spec->stream_after == NAT_AT_ONCE)
		l->stream = is_two_way(l);
	else if (was_answered && now - l->made > spec->stream_after)
		l->stream = true;
}

void life_touch(struct life *l, const struct nat_spec *spec, double stretch, bool outward,
		nk_time now)
{
	set_state(l, spec, outward, now);
	if (l->any || (outward ? spec->refresh_out : spec->refresh_in))
		l->restarted = now;
	set_end(l, spec, stretch);
}
