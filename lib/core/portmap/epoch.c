#include "core/portmap/epoch.h"

static void note(struct epoch *e, uint32_t server_s, nk_time now)
{
	*e = (struct epoch){.known = true, .server_s = server_s, .client = now};
}

/* In whole seconds: the two clocks may differ by a sixteenth, and by 2 s. */
static bool pcp_is_invalid(const struct epoch *e, uint32_t server_s, nk_time now)
{
	const int64_t server = (int64_t)server_s - e->server_s;
	const int64_t client = now / NK_S - e->client / NK_S;

	return server < -1 || client + 2 < server - server / 16 ||
	       server + 2 < client - client / 16;
}

bool epoch_lost_pcp(struct epoch *e, uint32_t server_s, nk_time now)
{
	const bool lost = e->known && pcp_is_invalid(e, server_s, now);

	note(e, server_s, now);
	return lost;
}

bool epoch_lost_natpmp(struct epoch *e, uint32_t server_s, nk_time now)
{
	const nk_time expected = e->server_s * NK_S + (now - e->client) * 7 / 8;
	const bool lost = e->known && server_s * NK_S < expected - 2 * NK_S;

	note(e, server_s, now);
	return lost;
}
