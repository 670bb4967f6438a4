/* Words for what a keeper tells, in reports, events and the environment of programs. */
#ifndef NATKEEPALIVE_WORDS_H
#define NATKEEPALIVE_WORDS_H

#include <stddef.h>

#include "core/keeper/result.h"

/* "up", "changed" ...; "trying" ...; "server", "broker", "peer". */
const char *word_of_event(enum keeper_event_kind k);
const char *word_of_state(enum keeper_state s);
const char *word_of_kind(enum keeper_target_kind k);

/* "1m", "96.3s": to tenths of a second. Return: @out. */
const char *words_for_time(char *out, size_t size, nk_time t);

#endif
