/* Enumerations of calls as reports, events and messages write them. */
#ifndef NATPUNCH_WORDS_H
#define NATPUNCH_WORDS_H

#include "core/call/natpunch.h"

const char *word_of_mode(enum punch_mode mode);
const char *word_of_end(enum call_end end);
const char *word_of_event(enum natpunch_event_kind kind);
const char *word_of_candidate(enum candidate_kind kind);
const char *word_of_mapping(enum hint_mapping mapping);
const char *word_of_ports(enum hint_ports ports);

/* What the end of a call means, for a person: "%s" is the peer. */
const char *words_for_end(enum call_end end);

#endif
