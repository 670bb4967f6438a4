#include "keep.h"

#include "advice.h"
#include "desk/timeouts.h"

void keep_timeouts(const struct probe_result *r, const char *interface, int64_t unix_us)
{
	const struct measured *m;
	struct keepalive safe;
	struct timeouts t;

	if (!advice_keepalive(r, &safe))
		return;
	m = &r->timeouts[safe.state];
	timeouts_open(&t, &r->server, interface);
	for (unsigned i = 0; i < r->public_count; i++)
		network_seen(&t.network, &r->public_addrs[i]);
	t.lower = m->known ? m->lo : m->at_least;
	t.value = m->known ? m->value : 0;
	t.upper = m->known ? m->hi : 0;
	t.outbound_only = r->refresh_out.answer == TRI_YES && r->refresh_in.answer == TRI_NO;
	t.at_unix_s = (uint64_t)(unix_us / NK_S);
	timeouts_save(&t);
}
