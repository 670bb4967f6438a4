#include "words.h"

#include <assert.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *word_of_mode(enum punch_mode mode)
{
	static const char *const words[] = {
		[PUNCH_LISTEN] = "listen",
		[PUNCH_CALL] = "call",
		[PUNCH_SEND] = "send",
		[PUNCH_TEST] = "test",
	};

	return words[mode];
}

const char *word_of_end(enum call_end end)
{
	static const char *const words[] = {
		[CALL_NOT_OVER] = "unfinished", [CALL_CLOSED] = "closed",
		[CALL_NO_BROKER] = "no-broker", [CALL_NO_ANSWER] = "no-answer",
		[CALL_REFUSED] = "refused",     [CALL_BUSY] = "busy",
		[CALL_NO_PATH] = "no-path",     [CALL_LOST] = "lost",
		[CALL_FAILED] = "failed",
	};

	return words[end];
}

const char *words_for_end(enum call_end end)
{
	static const char *const words[] = {
		[CALL_NOT_OVER] = "the call with %s was not finished",
		[CALL_CLOSED] = "the call with %s has ended",
		[CALL_NO_BROKER] = "the broker of %s gives no answer",
		[CALL_NO_ANSWER] = "no answer from %s, who is not listening there, or does not "
				   "allow us",
		[CALL_REFUSED] = "%s refuses the call",
		[CALL_BUSY] = "%s is busy",
		[CALL_NO_PATH] =
			"no way through to %s; \"natpunch test\" says more, and --hard and "
			"--relay allow more if the peer allows it too, and its broker "
			"relays",
		[CALL_LOST] = "the connection to %s was lost",
		[CALL_FAILED] = "cannot open a socket to call %s",
	};

	return words[end];
}

const char *word_of_event(enum natpunch_event_kind kind)
{
	static const char *const words[] = {
		[NATPUNCH_REGISTERED] = "registered",
		[NATPUNCH_UNREGISTERED] = "unregistered",
		[NATPUNCH_RANG] = "rang",
		[NATPUNCH_CALLING] = "calling",
		[NATPUNCH_ACKNOWLEDGED] = "acknowledged",
		[NATPUNCH_ANSWERED] = "answered",
		[NATPUNCH_CONNECTED] = "connected",
		[NATPUNCH_RELAY_LIKELY] = "relay_likely",
		[NATPUNCH_RELAYED] = "relayed",
		[NATPUNCH_PATH_LOST] = "path_lost",
		[NATPUNCH_MENDED] = "mended",
		[NATPUNCH_ACKED] = "acked",
		[NATPUNCH_TOO_LONG] = "too_long",
		[NATPUNCH_UNSERVED] = "unserved",
		[NATPUNCH_CLOSED] = "closed",
		[NATPUNCH_TESTED] = "tested",
	};

	static_assert(COUNT(words) == NATPUNCH_EVENT_KINDS, "a word for each");
	return words[kind];
}

const char *word_of_candidate(enum candidate_kind kind)
{
	static const char *const words[] = {
		[CANDIDATE_HOST] = "host",
		[CANDIDATE_SERVER_REFLEXIVE] = "server-reflexive",
		[CANDIDATE_PEER_REFLEXIVE] = "peer-reflexive",
		[CANDIDATE_MAPPED] = "mapped",
	};

	return kind < COUNT(words) && words[kind] != NULL ? words[kind] : "unknown";
}

const char *word_of_mapping(enum hint_mapping mapping)
{
	static const char *const words[] = {
		[HINT_MAPPING_UNKNOWN] = "unknown",
		[HINT_MAPPING_EI] = "endpoint-independent",
		[HINT_MAPPING_AD] = "address-dependent",
		[HINT_MAPPING_APD] = "address-and-port-dependent",
	};

	return mapping < COUNT(words) ? words[mapping] : "unknown";
}

const char *word_of_ports(enum hint_ports ports)
{
	static const char *const words[] = {
		[HINT_PORTS_UNKNOWN] = "unknown",
		[HINT_PORTS_KEPT] = "preserved",
		[HINT_PORTS_SEQUENTIAL] = "sequential",
		[HINT_PORTS_RANDOM] = "random",
	};

	return ports < COUNT(words) ? words[ports] : "unknown";
}
