/*
 * A spare mapping: opened, brought into the state of a live one (traffic both ways for more than three
 * seconds), and left silent until it is asked whether it is still there.
 */
#ifndef CORE_KEEPALIVE_LEARNER_SPARE_H
#define CORE_KEEPALIVE_LEARNER_SPARE_H

#include "core/probe/asker.h"

enum spare_phase {
	SPARE_OVER, /* unused, or judged, or of no use */
	SPARE_UNOPENED,
	SPARE_OPENING,
	SPARE_SETUP,
	SPARE_SILENT,
	SPARE_ASKED,
};

/**
 * struct spare - One of them
 * @id:		Its socket
 * @number:	Of the trial, not 0
 * @gap:	Silence after which it is asked, seconds
 * @mapped:	As the server sees it
 * @begun:	When the first packet left that was answered; 0: none was
 * @used:	When a packet last left or came
 * @due:	Of the next packet of the set-up; @sends: so far
 */
struct spare {
	enum spare_phase phase;
	uint32_t id, number;
	double gap;
	struct addr mapped;
	uint8_t tid[STUN_TID];
	nk_time begun, sent, used, due;
	unsigned sends;
};

void spare_input(struct spare *s, const struct asker *a, const struct event *ev, nk_time now);
bool spare_output(struct spare *s, const struct asker *a, struct action *action, nk_time now);

/* When it wants to send, or to be asked. */
nk_time spare_deadline(const struct spare *s);

/* Its set-up was repeated often enough. */
bool spare_unanswered(const struct spare *s, nk_time now);

#endif
