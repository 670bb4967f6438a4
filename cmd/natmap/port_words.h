/* The words about ports, for people. Each function writes one line without a full stop, and returns @out. */
#ifndef NATMAP_PORT_WORDS_H
#define NATMAP_PORT_WORDS_H

#include "core/portmap/gate.h"

#define PORT_WORDS 400

/* "tcp" or "udp". */
const char *port_transport(uint8_t ip_protocol);

/* "203.0.113.5:8080 -> 192.168.1.2:8080 tcp", what is not known outside being "?". */
const char *port_pair(char out[static PORT_WORDS], uint8_t ip_protocol, const struct addr *external,
		      const struct addr *internal);

/* How a port stands: "open, seen from outside", "held, not verified: ..." */
const char *port_standing(char out[static PORT_WORDS], const struct gate_result *r);

/* Why it cannot be opened, or is of no use, and whose fault that is. */
const char *port_reason(char out[static PORT_WORDS], const struct gate_result *r);

#endif
