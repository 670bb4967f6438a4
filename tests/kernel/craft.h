/* The bytes of the packets of a script. */
#ifndef KERNEL_CRAFT_H
#define KERNEL_CRAFT_H

#include "numbers.h"
#include "script.h"
#include "sim/packet.h"
#include "stage.h"

#define CRAFT_PIECES_MAX 4

/**
 * struct craft_pieces - The packet of a step
 * @count:	1, or its fragments if it is split
 */
struct craft_pieces {
	unsigned count;
	size_t len[CRAFT_PIECES_MAX];
	uint8_t bytes[CRAFT_PIECES_MAX][STAGE_PACKET_MAX];
};

/**
 * craft_step() - Make the packet of a step
 * @number:	Of the step; its payload says it
 * @about:	For an ICMP error, the packet it is about
 */
void craft_step(struct craft_pieces *out, struct numbers *numbers, const struct step *s,
		unsigned number, const struct addr *from, const struct addr *to,
		const struct packet *about);

#endif
