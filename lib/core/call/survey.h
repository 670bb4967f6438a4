/*
 * What a listener finds out of its NAT while nobody rings, so that a call has to ask for
 * its candidates alone: a gather once its public address is known, when that
 * changes, and every ten minutes.
 */
#ifndef CORE_CALL_SURVEY_H
#define CORE_CALL_SURVEY_H

#include "core/call/bank.h"
#include "core/punch/gather.h"

/**
 * struct survey - All of it; zeroed, and with survey_init()
 * @gather:	The one that runs, or NULL; the next begins at @next
 * @seen:	As the broker saw us last, if at all
 * @known:	@hint is set
 */
struct survey {
	struct gather_config config;
	struct bank bank;
	struct gather *gather;
	struct addr seen;
	bool known;
	struct nat_hint hint;
	nk_time next;
};

/* @first_id to + BANK_IDS are its own; @socket is another's, open, and asks @broker (IPv4) too. */
void survey_init(struct survey *s, uint32_t first_id, uint32_t socket, const struct addr *broker);
void survey_free(struct survey *s);

/* The broker sees us at @mapped: with another IP address what is known counts no more. */
void survey_see(struct survey *s, const struct addr *mapped, nk_time now);

/* We may be behind another NAT: nothing is known until the broker has seen us again. */
void survey_forget(struct survey *s);

/* A call begins: what is not done yet would only move its ports, and waits. */
void survey_pause(struct survey *s, nk_time now);

/* NULL: nothing is known that could be relied on. */
const struct nat_hint *survey_hint(const struct survey *s);

/* Return: true if the event was its own. */
bool survey_input(struct survey *s, const struct event *ev, nk_time now);
bool survey_output(struct survey *s, struct action *action, struct rng *rng, nk_time now);
nk_time survey_deadline(const struct survey *s);

#endif
