#include "alive_client.h"

#define TELL_LESS 0.8 /* a shorter interval need not be told at once: the other end waits longer */

static void follow(struct alive_client *c, nk_time now)
{
	nk_time interval;

	if (c->learner == NULL)
		return;
	if (c->end.moved_after > 0)
		learner_lost(c->learner, c->end.moved_after, now);
	if (c->end.outage > 0)
		learner_outage(c->learner, c->end.outage, now);
	c->end.moved_after = c->end.outage = 0;
	interval = learner_interval(c->learner);
	if (interval != c->end.tell)
		alive_end_retime(&c->end, interval,
				 interval > c->end.told ||
					 (double)interval < TELL_LESS * (double)c->end.told,
				 now);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct alive_client *c = core;

	if (c->learner == NULL || !learner_input(c->learner, ev, now))
		alive_end_input(&c->end, ev, now);
	follow(c, now);
}

static bool output(void *core, struct action *a, nk_time now)
{
	struct alive_client *c = core;

	if (alive_end_output(&c->end, a, now))
		return true;
	if (c->learner == NULL || !learner_output(c->learner, a, now))
		return false;
	follow(c, now);
	return true;
}

static nk_time deadline(const void *core)
{
	const struct alive_client *c = core;

	return nk_min(alive_end_deadline(&c->end),
		      c->learner == NULL ? NK_NEVER : learner_deadline(c->learner));
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

const struct core_ops alive_client_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

static void meter_input(void *core, const struct event *ev, nk_time now)
{
	const struct alive_meter *m = core;

	m->ops->input(m->core, ev, now);
}

static bool meter_output(void *core, struct action *a, nk_time now)
{
	struct alive_meter *m = core;

	if (!m->ops->output(m->core, a, now))
		return false;
	if (a->kind == ACTION_SEND) {
		m->packets++;
		m->bytes += addr_overhead(&a->to) + a->len;
	}
	return true;
}

static nk_time meter_deadline(const void *core)
{
	const struct alive_meter *m = core;

	return m->ops->deadline(m->core);
}

static int meter_status(const void *core)
{
	const struct alive_meter *m = core;

	return m->ops->status(m->core);
}

const struct core_ops alive_meter_ops = {
	.input = meter_input,
	.output = meter_output,
	.deadline = meter_deadline,
	.status = meter_status,
};
