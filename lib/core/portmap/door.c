#include "core/portmap/door.h"

bool door_move(struct door *d, bool wanted, struct action *action)
{
	const bool open = wanted && d->state == DOOR_SHUT;

	if (!open && d->state != DOOR_STALE && (wanted || d->state != DOOR_OPEN))
		return false;
	*action = (struct action){
		.kind = open ? ACTION_OPEN : ACTION_CLOSE,
		.id = d->id,
		.socket = SOCKET_UDP,
		.local = d->local,
	};
	d->state = open ? DOOR_OPENING : DOOR_SHUT;
	return true;
}

bool door_input(struct door *d, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_OPENED:
		d->state = DOOR_OPEN;
		return true;
	case EVENT_OPEN_FAILED:
		d->state = DOOR_FAILED;
		return true;
	case EVENT_SEND_FAILED: /* as if it were lost on the way */
		return true;
	default:
		return false;
	}
}

void door_renew(struct door *d)
{
	if (d->state == DOOR_FAILED)
		d->state = DOOR_SHUT;
	else if (d->state == DOOR_OPEN)
		d->state = DOOR_STALE;
}

bool door_is_shut(const struct door *d)
{
	return d->state == DOOR_SHUT || d->state == DOOR_FAILED;
}

void door_send(const struct door *d, struct action *action, struct addr to)
{
	*action = (struct action){.kind = ACTION_SEND, .id = d->id, .to = to};
}
