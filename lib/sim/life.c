#include "sim/life.h"

static nk_time limit(const struct life *l, const struct nat_spec *spec)
{
	if (l->stream)
		return spec->t_stream;
	return l->out && l->in ? spec->t_replied : spec->t_first;
}

static nk_time end_of(const struct life *l, const struct nat_spec *spec)
{
	const nk_time t = limit(l, spec);

	return t > NK_NEVER - l->restarted ? NK_NEVER : l->restarted + t;
}

struct life life_begin(const struct nat_spec *spec, bool outward, nk_time now)
{
	struct life l = {.made = now, .restarted = now, .out = outward, .in = !outward};

	l.ends = end_of(&l, spec);
	return l;
}

void life_touch(struct life *l, const struct nat_spec *spec, bool outward, nk_time now)
{
	if (l->out && l->in && now - l->made > spec->stream_after)
		l->stream = true;
	if (outward)
		l->out = true;
	else
		l->in = true;
	if (outward ? spec->refresh_out : spec->refresh_in)
		l->restarted = now;
	l->ends = end_of(l, spec);
}
