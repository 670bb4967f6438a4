#include "core/portmap/protocol.h"

#include <assert.h>
#include <stddef.h>

static const struct {
	const char *name, *text;
} protocols[] = {
	[PORTMAP_PCP] = {"pcp", "PCP"},
	[PORTMAP_NAT_PMP] = {"nat-pmp", "NAT-PMP"},
	[PORTMAP_UPNP] = {"upnp", "UPnP"},
};
static_assert(sizeof(protocols) / sizeof(protocols[0]) == PORTMAP_PROTOCOLS, "one name each");

static const struct {
	const char *name, *text;
} whys[] = {
	[PORTMAP_OK] = {"ok", "nothing is wrong"},
	[PORTMAP_SILENT] = {"silent", "the gateway does not answer"},
	[PORTMAP_UNASKED] = {"unasked", "the gateway was not asked"},
	[PORTMAP_UNHEARD] = {"unheard", "the gateway had not answered when the run was over"},
	[PORTMAP_UNSUPPORTED] = {"unsupported", "the gateway answers, but cannot do this"},
	[PORTMAP_NOT_AUTHORIZED] = {"not-authorized", "the gateway has it switched off for us"},
	[PORTMAP_CONFLICT] = {"conflict", "another has the port"},
	[PORTMAP_NO_RESOURCES] = {"no-resources", "the gateway has no room for more mappings"},
	[PORTMAP_NETWORK_FAILURE] = {"network-failure",
				     "the gateway says that it has no public address itself"},
	[PORTMAP_ADDRESS_MISMATCH] = {"address-mismatch",
				      "a NAT stands between us and the gateway"},
	[PORTMAP_LEASE_REFUSED] = {"lease-refused",
				   "the gateway gives no lease that would end by itself"},
	[PORTMAP_NOT_AS_ASKED] = {"not-as-asked",
				  "the gateway gave another port, which was given back"},
	[PORTMAP_LIED] = {"lied", "the gateway's answer cannot be true"},
	[PORTMAP_PRIVATE] = {"private",
			     "the gateway's external address is not public: there is a NAT beyond"},
	[PORTMAP_MALFORMED] = {"malformed", "the gateway's answer could not be read"},
	[PORTMAP_TIMED_OUT] = {"timed-out", "the gateway was too slow"},
	[PORTMAP_REFUSED] = {"refused", "the gateway refused"},
};
static_assert(sizeof(whys) / sizeof(whys[0]) == PORTMAP_WHYS, "one name and text each");

const char *portmap_protocol_name(enum portmap_protocol p)
{
	return (size_t)p < PORTMAP_PROTOCOLS ? protocols[p].name : "unknown";
}

const char *portmap_protocol_text(enum portmap_protocol p)
{
	return (size_t)p < PORTMAP_PROTOCOLS ? protocols[p].text : "unknown";
}

const char *portmap_why_name(enum portmap_why w)
{
	return (size_t)w < PORTMAP_WHYS ? whys[w].name : "unknown";
}

const char *portmap_why_text(enum portmap_why w)
{
	return (size_t)w < PORTMAP_WHYS ? whys[w].text : "for a reason that is not known";
}
