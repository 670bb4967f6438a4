/* Between packets and what a NAT remembers of them. */
#ifndef SIM_NAT_TALK_H
#define SIM_NAT_TALK_H

#include "sim/nat_state.h"

/* What a packet says. Return: false if none like it ever passes: questions to the inside and
 * answers from it. */
bool talk_of_packet(const struct nat_spec *spec, const struct packet *p, bool outward,
		    struct talk *t);

/* The same of an error that goes @outward, about a packet that went the other way. */
bool talk_of_error(const struct nat_spec *spec, const struct packet *e, bool outward,
		   struct talk *t);

/* Makes the packet, or the error and its quote, as the other side of the NAT is to see it. */
void talk_rewrite_packet(const struct nat_spec *spec, struct packet *p, const struct talk *t);
void talk_rewrite_error(const struct nat *n, struct packet *e, const struct talk *t);

#endif
