#include "core/call/survey.h"

#define LIMIT (5 * NK_S) /* nobody waits for it */
#define AGAIN (600 * NK_S)
#define QUIET (60 * NK_S) /* after a ring */

void survey_init(struct survey *s, uint32_t first_id, uint32_t socket, const struct addr *broker)
{
	s->config = (struct gather_config){
		.broker = {*broker},
		.socket = {socket},
		.have = {true},
		.first_socket = first_id,
		.limit = LIMIT,
	};
	s->bank.first = first_id;
	s->next = NK_NEVER;
}

static void drop(struct survey *s)
{
	gather_free(s->gather);
	s->gather = NULL;
	bank_shut(&s->bank);
}

void survey_free(struct survey *s)
{
	gather_free(s->gather);
}

void survey_see(struct survey *s, const struct addr *mapped, nk_time now)
{
	if (addr_family(mapped) != ADDR_V4 || addr_same_ip(mapped, &s->seen))
		return;
	survey_forget(s);
	s->seen = *mapped;
	s->next = now;
}

void survey_forget(struct survey *s)
{
	drop(s);
	s->seen = (struct addr){.port = 0};
	s->known = false;
	s->next = NK_NEVER;
}

void survey_pause(struct survey *s, nk_time now)
{
	if (s->gather != NULL)
		s->next = now;
	drop(s);
	s->next = nk_max(s->next, now + QUIET);
}

const struct nat_hint *survey_hint(const struct survey *s)
{
	return s->known && s->hint.ports != HINT_PORTS_UNKNOWN ? &s->hint : NULL;
}

bool survey_input(struct survey *s, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_OPEN_FAILED && bank_has(&s->bank, ev->id))
		bank_forget(&s->bank, ev->id);
	return s->gather != NULL && gather_input(s->gather, ev, now);
}

static void take(struct survey *s, nk_time now)
{
	const struct gather_result *r = gather_result(s->gather);

	if (r->server_heard) {
		s->hint = r->hint;
		s->known = true;
	}
	drop(s);
	s->next = now + AGAIN;
}

bool survey_output(struct survey *s, struct action *action, struct rng *rng, nk_time now)
{
	if (bank_output(&s->bank, action))
		return true;
	if (s->gather == NULL && now >= s->next) {
		s->gather = gather_new(&s->config, rng, now);
		s->next = now + AGAIN;
	}
	if (s->gather == NULL)
		return false;
	if (gather_output(s->gather, action, now)) {
		bank_note(&s->bank, action);
		return true;
	}
	if (gather_status(s->gather) != CORE_BUSY)
		take(s, now);
	return false;
}

nk_time survey_deadline(const struct survey *s)
{
	return s->gather != NULL ? gather_deadline(s->gather) : s->next;
}
