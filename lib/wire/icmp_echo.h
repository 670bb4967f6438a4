/* ICMP echo messages, which pings are made of: RFC 792, RFC 4443 section 4. */
#ifndef WIRE_ICMP_ECHO_H
#define WIRE_ICMP_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define ICMP_ECHO_HEADER 8 /* as long as that of UDP: addr_overhead() counts either */

/**
 * struct icmp_echo - An echo request or reply
 * @id:		Which a NAT translates as it does ports
 * @payload:	@len bytes, borrowed from the message
 */
struct icmp_echo {
	bool request;
	uint16_t id, sequence;
	const uint8_t *payload;
	size_t len;
};

/**
 * icmp_echo_read() - Decode a message that came in an IP packet of @family
 * @out:	Written on success only
 *
 * The checksum is the business of whoever received the message.
 *
 * Return: 0, or NK_ERR_MALFORMED if it is not an echo request or reply.
 */
int icmp_echo_read(struct icmp_echo *out, enum addr_family family, const uint8_t *bytes,
		   size_t len);

/**
 * icmp_echo_finish() - Write the header before a payload that is already there
 * @bytes:	The payload's @e->len bytes are at @bytes + ICMP_ECHO_HEADER; @e->payload is not
 *		looked at
 *
 * The checksum of IPv6, which covers addresses too, is left to the kernel.
 *
 * Return: the length of the message.
 */
size_t icmp_echo_finish(uint8_t *bytes, enum addr_family family, const struct icmp_echo *e);

#endif
