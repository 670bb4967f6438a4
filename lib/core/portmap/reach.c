#include "core/portmap/reach.h"

#include <stdlib.h>

struct reach {
	struct reach_result result;
};

struct reach *reach_new(const struct reach_config *config, struct rng *rng, nk_time now)
{
	struct reach *r = calloc(1, sizeof(*r));

	(void)config;
	(void)rng;
	(void)now;
	if (r != NULL)
		r->result.why = REACH_BROKER_CANNOT;
	return r;
}

void reach_free(struct reach *r)
{
	free(r);
}

bool reach_input(struct reach *r, const struct event *ev, nk_time now)
{
	(void)r;
	(void)ev;
	(void)now;
	return false;
}

bool reach_output(struct reach *r, struct action *action, nk_time now)
{
	(void)r;
	(void)action;
	(void)now;
	return false;
}

nk_time reach_deadline(const struct reach *r)
{
	(void)r;
	return NK_NEVER;
}

int reach_status(const struct reach *r)
{
	(void)r;
	return CORE_DONE;
}

const struct reach_result *reach_result(const struct reach *r)
{
	return &r->result;
}

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
		[REACH_BROKER_SILENT] = "the broker does not answer",
		[REACH_BROKER_CANNOT] = "the broker cannot come from elsewhere",
		[REACH_OTHER_ADDRESS] =
			"the broker sees this machine at another address than the mapping's",
		[REACH_PORT_TAKEN] =
			"a program has the port, which can be looked at only while it is free",
		[REACH_LIMITED] = "the broker has been asked too often",
	};

	return texts[w];
}
