/*
 * Many flows, few wake-ups: what is due soon leaves with what is due now, so that a phone's radio
 * sleeps in between.
 */
#ifndef CORE_KEEPALIVE_WAKE_H
#define CORE_KEEPALIVE_WAKE_H

#include "core/keepalive/keepalive.h"

/**
 * struct wake - Counts of one host
 * @wakes:	Times that something left or came after a silence of WAKE_TOGETHER or more
 * @last:	When something last did
 */
struct wake {
	uint64_t wakes;
	nk_time last;
};

#define WAKE_TOGETHER NK_S /* a radio that sent is up for so long anyway (3GPP: some seconds) */

void wake_start(struct wake *w, nk_time now);

/* Something leaves or comes now. Return: true if that woke the machine up. */
bool wake_note(struct wake *w, nk_time now);

/* Whether the machine is up because of others, and what is due soon may leave too. */
bool wake_is_up(const struct wake *w, nk_time now);

#endif
