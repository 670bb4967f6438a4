/* The TUN device that is a host's network. */
#ifndef NATSIM_TUN_H
#define NATSIM_TUN_H

#include <stdint.h>

#include "base/addr.h"

#define TUN_NAME "tun0"

/**
 * struct tun_plan - What a host's network is to be
 * @addrs:	@addr_count addresses
 * @gateways:	@gateway_count of them, at most one of a family
 */
struct tun_plan {
	const struct addr *addrs, *gateways;
	unsigned addr_count, gateway_count;
	uint32_t mtu;
};

/* Whether there is a TUN driver that we may use. Return: 0, or errno. */
int tun_allowed(void);

/**
 * tun_open() - Makes the device in the caller's network namespace, sets it and loopback up
 * @what:	Set to the step that failed
 *
 * Return: the device, each read and write of which is one IP packet; non-blocking, and the device
 * goes when it is closed. -1 and errno on failure.
 */
int tun_open(const struct tun_plan *plan, const char **what);

/* In the caller's network namespace: @from becomes @to. Return: 0, or -1 and errno. */
int tun_readdress(const struct addr *from, const struct addr *to, const struct addr *gateway);

#endif
