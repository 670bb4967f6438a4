/* The first end of a flow that is kept open, and what it learns on spare mappings, as one core. */
#ifndef TESTS_SIM_ALIVE_CLIENT_H
#define TESTS_SIM_ALIVE_CLIENT_H

#include "alive_end.h"
#include "core/keepalive/learner.h"

/* struct alive_client - @learner: NULL: the interval stays as it is */
struct alive_client {
	struct alive_end end;
	struct learner *learner;
};

extern const struct core_ops alive_client_ops;

/**
 * struct alive_meter - A core, and what it sends
 * @bytes:	IPv4 total length
 */
struct alive_meter {
	const struct core_ops *ops;
	void *core;
	uint64_t packets, bytes;
};

extern const struct core_ops alive_meter_ops;

#endif
