/* What a loss says of a NAT, to a program that does not measure it. */
#ifndef CORE_KEEPALIVE_BACK_OFF_H
#define CORE_KEEPALIVE_BACK_OFF_H

#include "core/keepalive/keepalive.h"

/**
 * keepalive_back_off() - A flow was lost
 * @ours:	What this side offers; believes less then
 * @terms:	By which the flow was kept
 * @silence:	How long nothing had come before
 *
 * The cause may be another one than time: a NAT or a peer that was started anew. So nothing is
 * believed below 20 s, where an interval would be under that of RFC 8085, but by a measurement.
 *
 * Return: true if that is something new.
 */
bool keepalive_back_off(struct keepalive_offer *ours, const struct keepalive_terms *terms,
			nk_time silence);

/* Another network: nothing is believed of its NATs. */
void keepalive_forget(struct keepalive_offer *ours);

#endif
