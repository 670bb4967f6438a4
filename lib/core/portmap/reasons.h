/* What the protocols' own numbers mean, in our words. */
#ifndef CORE_PORTMAP_REASONS_H
#define CORE_PORTMAP_REASONS_H

#include "core/portmap/result.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"
#include "wire/upnp_msg.h"

enum portmap_why reason_of_pcp(unsigned result);
enum portmap_why reason_of_natpmp(unsigned result);

/* Of enum upnp_result or a UPnP error code. */
enum portmap_why reason_of_upnp(unsigned result);

/* UPnP's own number of an error; 0: it is none of UPnP's, but of ours. */
unsigned reason_upnp_code(unsigned result);

/* Whether a gateway that has this external address can be reached at it from the whole Internet. */
enum portmap_why reason_of_address(const struct addr *external);

#endif
