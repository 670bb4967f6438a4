/* What a run tells: events as they happen, and its calls for the report. */
#include <string.h>

#include "core/call/natpunch_state.h"

void natpunch_tell(struct natpunch *n, const struct talk *t, struct natpunch_event e, nk_time now)
{
	e.at = now;
	if (t != NULL) {
		e.call = t->number;
		e.name = t->who != NULL ? t->who->name : NULL;
		memcpy(e.key, t->key, sizeof(e.key));
	}
	if (n->event_count < EVENTS_MAX)
		n->events[(n->event_first + n->event_count++) % EVENTS_MAX] = e;
}

bool natpunch_next_event(struct natpunch *n, struct natpunch_event *out)
{
	if (n->event_count == 0)
		return false;
	*out = n->events[n->event_first];
	n->event_first = (n->event_first + 1) % EVENTS_MAX;
	n->event_count--;
	return true;
}

static void report_of(const struct natpunch *n, const struct talk *t, struct call_report *out)
{
	call_report(t->call, out);
	out->tested = n->options->mode == PUNCH_TEST ? n->testing : TACTICS;
}

void natpunch_keep_report(struct natpunch *n, const struct talk *t)
{
	struct kept_report *kept;

	if (n->report_count == NATPUNCH_CALLS_MAX)
		memmove(n->reports, n->reports + 1, --n->report_count * sizeof(n->reports[0]));
	kept = &n->reports[n->report_count++];
	report_of(n, t, &kept->report);
	if (kept->report.session != NULL)
		kept->stats = *kept->report.session;
}

bool natpunch_call(const struct natpunch *n, unsigned i, struct call_report *out)
{
	if (i < n->report_count) {
		*out = n->reports[i].report;
		if (out->session != NULL)
			out->session = &n->reports[i].stats;
		return true;
	}
	i -= n->report_count;
	for (unsigned k = 0; k < n->slots; k++) {
		if (n->talks[k].call == NULL || i-- > 0)
			continue;
		report_of(n, &n->talks[k], out);
		return true;
	}
	return false;
}

bool natpunch_stream_peer(const struct natpunch *n, uint32_t stream, struct natpunch_event *out)
{
	const struct talk *t;
	struct call_report r;

	if (stream == 0 || stream > NATPUNCH_CALLS_MAX || n->talks[stream - 1].call == NULL)
		return false;
	t = &n->talks[stream - 1];
	call_report(t->call, &r);
	*out = (struct natpunch_event){
		.kind = NATPUNCH_CONNECTED,
		.at = r.connected,
		.call = t->number,
		.name = t->who != NULL ? t->who->name : NULL,
		.addr = r.punch.peer,
		.tactic = r.relayed ? TACTIC_RELAY : r.punch.by,
	};
	memcpy(out->key, t->key, sizeof(out->key));
	return true;
}
