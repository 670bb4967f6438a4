/* The checksum of IP, UDP, TCP and ICMP: RFC 1071, and RFC 1624 for what changes on its way. */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds @len bytes to a sum, which begins as 0. All but the last of several pieces are of even
 * length. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len);

/* The checksum of what was added. Over bytes that hold their right checksum it is 0. */
uint16_t checksum_of(uint64_t sum);

/* The checksum where what sums up to @less has been replaced by what sums up to @more. */
uint16_t checksum_update(uint16_t checksum, uint64_t less, uint64_t more);

#endif
