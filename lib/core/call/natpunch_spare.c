/* A port that is open before anybody rings: the next call has its socket, and so need not wait for
 * it. */
#include "core/call/natpunch_state.h"

static uint32_t id_of(const struct spare *s)
{
	return talk_first_id(s->slot);
}

bool natpunch_spare_input(struct natpunch *n, const struct event *ev, nk_time now)
{
	struct spare *s = &n->spare;

	if (s->state == SPARE_NONE || ev->id != id_of(s))
		return false;
	if (ev->kind == EVENT_OPEN_FAILED) {
		s->state = SPARE_NONE;
		doors_leave(&n->doors, now);
	}
	if (ev->kind != EVENT_OPENED)
		return true;
	s->state = SPARE_OPEN;
	s->local = ev->local;
	doors_want(&n->doors, id_of(s), s->local.port, now);
	return true;
}

static bool is_wanted(const struct natpunch *n, nk_time now)
{
	return !n->stopping && n->registered == REGISTRATION_HELD &&
	       (n->options->call.tactics & TACTIC_BIT(TACTIC_MAPPED)) != 0 &&
	       doors_may_be_had(&n->doors, now) && talk_free_slot(n) < NATPUNCH_CALLS_MAX;
}

/* Nobody gave it a door, or nobody will ring any more. */
static bool is_useless(const struct natpunch *n)
{
	const struct portmap_mapping *m = doors_of(&n->doors, id_of(&n->spare));

	return n->stopping || m == NULL || m->state == PORTMAP_FAILED;
}

bool natpunch_spare_output(struct natpunch *n, struct action *action, nk_time now)
{
	struct spare *s = &n->spare;

	if (s->state == SPARE_NONE && is_wanted(n, now)) {
		*s = (struct spare){.state = SPARE_ASKED, .slot = talk_free_slot(n)};
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = id_of(s),
			.socket = SOCKET_UDP,
			.local = addr_any(ADDR_V4, 0),
		};
		return true;
	}
	if (s->state != SPARE_OPEN || !is_useless(n))
		return false;
	doors_drop(&n->doors, id_of(s));
	s->state = SPARE_NONE;
	*action = (struct action){.kind = ACTION_CLOSE, .id = id_of(s)};
	return true;
}

static bool is_for(const struct spare *s, const struct talk *t)
{
	return s->state == SPARE_OPEN && s->slot == t->slot;
}

struct addr natpunch_spare_at(const struct natpunch *n, const struct talk *t)
{
	return is_for(&n->spare, t) ? n->spare.local : (struct addr){.port = 0};
}

void natpunch_spare_take(struct natpunch *n, const struct talk *t)
{
	if (is_for(&n->spare, t))
		n->spare.state = SPARE_NONE;
}
