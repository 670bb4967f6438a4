#include "core/probe/both.h"

static bool busy(const struct natprobe *run)
{
	return run != NULL && natprobe_status(run) == CORE_BUSY;
}

/* Link loss, sleep and stop concern every socket, and so both runs. */
static bool for_all(enum event_kind kind)
{
	return kind == EVENT_LINK_LOST || kind == EVENT_RESUMED || kind == EVENT_STOP;
}

void probe_both_input(struct probe_both *b, const struct event *ev, nk_time now)
{
	const unsigned owner = (ev->id & PROBE_BOTH_SECOND) != 0;
	struct event own = *ev;

	if (b->scouts != NULL && scouts_input(b->scouts, ev, now))
		return;
	if (b->scouts != NULL && (ev->kind == EVENT_STOP || ev->kind == EVENT_LINK_LOST))
		scouts_stop(b->scouts);
	own.id &= ~PROBE_BOTH_SECOND;
	for (unsigned i = 0; i < 2; i++) {
		if (b->run[i] != NULL && (for_all(ev->kind) || i == owner))
			natprobe_input(b->run[i], &own, now);
	}
}

bool probe_both_output(struct probe_both *b, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < 2; i++) {
		if (b->run[i] == NULL || !natprobe_output(b->run[i], action, now))
			continue;
		if (i == 1)
			action->id |= PROBE_BOTH_SECOND;
		return true;
	}
	return b->scouts != NULL && scouts_output(b->scouts, action, now);
}

nk_time probe_both_deadline(const struct probe_both *b)
{
	nk_time due = NK_NEVER;

	for (unsigned i = 0; i < 2; i++) {
		if (busy(b->run[i]))
			due = nk_min(due, natprobe_deadline(b->run[i]));
	}
	return b->scouts == NULL ? due : nk_min(due, scouts_deadline(b->scouts));
}

int probe_both_status(const struct probe_both *b)
{
	if (busy(b->run[0]) || busy(b->run[1]))
		return CORE_BUSY;
	if (b->scouts != NULL && !b->quick && scouts_busy(b->scouts))
		return CORE_BUSY;
	if (b->run[1] != NULL && natprobe_status(b->run[1]) == CORE_DONE)
		return CORE_DONE;
	return natprobe_status(b->run[0]);
}

void probe_both_progress(const struct probe_both *b, struct natprobe_progress *out, nk_time now)
{
	struct natprobe_progress other;

	natprobe_progress(b->run[0], out, now);
	if (!busy(b->run[1]))
		return;
	natprobe_progress(b->run[1], &other, now);
	if (!busy(b->run[0]) || other.left_max > out->left_max)
		*out = other;
}

static void input(void *core, const struct event *ev, nk_time now)
{
	probe_both_input(core, ev, now);
}

static bool output(void *core, struct action *action, nk_time now)
{
	return probe_both_output(core, action, now);
}

static nk_time deadline(const void *core)
{
	return probe_both_deadline(core);
}

static int status(const void *core)
{
	return probe_both_status(core);
}

const struct core_ops probe_both_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
