/* The numbers of ICMP (RFC 792, RFC 1122) and ICMPv6 (RFC 4443). */
#ifndef SIM_PACKET_ICMP_H
#define SIM_PACKET_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "sim/packet.h"
#include "wire/ip.h"

struct icmp_code {
	uint8_t type, code;
};

static inline uint8_t icmp_protocol(enum addr_family family)
{
	return family == ADDR_V4 ? IP_ICMP : IP_ICMPV6;
}

/* Whether that type is an error, which quotes a packet. */
bool icmp_is_error(enum addr_family family, uint8_t type);

enum packet_error icmp_error_of(enum addr_family family, struct icmp_code c);

/* @error is not PACKET_ERROR_OTHER. */
struct icmp_code icmp_code_of(enum addr_family family, enum packet_error error);

/* Echo requests and replies. */
struct icmp_code icmp_echo_code(enum addr_family family, bool reply);
bool icmp_is_echo(enum addr_family family, struct icmp_code c, bool *reply);

#endif
