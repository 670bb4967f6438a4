#include "core/portmap/reach.h"

const char *reach_verdict_name(enum reach_verdict v)
{
	static const char *const names[] = {
		[REACH_UNKNOWN] = "unknown",   [REACH_SEEN] = "seen",
		[REACH_ACCEPTED] = "accepted", [REACH_REFUSED] = "refused",
		[REACH_NOT_SEEN] = "not-seen",
	};

	return names[v];
}

const char *reach_why_text(enum reach_why w)
{
	static const char *const texts[] = {
		[REACH_WHY_NONE] = "",
		[REACH_BROKER_SILENT] = "the server does not answer, or is no natbroker",
		[REACH_BROKER_CANNOT] = "the broker cannot come from elsewhere",
		[REACH_OTHER_ADDRESS] =
			"the broker sees this machine at another address than the mapping's",
		[REACH_PORT_TAKEN] =
			"a program has the port, which can be looked at only while it is free",
		[REACH_LIMITED] = "the broker has been asked too often",
		[REACH_BARRED] = ("to listen at so low a port takes CAP_NET_BIND_SERVICE, and no "
				  "program was seen to"),
		[REACH_OTHER_WAY] = "what is sent to the server leaves by another gateway",
		[REACH_ELSEWHERE] = "somebody else accepts what comes to that port",
	};

	return texts[w];
}
