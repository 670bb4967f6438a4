/* The two ways to write a packet, as packet_write() does. */
#ifndef SIM_PACKET_BYTES_H
#define SIM_PACKET_BYTES_H

#include "sim/packet.h"

/* One that was read: as it was, but for what has changed since. */
size_t packet_patch(const struct packet *p, uint8_t *out, size_t room);

/* One that was made here: all from its fields. */
size_t packet_build(const struct packet *p, uint8_t *out, size_t room);

#endif
