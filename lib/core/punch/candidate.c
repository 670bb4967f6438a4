#include "core/punch/candidate.h"

uint32_t candidate_priority(enum candidate_kind kind, unsigned index)
{
	static const uint8_t preference[] = {
		[CANDIDATE_HOST] = 126,
		[CANDIDATE_SERVER_REFLEXIVE] = 100,
		[CANDIDATE_PEER_REFLEXIVE] = 110,
		[CANDIDATE_MAPPED] = 100,
	};

	/* Component 1 of a stream that has no other. */
	return (uint32_t)preference[kind] << 24 | (uint32_t)(65535 - index) << 8 | 255;
}
