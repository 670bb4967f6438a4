#include "core/keeper/outlets.h"

#define RETRY_FIRST NK_S
#define RETRY_LAST  (30 * NK_S)

static bool is_shared(const struct outlet *x)
{
	return x->users > 1 && x->kind == SOCKET_UDP;
}

static bool serves(const struct outlet *x, const struct keeper_target *target,
		   enum addr_family family)
{
	return x->users > 0 && x->kind == SOCKET_UDP && !target->shared &&
	       target->local_port != 0 && x->asked_port == target->local_port &&
	       x->family == family;
}

static void open_anew(struct outlet *x)
{
	x->closing |= x->state == OUTLET_OPEN || x->state == OUTLET_OPENING;
	x->state = OUTLET_WANTED;
}

/* There is always a free one: each target has one, and leaves it before it takes another. */
static uint32_t find_free(const struct outlets *o)
{
	uint32_t id = 0;

	while (id < OUTLETS_MAX - 1 && (o->list[id].state != OUTLET_FREE || o->list[id].closing))
		id++;
	return id;
}

uint32_t outlets_take(struct outlets *o, const struct keeper_target *target, const struct addr *to)
{
	const enum addr_family family = addr_family(to);
	uint32_t id;

	for (id = 0; id < OUTLETS_MAX; id++) {
		struct outlet *x = &o->list[id];

		if (!serves(x, target, family))
			continue;
		if (++x->users == 2)
			open_anew(x); /* from now on of no address */
		return id;
	}
	id = find_free(o);
	o->list[id] = (struct outlet){
		.state = OUTLET_WANTED,
		.kind = target->shared ? SOCKET_SHARED : SOCKET_UDP,
		.family = family,
		.asked_port = target->local_port,
		.port = target->local_port,
		.peer = *to,
		.users = 1,
		.pause = RETRY_FIRST,
	};
	return id;
}

void outlets_leave(struct outlets *o, uint32_t id)
{
	struct outlet *x = &o->list[id];

	if (--x->users > 0)
		return;
	open_anew(x);
	x->state = OUTLET_FREE;
}

bool outlets_open(const struct outlets *o, uint32_t id)
{
	return o->list[id].state == OUTLET_OPEN;
}

struct addr outlets_local(const struct outlets *o, uint32_t id)
{
	return o->list[id].local;
}

void outlets_renew(struct outlets *o)
{
	for (uint32_t id = 0; id < OUTLETS_MAX; id++) {
		struct outlet *x = &o->list[id];

		if (x->state == OUTLET_FREE || (x->state == OUTLET_OPEN && is_shared(x)))
			continue;
		x->pause = RETRY_FIRST;
		open_anew(x);
	}
}

bool outlets_input(struct outlets *o, const struct event *ev, nk_time now)
{
	struct outlet *x;

	if ((ev->kind != EVENT_OPENED && ev->kind != EVENT_OPEN_FAILED) || ev->id >= OUTLETS_MAX)
		return false;
	x = &o->list[ev->id];
	if (ev->kind == EVENT_OPEN_FAILED)
		x->closing = false; /* there is nothing to close */
	if (x->state != OUTLET_OPENING)
		return true;
	if (ev->kind == EVENT_OPENED) {
		x->state = OUTLET_OPEN;
		x->local = ev->local;
		x->port = ev->local.port;
		x->pause = RETRY_FIRST;
		return true;
	}
	x->state = OUTLET_FAILED;
	x->port = x->asked_port; /* the one it had may be another's by now */
	x->retry = now + x->pause;
	x->pause = nk_min(2 * x->pause, RETRY_LAST);
	return true;
}

static void write_open(const struct outlet *x, uint32_t id, struct action *action)
{
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = id,
		.socket = x->kind,
		.local = addr_any(x->family, x->port),
	};
	if (!is_shared(x))
		action->peer = x->peer;
}

bool outlets_output(struct outlets *o, struct action *action, nk_time now)
{
	for (uint32_t id = 0; id < OUTLETS_MAX; id++) {
		struct outlet *x = &o->list[id];

		if (x->state == OUTLET_FAILED && x->retry <= now)
			x->state = OUTLET_WANTED;
		if (x->closing) {
			x->closing = false;
			action->kind = ACTION_CLOSE;
			action->id = id;
			return true;
		}
		if (x->state == OUTLET_WANTED) {
			x->state = OUTLET_OPENING;
			write_open(x, id, action);
			return true;
		}
	}
	return false;
}

nk_time outlets_deadline(const struct outlets *o)
{
	nk_time at = NK_NEVER;

	for (uint32_t id = 0; id < OUTLETS_MAX; id++) {
		const struct outlet *x = &o->list[id];

		if (x->closing || x->state == OUTLET_WANTED)
			return 0;
		if (x->state == OUTLET_FAILED)
			at = nk_min(at, x->retry);
	}
	return at;
}
