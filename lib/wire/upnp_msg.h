/*
 * What is said between a core and the UPnP worker: one record each, over a stream that keeps them
 * apart.
 *
 * The worker has read a hostile gateway's XML: what it says is checked like anything from the
 * network.
 */
#ifndef WIRE_UPNP_MSG_H
#define WIRE_UPNP_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define UPNP_URL         256
#define UPNP_DESCRIPTION 64
#define UPNP_MSG_MAX     1024

enum upnp_op {
	UPNP_DESCRIBE = 1, /* description, status and external address of the IGD at @location */
	UPNP_ADD,          /* AddPortMapping: exactly that external port */
	UPNP_ADD_ANY, /* AddAnyPortMapping (IGD 2): that one or another; 718 if we know who has it */
	UPNP_GET,     /* GetSpecificPortMappingEntry */
	UPNP_DELETE,  /* only if the entry is ours: same client and internal port */
	UPNP_LIST,    /* GetGenericPortMappingEntry @index */
	UPNP_PINHOLE_ADD, /* WANIPv6FirewallControl */
	UPNP_PINHOLE_UPDATE,
	UPNP_PINHOLE_DELETE,
	UPNP_OPS,
};

/* Results that are no UPnP error codes (401 to 899). */
enum upnp_result {
	UPNP_RESULT_OK = 0,
	UPNP_RESULT_SILENT = 1, /* nobody there, or it hung up */
	UPNP_RESULT_SLOW = 2,   /* not done within the time for it */
	UPNP_RESULT_TOO_LARGE = 3,
	UPNP_RESULT_NOT_IGD = 4, /* a description without a WAN connection */
	UPNP_RESULT_GARBAGE = 5,
	UPNP_RESULT_GONE = 6,      /* the worker is gone */
	UPNP_RESULT_ELSEWHERE = 7, /* a URL in the description leads away from the gateway */
};

/**
 * struct upnp_request - What is to be done
 * @location:	URL of the description, from SSDP, whose host is the gateway
 * @protocol:	IPPROTO_TCP or IPPROTO_UDP (IANA numbers)
 * @client:	Internal address and port
 * @remote:	UPNP_PINHOLE_ADD: who may come in, or all zero
 * @external_port: @index: of UPNP_LIST; @pinhole: unique id of one
 * @lifetime_s:	0: does not end
 * @hold:	The mapping is to be deleted should we vanish without saying so (the line breaks)
 */
struct upnp_request {
	uint32_t id;
	enum upnp_op op;
	char location[UPNP_URL];
	uint8_t protocol;
	struct addr client, remote;
	uint16_t external_port;
	uint16_t index, pinhole;
	uint32_t lifetime_s;
	bool hold;
	char description[UPNP_DESCRIPTION];
};

/**
 * struct upnp_reply - What came of it
 * @result:	enum upnp_result or a UPnP error code
 * @connected:	UPNP_DESCRIBE: the IGD says that it is; @igd: its version; @pinholes: it can open
 *		IPv6 ports
 * @external:	UPNP_DESCRIBE: the address; UPNP_ADD...: the port
 * @client, @protocol, @lifetime_s, @description: UPNP_LIST and UPNP_GET: of the entry. UPNP_ADD...:
 *		@lifetime_s as the gateway then tells, or as asked for if it cannot
 * @device:	UPNP_DESCRIBE: name and model
 */
struct upnp_reply {
	uint32_t id;
	enum upnp_op op;
	uint16_t result;
	bool connected, pinholes;
	uint8_t igd, protocol;
	struct addr external, client;
	uint16_t pinhole;
	uint32_t lifetime_s;
	char description[UPNP_DESCRIPTION];
	char device[UPNP_DESCRIPTION];
};

/* Return: bytes written, at most UPNP_MSG_MAX. Texts are cut to what is printable ASCII. */
size_t upnp_request_write(uint8_t out[static UPNP_MSG_MAX], const struct upnp_request *r);
size_t upnp_reply_write(uint8_t out[static UPNP_MSG_MAX], const struct upnp_reply *r);

/* Return: 0 or NK_ERR_MALFORMED; *@out is written on success only. */
int upnp_request_read(struct upnp_request *out, const uint8_t *data, size_t len);
int upnp_reply_read(struct upnp_reply *out, const uint8_t *data, size_t len);

#endif
