/*
 * Searching for a gateway's UPnP description: M-SEARCH of the Simple Service Discovery Protocol
 * (UPnP Device Architecture 1.1 section 1.3), and the answers to it.
 */
#ifndef WIRE_SSDP_H
#define WIRE_SSDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define SSDP_PORT 1900
#define SSDP_MAX  512 /* bytes of a search */
#define SSDP_URL  256

/* Where searches go, so that all on the link hear them: 239.255.255.250 or ff02::c. */
struct addr ssdp_group(enum addr_family family);

/**
 * ssdp_search_write() - A search for an InternetGatewayDevice
 * @igd:	The least version of it
 * @to:		Where it is sent to: one host answers at once, a group within a second
 *
 * Return: bytes written.
 */
size_t ssdp_search_write(uint8_t out[static SSDP_MAX], unsigned igd, const struct addr *to);

/**
 * ssdp_answer_read() - The location of an InternetGatewayDevice's description, from an answer
 * @url:	Written on success only: printable ASCII without spaces
 *
 * Return: 0 or NK_ERR_MALFORMED.
 */
int ssdp_answer_read(char url[static SSDP_URL], const uint8_t *bytes, size_t len);

/* The address and port that a URL leads to, by HTTP. Return: false for a name: it may lead
 * anywhere. */
bool ssdp_url_host(struct addr *out, const char *url);

#endif
