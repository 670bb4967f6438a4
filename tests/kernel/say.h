/* Packets as a transcript has them: "n:5000 > s:80 udp ttl 63 'step 1'". */
#ifndef KERNEL_SAY_H
#define KERNEL_SAY_H

#include <stdio.h>

#include "script.h"
#include "sim/packet.h"

#define SAY_PORTS_MAX 64

/**
 * struct say - What ports are called
 * @script:	The ports that it names are called by their numbers
 * @labels:	Ports that have a label, or 0
 * @others:	Others, in the order seen: ?1, ?2 ...
 *
 * So two transcripts are the same if only what was drawn at random differs.
 */
struct say {
	const struct script *script;
	uint16_t labels[SCRIPT_LABELS];
	unsigned count;
	uint16_t others[SAY_PORTS_MAX];
};

void say_packet(struct say *s, const struct packet *p, FILE *to);

#endif
