/*
 * Many hosts behind one TUN device, each with an address and a port of its own, that talk to one server by
 * UDP over IPv4.
 *
 * Host k is 100.64.0.2 + k / FLEET_PORTS, port 1024 + k % FLEET_PORTS.
 */
#ifndef SPEED_FLEET_TUN_H
#define SPEED_FLEET_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define FLEET_PORTS  16
#define FLEET_HOSTS  (60u << 20) /* as many as 100.64.0.0/10 has */
#define FLEET_PACKET 1500

struct fleet_tun {
	int fd;
	struct addr server;
	uint8_t out[FLEET_PACKET];
	uint64_t fixed_sum; /* of the header that is the same in all packets */
	uint64_t sent, received, bytes_out, bytes_in; /* whole IPv4 packets, UDP only */
};

/**
 * struct fleet_datagram - What came for a host
 * @data:	@len bytes, borrowed until the next is received
 */
struct fleet_datagram {
	uint32_t host;
	const uint8_t *data;
	size_t len;
};

/* Takes the device @name, which must be there and up. Ends the program if it cannot be had. */
void fleet_tun_open(struct fleet_tun *t, const char *name, const struct addr *server);

struct addr fleet_host_addr(uint32_t host);

void fleet_tun_send(struct fleet_tun *t, uint32_t host, const void *data, size_t len);

/* The next datagram of the server to a host; false: there is none now. What else comes is passed over. */
bool fleet_tun_receive(struct fleet_tun *t, struct fleet_datagram *out);

/* Datagrams that programs of this namespace have sent until now: the server's, whoever takes them. */
uint64_t fleet_tun_answers(void);

#endif
