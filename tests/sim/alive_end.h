/*
 * One end of a flow that is kept open: an algorithm with its frames, as a core. In place of a
 * session's sealed packets there are hellos of their size, which are believed as they come.
 */
#ifndef TESTS_SIM_ALIVE_END_H
#define TESTS_SIM_ALIVE_END_H

#include "core/core.h"
#include "core/keepalive/keepalive.h"

#define ALIVE_OPENING \
	4           /* hellos answered, a second apart: as a punch and a handshake, so a stream */
#define ALIVE_TTL 2 /* of openers: just past one NAT */

/* First bytes of what is no frame. DATA is no keepalive, and not answered. */
enum alive_long { ALIVE_HELLO = 1, ALIVE_WELCOME = 2, ALIVE_DATA = 3 };

/**
 * struct alive_end - An end
 * @config:	What it was started with; its interval is that of now
 * @opening:	Hellos still to be answered until the flow is up; only the first side opens
 * @other:	Where the other end is, as far as is known, or all zero
 * @mapped:	How the other end sees this one
 * @tell, @told: The interval that is to be told to the other end, and was
 * @has_data:	ALIVE_DATA is to be sent
 * @gone:	It neither hears nor sends any more
 * @moved_after: Set when @mapped has become another one: how long the flow had been silent; to be
 *		cleared by who looks. 0: it has not
 * @asked, @again: When the first and the last packet left that were to be answered, and were not; 0:
 *		there are none
 * @outage:	Set when only a later one was answered: how much later; to be cleared as well
 * @ups:	How often the flow was opened
 */
struct alive_end {
	struct keepalive_config config;
	struct keepalive k;
	struct keepalive_flow flow;
	struct addr local, other, mapped;
	bool opened, owes_answer, owes_welcome, has_data, gone;
	unsigned opening, ups;
	nk_time open_at, tell, told, moved_after;
	nk_time asked, again, outage;
};

/* @other: all zero: who says hello. */
void alive_end_start(struct alive_end *e, const struct keepalive_config *config,
		     const struct addr *local, const struct addr *other);

/* Another interval from now on; @tell: the other end is told, with a hello, before a longer one is
 * used. */
void alive_end_retime(struct alive_end *e, nk_time interval, bool tell, nk_time now);

/* Whether the flow was opened, and is not given up. */
bool alive_end_is_up(const struct alive_end *e);

void alive_end_input(struct alive_end *e, const struct event *ev, nk_time now);
bool alive_end_output(struct alive_end *e, struct action *action, nk_time now);
nk_time alive_end_deadline(const struct alive_end *e);

extern const struct core_ops alive_end_ops;

#endif
