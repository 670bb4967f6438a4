/*
 * Messages of the Port Control Protocol, requests and responses: RFC 6887.
 *
 * Addresses travel as 16 bytes, IPv4 as ::ffff:a.b.c.d, which is how struct addr has them.
 */
#ifndef WIRE_PCP_H
#define WIRE_PCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define PCP_PORT        5351
#define PCP_CLIENT_PORT 5350 /* announcements go there: RFC 6887 section 14.1.1 */
#define PCP_VERSION     2
#define PCP_MAX         1100 /* bytes of a message: RFC 6887 section 7 */
#define PCP_NONCE       12
#define PCP_FILTERS     4 /* kept of one message */

enum pcp_opcode { PCP_ANNOUNCE, PCP_MAP, PCP_PEER, PCP_OPCODES };

/* RFC 6887 section 7.4. */
enum pcp_result {
	PCP_SUCCESS,
	PCP_UNSUPP_VERSION,
	PCP_NOT_AUTHORIZED,
	PCP_MALFORMED_REQUEST,
	PCP_UNSUPP_OPCODE,
	PCP_UNSUPP_OPTION,
	PCP_MALFORMED_OPTION,
	PCP_NETWORK_FAILURE,
	PCP_NO_RESOURCES,
	PCP_UNSUPP_PROTOCOL,
	PCP_USER_EX_QUOTA,
	PCP_CANNOT_PROVIDE_EXTERNAL,
	PCP_ADDRESS_MISMATCH,
	PCP_EXCESSIVE_REMOTE_PEERS,
};

/**
 * struct pcp_filter - Who may send to a mapping: RFC 6887 section 13.3
 * @bits:	Of @remote's 128, 96 more than of an IPv4 address; 0: forget the filters there are
 * @remote:	Port 0: any port
 */
struct pcp_filter {
	uint8_t bits;
	struct addr remote;
};

/**
 * struct pcp_msg - A message
 * @lifetime_s:	Wanted, granted, or for how long an error is likely to last
 * @client:	Requests: who asks, port 0
 * @result, @epoch_s: Responses; a result may be one that has no name here
 * @has_body:	What MAP and PEER say is there: a response with an error may be cut
 * @protocol, @internal_port: Of the mapping; 0: all
 * @external:	Suggested, or given
 * @remote:	PEER: the other end of the flow
 * @third_party: All zero: none
 * @filters:	The first @filter_count
 */
struct pcp_msg {
	bool response;
	enum pcp_opcode opcode;
	uint8_t result;
	uint32_t lifetime_s, epoch_s;
	struct addr client;
	bool has_body;
	uint8_t nonce[PCP_NONCE];
	uint8_t protocol;
	uint16_t internal_port;
	struct addr external, remote;
	struct addr third_party;
	bool prefer_failure;
	struct pcp_filter filters[PCP_FILTERS];
	unsigned filter_count;
};

/**
 * pcp_read() - Decode a message of PCP_VERSION
 * @out:	Written on success only
 *
 * Options that have no name here are skipped, and so are filters too many.
 *
 * Return: 0; NK_ERR_BAD_INPUT if its version is another one; NK_ERR_MALFORMED.
 */
int pcp_read(struct pcp_msg *out, const uint8_t *bytes, size_t len);

/* Return: bytes written. MAP and PEER are written with their bodies, whatever @has_body says. */
size_t pcp_write(uint8_t out[static PCP_MAX], const struct pcp_msg *m);

#endif
