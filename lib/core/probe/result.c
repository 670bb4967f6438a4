#include "core/probe/result.h"

#include <assert.h>

#define NAME_OF(table, i) \
	((size_t)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "unknown")

const char *nat_class_name(enum nat_class c)
{
	static const char *const names[] = {
		[CLASS_UNKNOWN] = "unknown",
		[CLASS_ENDPOINT_INDEPENDENT] = "endpoint-independent",
		[CLASS_ADDRESS_DEPENDENT] = "address-dependent",
		[CLASS_ADDRESS_AND_PORT_DEPENDENT] = "address-and-port-dependent",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == CLASS_COUNT, "each class has a name");
	return NAME_OF(names, c);
}

const char *port_pattern_name(enum port_pattern p)
{
	static const char *const names[] = {
		[PORTS_UNKNOWN] = "unknown",       [PORTS_PRESERVED] = "preserved",
		[PORTS_SEQUENTIAL] = "sequential", [PORTS_PARITY] = "parity",
		[PORTS_RANGE] = "range",           [PORTS_RANDOM] = "random",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == PORTS_COUNT, "each pattern has a name");
	return NAME_OF(names, p);
}

const char *pooling_name(enum pooling p)
{
	static const char *const names[] = {
		[POOL_UNKNOWN] = "unknown",
		[POOL_PAIRED] = "paired",
		[POOL_ARBITRARY] = "arbitrary",
	};
	return NAME_OF(names, p);
}

const char *traffic_state_name(enum traffic_state s)
{
	static const char *const names[] = {
		[STATE_SOLITARY] = "solitary",
		[STATE_REPLIED] = "replied",
		[STATE_STREAM] = "stream",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == STATE_COUNT, "each state has a name");
	return NAME_OF(names, s);
}

const char *quota_policy_name(enum quota_policy p)
{
	static const char *const names[] = {
		[QUOTA_UNKNOWN] = "unknown",
		[QUOTA_NONE_SEEN] = "none-seen",
		[QUOTA_REFUSES] = "refuses",
		[QUOTA_EVICTS] = "evicts-oldest",
	};
	return NAME_OF(names, p);
}

const char *fault_name(enum fault_kind k)
{
	static const char *const names[] = {
		[FAULT_OTHER_IS_SELF] = "other-address-is-its-own",
		[FAULT_OTHER_SILENT] = "other-address-silent",
		[FAULT_CHANGE_IGNORED] = "change-request-ignored",
		[FAULT_CHANGE_REFUSED] = "change-request-refused",
		[FAULT_WRONG_SOURCE] = "answer-from-wrong-address",
		[FAULT_WRONG_TID] = "wrong-transaction-id",
		[FAULT_GARBAGE] = "garbage",
		[FAULT_NO_ANSWER] = "no-answer",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == FAULT_COUNT, "each fault has a name");
	return NAME_OF(names, k);
}

const char *evidence_kind_name(enum evidence_kind k)
{
	static const char *const names[] = {
		[EVIDENCE_MAPPING] = "mapping",   [EVIDENCE_FILTERING] = "filtering",
		[EVIDENCE_LIFETIME] = "lifetime", [EVIDENCE_REFRESH] = "refresh",
		[EVIDENCE_HAIRPIN] = "hairpin",   [EVIDENCE_FRAGMENT] = "fragment",
		[EVIDENCE_ICMP] = "icmp",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == EVIDENCE_KIND_COUNT,
		      "each kind of evidence has a name");
	return NAME_OF(names, k);
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_VOID] = "void",
		[VERDICT_ALIVE] = "alive",
		[VERDICT_DEAD] = "dead",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == VERDICT_COUNT, "each verdict has a name");
	return NAME_OF(names, v);
}
