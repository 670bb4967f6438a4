#include "learned.h"

#include <string.h>

void learned_start(struct learned *l, struct keeper_options *o, const char *interface,
		   int64_t unix_us)
{
	struct timeouts *t = &l->timeouts;

	*l = (struct learned){.interface = interface, .towards = o->targets[0].addr};
	if (!timeouts_open(t, &l->towards, interface))
		return;
	o->lower = t->lower;
	o->value = t->value;
	o->upper = t->upper;
	o->outbound_only = t->outbound_only;
	o->age = unix_us - (int64_t)t->at_unix_s * NK_S;
	if (o->age < 0) /* the clock was wrong, then or now */
		o->age = 0;
}

static void forget(struct learned *l, struct keeper *k, nk_time now)
{
	struct timeouts *t = &l->timeouts;

	t->lower = t->value = t->upper = 0;
	t->outbound_only = false;
	keeper_forget(k, now);
}

void learned_note(struct learned *l, struct keeper *k, const struct keeper_event *e,
		  int64_t unix_us)
{
	const bool seen = e->kind == KEEPER_EVENT_UP || e->kind == KEEPER_EVENT_CHANGED;

	/* Others may be seen by IPv6, whose prefix is another. */
	if (seen && e->target == 0 && network_seen(&l->timeouts.network, &e->mapped))
		forget(l, k, e->at);
	if (e->kind == KEEPER_EVENT_INTERVAL)
		learned_save(l, k, e->at, unix_us);
}

static bool same_network(const struct network *a, const struct network *b)
{
	return strcmp(a->interface, b->interface) == 0 && strcmp(a->gateway, b->gateway) == 0;
}

void learned_move(struct learned *l, struct keeper *k, nk_time now, int64_t unix_us)
{
	struct network here;

	if (!network_find(&here, &l->towards, l->interface) ||
	    same_network(&here, &l->timeouts.network))
		return;
	learned_save(l, k, now, unix_us);
	timeouts_open(&l->timeouts, &l->towards, l->interface);
}

void learned_save(struct learned *l, struct keeper *k, nk_time now, int64_t unix_us)
{
	const struct keeper_result *r = &l->result;
	struct timeouts *t = &l->timeouts;

	keeper_result(k, &l->result, now);
	if (r->trials == 0 ||
	    (r->lower == t->lower && r->value == t->value && r->upper == t->upper))
		return;
	t->lower = r->lower;
	t->value = r->value;
	t->upper = r->upper;
	t->at_unix_s = (uint64_t)(unix_us / NK_S);
	timeouts_save(t);
}
