#include "core/punch/spares.h"

void spares_init(struct spares *s, uint32_t first_id)
{
	*s = (struct spares){.first_id = first_id};
}

void spares_have(struct spares *s, uint32_t socket)
{
	s->state[socket - SPARES_FIRST] = SPARE_OPEN;
}

bool spares_can_send(const struct spares *s, uint32_t socket)
{
	return socket < SPARES_FIRST || s->state[socket - SPARES_FIRST] == SPARE_OPEN;
}

bool spares_open(struct spares *s, const struct aim *aim, struct action *action)
{
	const uint32_t i = aim->socket - SPARES_FIRST;

	if (s->state[i] != SPARE_CLOSED)
		return false;
	s->state[i] = SPARE_OPENING;
	s->waiting[i] = *aim;
	action->kind = ACTION_OPEN;
	action->id = s->first_id + aim->socket;
	action->socket = SOCKET_UDP;
	action->local = addr_any(ADDR_V4, 0);
	action->peer = (struct addr){.port = 0};
	return true;
}

bool spares_input(struct spares *s, const struct event *ev)
{
	const uint32_t i = ev->id - s->first_id - SPARES_FIRST;

	if ((ev->kind != EVENT_OPENED && ev->kind != EVENT_OPEN_FAILED) || i >= SPARES_MAX)
		return false;
	if (s->state[i] != SPARE_OPENING)
		return true;
	s->state[i] = ev->kind == EVENT_OPENED ? SPARE_OPEN : SPARE_FAILED;
	if (ev->kind == EVENT_OPENED) {
		s->has_waiting[i] = true;
		s->ready++;
	}
	return true;
}

bool spares_next(struct spares *s, struct aim *out)
{
	for (uint32_t i = 0; s->ready > 0 && i < SPARES_MAX; i++) {
		if (!s->has_waiting[i])
			continue;
		s->has_waiting[i] = false;
		s->ready--;
		*out = s->waiting[i];
		return true;
	}
	return false;
}

bool spares_close(struct spares *s, uint32_t keep, struct action *action)
{
	for (uint32_t i = 0; i < SPARES_MAX; i++) {
		if (s->state[i] != SPARE_OPEN || i + SPARES_FIRST == keep)
			continue;
		s->state[i] = SPARE_CLOSED;
		action->kind = ACTION_CLOSE;
		action->id = s->first_id + SPARES_FIRST + i;
		return true;
	}
	return false;
}
