#include "core/natmap/result.h"

#include <assert.h>

#define NAME_OF(table, i) \
	((size_t)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "unknown")

const char *hop_state_name(enum hop_state s)
{
	static const char *const names[] = {
		[HOP_UNKNOWN] = "unknown",
		[HOP_STATELESS] = "stateless",
		[HOP_STATEFUL] = "stateful",
		[HOP_HIDDEN] = "hidden",
	};
	return NAME_OF(names, s);
}

const char *natmap_verdict_name(enum natmap_verdict v)
{
	static const char *const names[] = {
		[NATMAP_UNKNOWN] = "unknown",       [NATMAP_OPEN] = "open",
		[NATMAP_FIREWALL] = "firewall",     [NATMAP_ONE_NAT] = "one-nat",
		[NATMAP_DOUBLE_NAT] = "double-nat", [NATMAP_CARRIER_NAT] = "carrier-nat",
		[NATMAP_NAT64] = "nat64",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == NATMAP_VERDICTS,
		      "each verdict has a name");
	return NAME_OF(names, v);
}

const char *natmap_sign_name(enum natmap_sign s)
{
	static const char *const names[] = {
		[SIGN_SAME_ADDRESS] = "same-address",
		[SIGN_OTHER_ADDRESS] = "other-address",
		[SIGN_LOCAL_SHARED] = "local-shared",
		[SIGN_LOCAL_PRIVATE] = "local-private",
		[SIGN_GATEWAY_PRIVATE] = "gateway-private",
		[SIGN_GATEWAY_SHARED] = "gateway-shared",
		[SIGN_GATEWAY_DIFFERS] = "gateway-differs",
		[SIGN_GATEWAY_AGREES] = "gateway-agrees",
		[SIGN_GATEWAY_PUBLIC] = "gateway-public",
		[SIGN_GATEWAY_NO_ADDRESS] = "gateway-no-address",
		[SIGN_ADDRESS_MISMATCH] = "address-mismatch",
		[SIGN_STATEFUL_HOP] = "stateful-hop",
		[SIGN_STATEFUL_BEYOND] = "stateful-beyond",
		[SIGN_QUOTE_REWRITTEN] = "quote-rewritten",
		[SIGN_HOP_SHARED] = "hop-shared",
		[SIGN_HOP_PRIVATE_BEYOND] = "hop-private-beyond",
		[SIGN_HOP_BESIDE_PUBLIC] = "hop-beside-public",
		[SIGN_NAT64_PREFIX] = "nat64-prefix",
		[SIGN_TUNNEL] = "tunnel",
		[SIGN_NO_STATE] = "no-state",
		[SIGN_NO_STATE_SEEN] = "no-state-seen",
		[SIGN_FILTERED] = "filtered",
		[SIGN_SERVER_BESIDE] = "server-beside",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == SIGNS, "each sign has a name");
	return NAME_OF(names, s);
}
