#include "learned.h"

#include "face/log.h"
#include "io/files.h"

static struct keeper_belief look(struct learned *l, int64_t unix_us)
{
	struct timeouts *t = &l->timeouts;

	if (!timeouts_open(t, &l->towards, l->interface))
		return (struct keeper_belief){.age = 0};
	return (struct keeper_belief){
		.lower = t->lower,
		.value = t->value,
		.upper = t->upper,
		/* Less than nothing: the clock was wrong, then or now. */
		.age = nk_max(0, unix_us - (int64_t)t->at_unix_s * NK_S),
		.outbound_only = t->outbound_only,
	};
}

void learned_start(struct learned *l, struct keeper_options *o, const char *interface,
		   int64_t unix_us)
{
	*l = (struct learned){.interface = interface, .towards = o->targets[0].addr};
	o->belief = look(l, unix_us);
	if (o->algorithm != KEEPALIVE_LEARNED || l->timeouts.network.interface[0] == '\0' ||
	    files_may_write(l->timeouts.path))
		return;
	l->timeouts.path[0] = '\0'; /* else each time would warn */
	log_line(LEVEL_WARNING, "cannot keep what is learned: natkit/timeouts in $XDG_STATE_HOME "
				"or ~/.local/state cannot be written to");
}

void learned_note(struct learned *l, struct keeper *k, const struct keeper_event *e,
		  int64_t unix_us)
{
	const bool seen = e->kind == KEEPER_EVENT_UP || e->kind == KEEPER_EVENT_CHANGED;

	/* Others may be seen by IPv6, whose prefix is another. */
	if (seen && e->target == 0 && network_seen(&l->timeouts.network, &e->mapped)) {
		l->timeouts.outbound_only = false;
		keeper_believe(k, &(struct keeper_belief){.age = 0}, e->at);
	}
	if (e->kind == KEEPER_EVENT_INTERVAL)
		learned_save(l, k, e->at, unix_us);
}

void learned_move(struct learned *l, struct keeper *k, nk_time now, int64_t unix_us)
{
	const struct keeper_belief belief = look(l, unix_us);

	l->trials = l->result.trials;
	keeper_believe(k, &belief, now);
}

void learned_save(struct learned *l, struct keeper *k, nk_time now, int64_t unix_us)
{
	const struct keeper_result *r = &l->result;
	struct timeouts *t = &l->timeouts;

	keeper_result(k, &l->result, now);
	if (r->trials == l->trials || (r->lower == 0 && r->upper == 0) ||
	    (r->lower == t->lower && r->value == t->value && r->upper == t->upper))
		return;
	t->lower = r->lower;
	t->value = r->value;
	t->upper = r->upper;
	t->at_unix_s = (uint64_t)(unix_us / NK_S);
	timeouts_save(t);
}
