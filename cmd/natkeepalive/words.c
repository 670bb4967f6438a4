#include "words.h"

#include "face/numbers.h"

#define TENTH (NK_S / 10)

const char *word_of_event(enum keeper_event_kind k)
{
	static const char *const words[] = {
		[KEEPER_EVENT_UP] = "up",           [KEEPER_EVENT_CHANGED] = "changed",
		[KEEPER_EVENT_LOST] = "lost",       [KEEPER_EVENT_INTERVAL] = "interval",
		[KEEPER_EVENT_NETWORK] = "network",
	};

	return words[k];
}

const char *word_of_state(enum keeper_state s)
{
	static const char *const words[] = {
		[KEEPER_TRYING] = "trying",     [KEEPER_UP] = "up",
		[KEEPER_DOUBTED] = "doubted",   [KEEPER_LOST] = "lost",
		[KEEPER_UNPROVEN] = "unproven",
	};

	return words[s];
}

const char *word_of_kind(enum keeper_target_kind k)
{
	static const char *const words[] = {
		[KEEPER_STUN] = "server",
		[KEEPER_BROKER] = "broker",
		[KEEPER_PEER] = "peer",
	};

	return words[k];
}

const char *words_for_time(char *out, size_t size, nk_time t)
{
	const nk_time unit = t < NK_S ? NK_MS : TENTH;

	return duration_text(out, size, (t + unit / 2) / unit * unit);
}
