/* What port mapping finds out, and holds: what printers read. */
#ifndef CORE_PORTMAP_RESULT_H
#define CORE_PORTMAP_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"
#include "core/portmap/protocol.h"

/**
 * struct portmap_offer - What one gateway says about one protocol
 * @answers:	It answers; otherwise all but @why and @source is not set
 * @usable:	As far as it says: nothing in the answer speaks against a mapping
 * @why:	Of one that is not usable; PORTMAP_PRIVATE also of one that is: its mappings are reached from the
 *		network beyond, if not from all the Internet
 * @version:	PCP: 2; NAT-PMP: 0; UPnP: 1 or 2 of the InternetGatewayDevice
 * @external:	The address that it claims, port 0; all zero: it did not say (PCP tells by mapping only)
 * @code:	Its own number of the error, 0 for none
 * @epoch_s:	PCP, NAT-PMP: seconds since it lost its state, as it says
 * @pinholes:	IPv6 ports can be opened
 * @source:	Who else answered, if anybody: such an answer is not used
 * @rtt:	From the first question to the answer
 * @device:	UPnP: name and model, printable ASCII
 */
struct portmap_offer {
	bool answers, usable;
	enum portmap_why why;
	unsigned version, code;
	struct addr external;
	uint32_t epoch_s;
	bool pinholes;
	struct addr source;
	nk_time rtt;
	char device[96];
};

/* A gateway, and what it offers. @gateway, @local: port 0. */
struct portmap_gateway {
	struct addr gateway, local;
	struct portmap_offer offer[PORTMAP_PROTOCOLS];
};

enum portmap_state {
	PORTMAP_ASKING, /* not there yet, or being made again */
	PORTMAP_HELD,
	PORTMAP_FAILED, /* by all protocols: @why is that of the best one */
	PORTMAP_GONE,   /* released */
};

/**
 * struct portmap_mapping - One mapping and how it stands
 * @protocol:	Of PORTMAP_HELD: by which; @why may be PORTMAP_PRIVATE then: it is reached from the network beyond
 * @pinhole:	UPnP for IPv6: its id
 * @external:	Address (all zero: not known) and port at which it can be reached
 * @lease_s:	As granted, 0: it does not end by itself (UPnP error 725)
 * @expires, @renew_at: By our own clock; NK_NEVER without an end
 * @tried:	By protocol: what came of it, PORTMAP_OK if it was not tried; @code: its own number
 * @renewals, @recreated: How often it was renewed, and made anew after the gateway had lost it
 * @left_behind: It could not be removed, and stays until @expires
 */
struct portmap_mapping {
	enum portmap_state state;
	enum portmap_protocol protocol;
	enum portmap_why why;
	struct addr gateway, internal, external;
	uint8_t ip_protocol;
	uint16_t pinhole;
	uint32_t lease_s;
	nk_time expires, renew_at;
	enum portmap_why tried[PORTMAP_PROTOCOLS];
	unsigned code[PORTMAP_PROTOCOLS];
	unsigned renewals, recreated;
	bool left_behind;
};

#endif
