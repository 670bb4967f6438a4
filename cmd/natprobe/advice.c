#include "advice.h"

#include <math.h>
#include <stdio.h>

#include "face/plot.h"

#define REQ_5_SECONDS 120.0

/* A bound this near to 120 s, above a value just below, still says "120 s". */
#define REQ_5_TOLERANCE 5.0

static void require(struct requirement *q, const char *name, const char *level, const char *about,
		    enum requirement_verdict verdict)
{
	*q = (struct requirement){.name = name, .level = level, .about = about, .verdict = verdict};
}

static enum requirement_verdict judge_fact(const struct fact *f, enum tri good)
{
	if (f->answer == TRI_UNKNOWN)
		return REQ_UNKNOWN;
	return f->answer == good ? REQ_MET : REQ_NOT_MET;
}

static enum requirement_verdict judge_class(enum nat_class c, enum nat_class strictest)
{
	if (c == CLASS_UNKNOWN)
		return REQ_UNKNOWN;
	return c <= strictest ? REQ_MET : REQ_NOT_MET;
}

static enum requirement_verdict judge_timer(const struct measured *m)
{
	if (!m->known)
		return m->at_least >= REQ_5_SECONDS ? REQ_MET : REQ_UNKNOWN;
	if (m->hi < REQ_5_SECONDS)
		return REQ_NOT_MET;
	if (m->lo >= REQ_5_SECONDS || m->hi - m->lo <= REQ_5_TOLERANCE)
		return REQ_MET;
	return REQ_UNKNOWN;
}

/* REQ-5 holds for each state, so the worst state decides. */
static void judge_timers(const struct probe_result *r, struct requirement *q)
{
	size_t n = 0;

	require(q, "REQ-5", "MUST", "timers of at least 2 min", REQ_MET);
	for (int s = 0; s < STATE_COUNT; s++) {
		const struct measured *m = &r->timeouts[s];
		const enum requirement_verdict v = judge_timer(m);
		char time[32] = "unknown";

		if (m->known)
			plot_time_text(time, sizeof(time), m->value);
		else if (m->at_least > 0)
			plot_time_text(time, sizeof(time), m->at_least);
		n += (size_t)snprintf(q->finding + n, sizeof(q->finding) - n, "%s%s %s%s",
				      s > 0 ? ", " : "", traffic_state_name((enum traffic_state)s),
				      !m->known && m->at_least > 0 ? "over " : "", time);
		if (v == REQ_NOT_MET || q->verdict == REQ_MET)
			q->verdict = v;
	}
}

static void judge_ports(const struct ports_finding *p, struct requirement *range,
			struct requirement *parity)
{
	const bool known = p->trials > 0 && p->pattern != PORTS_UNKNOWN;

	/* Every local port that is tried is 1024 or higher. */
	require(range, "REQ-3a", "RECOMMENDED", "high ports stay high",
		!known          ? REQ_UNKNOWN
		: p->lo >= 1024 ? REQ_MET
				: REQ_NOT_MET);
	require(parity, "REQ-4", "RECOMMENDED", "port parity kept",
		!known                   ? REQ_UNKNOWN
		: p->parity == p->trials ? REQ_MET
					 : REQ_NOT_MET);
	if (known) {
		snprintf(range->finding, sizeof(range->finding), "ports %u to %u", p->lo, p->hi);
		snprintf(parity->finding, sizeof(parity->finding), "%u of %u", p->parity,
			 p->trials);
	}
}

static void judge_hairpin(const struct probe_result *r, struct requirement *q)
{
	require(q, "REQ-9", "MUST", "hairpinning", judge_fact(&r->hairpin, TRI_YES));
	if (r->hairpin.answer == TRI_YES && r->hairpin_internal_source) {
		q->verdict = REQ_NOT_MET;
		snprintf(q->finding, sizeof(q->finding), "delivered with the private address");
	}
}

static void judge_fragments(const struct probe_result *r, struct requirement *q)
{
	const enum requirement_verdict out = judge_fact(&r->fragments_out, TRI_YES);
	const enum requirement_verdict in = judge_fact(&r->fragments_in, TRI_YES);

	require(q, "REQ-14", "MUST", "fragments pass", out);
	if (in == REQ_NOT_MET || out == REQ_MET)
		q->verdict = in;
	if (out == REQ_NOT_MET)
		q->verdict = out;
	snprintf(q->finding, sizeof(q->finding), "outbound %s, inbound %s",
		 requirement_verdict_name(out), requirement_verdict_name(in));
}

static bool asked(const struct fact *f)
{
	return f->answer != TRI_UNKNOWN || f->why_kind != WHY_NOT_ASKED;
}

unsigned advice_requirements(const struct probe_result *r,
			     struct requirement out[static ADVICE_REQUIREMENTS_MAX])
{
	struct requirement *q = out;

	if (r->nat.answer != TRI_YES)
		return 0;
	require(q, "REQ-1", "MUST", "endpoint-independent mapping",
		judge_class(r->mapping.cls, CLASS_ENDPOINT_INDEPENDENT));
	snprintf(q->finding, sizeof(q->finding), "%s", nat_class_name(r->mapping.cls));
	q++;
	require(q, "REQ-2", "RECOMMENDED", "one public address per host",
		r->pooling == POOL_UNKNOWN  ? REQ_UNKNOWN
		: r->pooling == POOL_PAIRED ? REQ_MET
					    : REQ_NOT_MET);
	snprintf(q->finding, sizeof(q->finding), "%s", pooling_name(r->pooling));
	q++;
	judge_ports(&r->ports, q, q + 1);
	q += 2;
	if (r->timeouts[STATE_SOLITARY].why_kind != WHY_NOT_ASKED)
		judge_timers(r, q++);
	if (asked(&r->refresh_out)) {
		require(q++, "REQ-6", "MUST", "outbound packets refresh",
			judge_fact(&r->refresh_out, TRI_YES));
	}
	require(q, "REQ-8", "RECOMMENDED", "filtering by address at most",
		judge_class(r->filtering.cls, CLASS_ADDRESS_DEPENDENT));
	snprintf(q->finding, sizeof(q->finding), "%s", nat_class_name(r->filtering.cls));
	q++;
	if (asked(&r->hairpin))
		judge_hairpin(r, q++);
	if (asked(&r->alg))
		require(q++, "REQ-10", "SHOULD", "payload left alone", judge_fact(&r->alg, TRI_NO));
	if (asked(&r->fragments_out) || asked(&r->fragments_in))
		judge_fragments(r, q++);
	return (unsigned)(q - out);
}

const char *requirement_verdict_name(enum requirement_verdict v)
{
	static const char *const names[] = {
		[REQ_MET] = "met", [REQ_NOT_MET] = "not met", [REQ_UNKNOWN] = "unknown"};

	return names[v];
}

bool advice_keepalive_in(const struct probe_result *r, enum traffic_state s, struct keepalive *out)
{
	const struct measured *m = &r->timeouts[s];
	const double bound = m->known ? m->lo : m->at_least;

	if (!(bound > 0))
		return false;
	*out = (struct keepalive){.interval_s = floor(bound * 0.8 * 10) / 10, .state = s};
	return true;
}

bool advice_keepalive(const struct probe_result *r, struct keepalive *out)
{
	struct keepalive replied, stream;
	const bool has_replied = advice_keepalive_in(r, STATE_REPLIED, &replied);
	const bool has_stream = advice_keepalive_in(r, STATE_STREAM, &stream);

	if (!has_replied && !has_stream)
		return advice_keepalive_in(r, STATE_SOLITARY, out);
	if (!has_stream || (has_replied && replied.interval_s <= stream.interval_s))
		*out = replied;
	else
		*out = stream;
	return true;
}

/* Mappings that depend on the destination: what the server saw says nothing of other peers. */
static struct punching punching_varying(const struct ports_finding *ports)
{
	const bool predictable =
		ports->pattern == PORTS_PRESERVED || ports->pattern == PORTS_SEQUENTIAL;

	return (struct punching){
		.yes = "peers that let in any port of your address: no NAT, or filtering by "
		       "address "
		       "at most",
		.luck = predictable ? "peers whose own mapping is endpoint-independent, by "
				      "predicting your next port"
				    : "peers whose own mapping is endpoint-independent, by trying "
				      "some hundred ports",
		.no = "peers whose mapping varies with the destination too",
	};
}

struct punching advice_punching(const struct probe_result *r)
{
	const bool fixed = r->nat.answer == TRI_NO || r->mapping.cls == CLASS_ENDPOINT_INDEPENDENT;
	const enum nat_class filter =
		r->firewall.answer == TRI_NO ? CLASS_ENDPOINT_INDEPENDENT : r->filtering.cls;

	if (!fixed && r->mapping.cls == CLASS_UNKNOWN)
		return (struct punching){0};
	if (!fixed)
		return punching_varying(&r->ports);
	switch (filter) {
	case CLASS_ENDPOINT_INDEPENDENT:
		return (struct punching){.yes = "any peer, as long as the mapping lasts"};
	case CLASS_ADDRESS_DEPENDENT:
		return (struct punching){.yes = "any peer, whatever NAT it has"};
	default:
		return (struct punching){
			.yes = "peers whose mapping is endpoint-independent, and peers without NAT",
			.luck = "peers whose mapping varies with the destination, by guessing "
				"ports",
		};
	}
}
