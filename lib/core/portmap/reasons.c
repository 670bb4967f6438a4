#include "core/portmap/reasons.h"

#define UPNP_CODES 400 /* from here on (UPnP Device Architecture 2.0 section 3.2.2) */

enum portmap_why reason_of_pcp(unsigned result)
{
	switch (result) {
	case PCP_SUCCESS:
		return PORTMAP_OK;
	case PCP_UNSUPP_VERSION:
	case PCP_UNSUPP_OPCODE:
	case PCP_UNSUPP_OPTION:
	case PCP_UNSUPP_PROTOCOL:
		return PORTMAP_UNSUPPORTED;
	case PCP_NOT_AUTHORIZED:
		return PORTMAP_NOT_AUTHORIZED;
	case PCP_NETWORK_FAILURE:
		return PORTMAP_NETWORK_FAILURE;
	case PCP_NO_RESOURCES:
	case PCP_USER_EX_QUOTA:
		return PORTMAP_NO_RESOURCES;
	case PCP_CANNOT_PROVIDE_EXTERNAL:
		return PORTMAP_CONFLICT;
	case PCP_ADDRESS_MISMATCH:
		return PORTMAP_ADDRESS_MISMATCH;
	default:
		return PORTMAP_REFUSED;
	}
}

enum portmap_why reason_of_natpmp(unsigned result)
{
	switch (result) {
	case NATPMP_SUCCESS:
		return PORTMAP_OK;
	case NATPMP_UNSUPP_VERSION:
	case NATPMP_UNSUPP_OPCODE:
		return PORTMAP_UNSUPPORTED;
	case NATPMP_NOT_AUTHORIZED:
		return PORTMAP_NOT_AUTHORIZED;
	case NATPMP_NETWORK_FAILURE:
		return PORTMAP_NETWORK_FAILURE;
	case NATPMP_NO_RESOURCES:
		return PORTMAP_NO_RESOURCES;
	default:
		return PORTMAP_REFUSED;
	}
}

enum portmap_why reason_of_upnp(unsigned result)
{
	switch (result) {
	case UPNP_RESULT_OK:
		return PORTMAP_OK;
	case UPNP_RESULT_SILENT:
	case UPNP_RESULT_GONE:
		return PORTMAP_SILENT;
	case UPNP_RESULT_SLOW:
		return PORTMAP_TIMED_OUT;
	case UPNP_RESULT_TOO_LARGE:
	case UPNP_RESULT_GARBAGE:
		return PORTMAP_MALFORMED;
	case UPNP_RESULT_ELSEWHERE:
		return PORTMAP_LIED;
	case UPNP_RESULT_NOT_IGD:
	case 401: /* invalid action */
	case 602: /* optional action not implemented */
	case 703: /* inbound pinhole not allowed */
	case 705: /* protocol not supported */
		return PORTMAP_UNSUPPORTED;
	case 606: /* action not authorized */
	case 702: /* firewall disabled */
		return PORTMAP_NOT_AUTHORIZED;
	case 718: /* conflict in mapping entry */
	case 729: /* conflict with other mechanisms */
		return PORTMAP_CONFLICT;
	case 701: /* pinhole space exhausted */
	case 728: /* no port maps available */
		return PORTMAP_NO_RESOURCES;
	case 725: /* only permanent leases supported */
		return PORTMAP_LEASE_REFUSED;
	default:
		return PORTMAP_REFUSED;
	}
}

unsigned reason_upnp_code(unsigned result)
{
	return result >= UPNP_CODES ? result : 0;
}

enum portmap_why reason_of_address(const struct addr *external)
{
	if (addr_family(external) == ADDR_NONE)
		return PORTMAP_OK;
	if (!addr_is_one_host(external))
		return PORTMAP_NETWORK_FAILURE;
	return addr_is_private(external) ? PORTMAP_PRIVATE : PORTMAP_OK;
}
