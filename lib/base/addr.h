/* One address type for IPv4 and IPv6, so that nothing is written twice. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct addr - A transport address
 * @ip:		IPv6 address, or IPv4 as ::ffff:a.b.c.d; all zero is "none"
 * @port:	Host order; 0 is "any" or "none"
 */
struct addr {
	uint8_t ip[16];
	uint16_t port;
};
static_assert(sizeof(struct addr) == 18, "compared and hashed as bytes: no padding");

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };

#define ADDR_TEXT 56 /* "[" + 45 of IPv6 + "]:" + 5 of port + NUL, rounded up */

enum addr_family addr_family(const struct addr *a);
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_same_ip(const struct addr *a, const struct addr *b);

/* 0.0.0.0 or :: of that family, with @port. */
struct addr addr_any(enum addr_family family, uint16_t port);
bool addr_is_any(const struct addr *a);
struct addr addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
struct addr addr_with_port(struct addr a, uint16_t port);

/* The network that limits are counted by: @a with all bits after the first @v4_bits or
 * @v6_bits cleared, and port 0. */
struct addr addr_prefix(const struct addr *a, unsigned v4_bits, unsigned v6_bits);

/* Bytes that IP and UDP headers add to a payload towards @a: 28, or 48 for IPv6. */
size_t addr_overhead(const struct addr *a);

/* True for RFC 1918, RFC 6598 (100.64.0.0/10), loopback, link-local and unique local addresses. */
bool addr_is_private(const struct addr *a);

/* Whether one host may be meant by it: no "any" (0.0.0.0/8, ::), no multicast, no broadcast. */
bool addr_is_one_host(const struct addr *a);

/**
 * addr_parse() - Read "192.0.2.1", "192.0.2.1:3478", "2001:db8::1" or "[2001:db8::1]:3478"
 * @out:	Written on success only
 * @text:	A numeric address; names are not looked up
 * @port:	The port when the text names none
 *
 * Return: 0, or NK_ERR_BAD_INPUT.
 */
int addr_parse(struct addr *out, const char *text, uint16_t port);

/* Writes the address with its port ("192.0.2.1:3478", "[2001:db8::1]:3478"), or without
 * ("192.0.2.1") when the port is 0 or by addr_text_ip(). Returns @text. */
const char *addr_text(const struct addr *a, char text[static ADDR_TEXT]);
const char *addr_text_ip(const struct addr *a, char text[static ADDR_TEXT]);

#endif
