/*
 * Messages of the NAT Port Mapping Protocol, requests and responses: RFC 6886.
 *
 * It shares its ports with PCP, which succeeds it: the first byte, the version, tells them apart.
 */
#ifndef WIRE_NATPMP_H
#define WIRE_NATPMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define NATPMP_VERSION 0
#define NATPMP_MAX     16 /* bytes of a message */

enum natpmp_opcode { NATPMP_ADDRESS, NATPMP_MAP_UDP, NATPMP_MAP_TCP, NATPMP_OPCODES };

/* RFC 6886 section 3.5. */
enum natpmp_result {
	NATPMP_SUCCESS,
	NATPMP_UNSUPP_VERSION,
	NATPMP_NOT_AUTHORIZED,
	NATPMP_NETWORK_FAILURE,
	NATPMP_NO_RESOURCES,
	NATPMP_UNSUPP_OPCODE,
};

/**
 * struct natpmp_msg - A message
 * @result, @epoch_s: Responses; a result may be one that has no name here
 * @has_body:	What follows the epoch is there: a response with an error may be cut
 * @external:	Address for NATPMP_ADDRESS, port (suggested or given) for the others
 */
struct natpmp_msg {
	bool response;
	enum natpmp_opcode opcode;
	uint16_t result;
	uint32_t epoch_s;
	bool has_body;
	struct addr external;
	uint16_t internal_port;
	uint32_t lifetime_s;
};

/**
 * natpmp_read() - Decode a message of NATPMP_VERSION
 * @out:	Written on success only
 *
 * Return: 0; NK_ERR_BAD_INPUT if its version is another one; NK_ERR_MALFORMED.
 */
int natpmp_read(struct natpmp_msg *out, const uint8_t *bytes, size_t len);

/* Return: bytes written; a response with an error has a body too, but for NATPMP_UNSUPP_VERSION. */
size_t natpmp_write(uint8_t out[static NATPMP_MAX], const struct natpmp_msg *m);

#endif
