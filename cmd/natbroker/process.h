/* What the kernel knows of this process. */
#ifndef NATBROKER_PROCESS_H
#define NATBROKER_PROCESS_H

#include <stdint.h>

/* Bytes of memory in use; 0: not known. */
uint64_t process_resident(void);

/* Processor time used, user's and system's together, in seconds. */
double process_cpu(void);

/**
 * process_dropped() - Datagrams that the kernel had no room for, of the sockets open now
 * @ports:	@count local ports, host order
 *
 * Counted are all UDP sockets of this network on these ports: they are ours, since each port was
 * there to be bound.
 */
uint64_t process_dropped(const uint16_t *ports, unsigned count);

#endif
