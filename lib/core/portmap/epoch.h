/* Whether a gateway has lost its mappings, by the seconds that it says have passed since it last did. */
#ifndef CORE_PORTMAP_EPOCH_H
#define CORE_PORTMAP_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/**
 * struct epoch - What it said last, and when
 * @known:	It has said so at all
 */
struct epoch {
	bool known;
	uint32_t server_s;
	nk_time client;
};

/* Takes in what a gateway says now. Return: true if it has lost its state since it said so last; never the first
 * time. RFC 6887 section 8.5, RFC 6886 section 3.6. */
bool epoch_lost_pcp(struct epoch *e, uint32_t server_s, nk_time now);
bool epoch_lost_natpmp(struct epoch *e, uint32_t server_s, nk_time now);

#endif
