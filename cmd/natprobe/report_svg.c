#include "face/numbers.h"
#include "face/plot_svg.h"
#include "report.h"

int report_svg(FILE *out, const struct report *r)
{
	char local[ADDR_TEXT], seen[ADDR_TEXT] = "unknown", when[32], subtitle[200];
	const struct probe_result *drawn = report_drawn(r);
	struct plot_series series[STATE_COUNT];

	report_series(drawn, series);
	addr_text_ip(&drawn->local, local);
	if (drawn->public_count > 0)
		addr_text_ip(&drawn->public_addrs[0], seen);
	snprintf(subtitle, sizeof(subtitle), "%s, public address %s, %s, natprobe %s", local, seen,
		 date_text(when, sizeof(when), r->started_unix), NK_VERSION);
	return plot_svg(out, "How long this NAT keeps a silent UDP mapping", subtitle, series,
			STATE_COUNT);
}
