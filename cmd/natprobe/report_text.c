#include <math.h>
#include <string.h>

#include "advice.h"
#include "face/numbers.h"
#include "face/plot_text.h"
#include "face/prose.h"
#include "face/style.h"
#include "report.h"

static void unknown_line(FILE *out, const struct style *st, const char *name, const char *why)
{
	char text[PROBE_WHY + 16];

	snprintf(text, sizeof(text), "unknown%s%s", why[0] != '\0' ? ": " : "", why);
	prose_toned(out, st, TONE_DOUBT, name, text);
}

static void put_public(char *text, size_t size, const struct probe_result *r)
{
	char addr[ADDR_TEXT];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < r->public_count && i < PROBE_PUBLIC_MAX && n + ADDR_TEXT < size;
	     i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", i > 0 ? ", " : "",
				      addr_text_ip(&r->public_addrs[i], addr));
}

static void print_nat(FILE *out, const struct style *st, const struct report *rep,
		      const struct probe_result *r)
{
	char local[ADDR_TEXT], seen[PROBE_PUBLIC_MAX * ADDR_TEXT], text[1024];
	const char *via = rep->interface[0] != '\0' ? " on " : "";

	addr_text_ip(&r->local, local);
	put_public(seen, sizeof(seen), r);
	if (r->nat.answer == TRI_UNKNOWN) {
		unknown_line(out, st, "NAT", r->nat.why);
		return;
	}
	if (r->nat.answer == TRI_YES)
		snprintf(text, sizeof(text), "yes: %s%s%s appears as %s", local, via,
			 rep->interface, seen);
	else
		snprintf(text, sizeof(text), "none: %s%s%s is seen as it is%s", local, via,
			 rep->interface,
			 r->firewall.answer == TRI_YES  ? ", but a firewall stands before it"
			 : r->firewall.answer == TRI_NO ? ", and no firewall either"
							: "");
	prose_line(out, st, "NAT", text);
}

static void print_mapping(FILE *out, const struct style *st, const struct class_finding *c)
{
	static const char *const meaning[CLASS_COUNT] = {
		[CLASS_ENDPOINT_INDEPENDENT] =
			"endpoint-independent: one public port for all destinations",
		[CLASS_ADDRESS_DEPENDENT] =
			"address-dependent: another public port for each destination address",
		[CLASS_ADDRESS_AND_PORT_DEPENDENT] =
			"address-and-port-dependent: another public port for each destination "
			"(\"symmetric\")",
	};

	if (c->cls == CLASS_UNKNOWN)
		unknown_line(out, st, "Mapping", c->why);
	else
		prose_line(out, st, "Mapping", meaning[c->cls]);
	if (c->inconsistent)
		prose_line(out, st, "",
			   "but not for all local ports: ports are overloaded or change");
}

static void print_filtering(FILE *out, const struct style *st, const struct class_finding *c)
{
	static const char *const meaning[CLASS_COUNT] = {
		[CLASS_ENDPOINT_INDEPENDENT] =
			"endpoint-independent: an open mapping lets in anyone",
		[CLASS_ADDRESS_DEPENDENT] =
			"address-dependent: lets in the addresses that were written to",
		[CLASS_ADDRESS_AND_PORT_DEPENDENT] =
			"address-and-port-dependent: lets in only the exact ports written to",
	};

	if (c->cls == CLASS_UNKNOWN)
		unknown_line(out, st, "Filtering", c->why);
	else
		prose_line(out, st, "Filtering", meaning[c->cls]);
}

static void print_ports(FILE *out, const struct style *st, const struct ports_finding *p)
{
	char text[160];

	switch (p->pattern) {
	case PORTS_PRESERVED:
		snprintf(text, sizeof(text), "preserved (%u of %u)", p->kept, p->trials);
		break;
	case PORTS_SEQUENTIAL:
		snprintf(text, sizeof(text), "sequential, in steps of %d (%u to %u)", p->step,
			 p->lo, p->hi);
		break;
	case PORTS_PARITY:
	case PORTS_RANGE:
	case PORTS_RANDOM:
		snprintf(text, sizeof(text), "%s (%u to %u)%s", port_pattern_name(p->pattern),
			 p->lo, p->hi,
			 p->pattern == PORTS_PARITY ? ", odd stays odd and even even" : "");
		break;
	default:
		unknown_line(out, st, "Ports", p->why);
		return;
	}
	prose_line(out, st, "Ports", text);
}

static const char *yes_no(enum tri t)
{
	return t == TRI_YES ? "yes" : t == TRI_NO ? "no" : "unknown";
}

static void print_icmp(FILE *out, const struct style *st, const struct measured *m)
{
	char value[32], lo[32], hi[32], text[160];

	if (m->known)
		snprintf(text, sizeof(text), "a silent ping's mapping lasts %s (%s to %s)",
			 plot_time_text(value, sizeof(value), m->value),
			 plot_time_text(lo, sizeof(lo), m->lo),
			 plot_time_text(hi, sizeof(hi), m->hi));
	else if (m->at_least > 0)
		snprintf(text, sizeof(text), "a silent ping's mapping lasts longer than %s",
			 plot_time_text(lo, sizeof(lo), m->at_least));
	else
		return;
	prose_line(out, st, "ICMP", text);
}

/* Small facts, each on a line of its own, and only if there is something to say. */
static void print_small(FILE *out, const struct style *st, const struct probe_result *r)
{
	char text[160];

	if (r->pooling == POOL_ARBITRARY)
		prose_line(out, st, "Exits",
			   "several, chosen anew for each mapping (arbitrary pooling)");
	if (r->refresh_out.answer != TRI_UNKNOWN || r->refresh_in.answer != TRI_UNKNOWN) {
		snprintf(text, sizeof(text), "by outbound packets: %s, by inbound packets: %s",
			 yes_no(r->refresh_out.answer), yes_no(r->refresh_in.answer));
		prose_line(out, st, "Refresh", text);
	}
	print_icmp(out, st, &r->icmp_query);
	if (r->hairpin.answer != TRI_UNKNOWN)
		prose_line(out, st, "Hairpin",
			   r->hairpin.answer == TRI_NO  ? "no"
			   : r->hairpin_internal_source ? "yes, but with the private source address"
							: "yes");
	if (r->alg.answer == TRI_YES)
		prose_line(out, st, "Payload", "rewritten: an application gateway is active");
	if (r->fragments_out.answer == TRI_NO || r->fragments_in.answer == TRI_NO) {
		snprintf(text, sizeof(text), "outbound %s, inbound %s",
			 yes_no(r->fragments_out.answer), yes_no(r->fragments_in.answer));
		prose_line(out, st, "Fragments", text);
	}
	if (r->quota.policy == QUOTA_REFUSES || r->quota.policy == QUOTA_EVICTS) {
		snprintf(text, sizeof(text), "%u mapping%s at once; then it %s", r->quota.value,
			 r->quota.value == 1 ? "" : "s",
			 r->quota.policy == QUOTA_EVICTS ? "evicts the oldest"
							 : "refuses new ones");
		prose_line(out, st, "Limit", text);
	} else if (r->quota.held > 0) {
		snprintf(text, sizeof(text), "none met with %u mappings at once", r->quota.held);
		prose_line(out, st, "Limit", text);
	}
}

static void print_timeout(FILE *out, const struct style *st, enum traffic_state s,
			  const struct measured *m)
{
	static const char *const meaning[STATE_COUNT] = {
		[STATE_SOLITARY] = "one packet out, no answer",
		[STATE_REPLIED] = "one packet out, one answer",
		[STATE_STREAM] = "traffic both ways for more than 3 s",
	};
	char value[64], bounds[96], lo[32], hi[32];

	fprintf(out, "  %-9s", traffic_state_name(s));
	if (!m->known && !(m->at_least > 0)) {
		char why[PROBE_WHY + 16];

		snprintf(why, sizeof(why), "unknown%s%s", m->why[0] != '\0' ? ": " : "", m->why);
		fputs(style_tone(st, TONE_DOUBT), out);
		prose_wrapped(out, st, PROSE_COLS, PROSE_COLS, why);
		fputs(style_tone(st, TONE_PLAIN), out);
		return;
	}
	if (m->known) {
		plot_time_text(value, sizeof(value), m->value);
		snprintf(bounds, sizeof(bounds), m->varies ? "(varies: %s to %s)" : "(%s to %s)",
			 plot_time_text(lo, sizeof(lo), m->lo),
			 plot_time_text(hi, sizeof(hi), m->hi));
	} else {
		snprintf(value, sizeof(value), "> %s", plot_time_text(lo, sizeof(lo), m->at_least));
		snprintf(bounds, sizeof(bounds), "(longest tried)");
	}
	fprintf(out, "%s%-10s%s %-22s", style_tone(st, TONE_STRONG), value,
		style_tone(st, TONE_PLAIN), bounds);
	if (PROSE_COLS + 10 + 1 + (strlen(bounds) > 22 ? strlen(bounds) : 22) + 1 +
		    strlen(meaning[s]) <=
	    st->width)
		fprintf(out, " %s%s%s", style_tone(st, TONE_DIM), meaning[s],
			style_tone(st, TONE_PLAIN));
	fputc('\n', out);
}

static void print_curves(FILE *out, const struct style *st, const struct probe_result *r)
{
	struct plot_series series[STATE_COUNT];

	if (!report_has_curve(r))
		return;
	report_series(r, series);
	fputc('\n', out);
	plot_text(out, st, series, STATE_COUNT);
}

static void print_keepalive(FILE *out, const struct style *st, const struct probe_result *r)
{
	struct keepalive k, stream;
	char text[200];

	if (!advice_keepalive(r, &k))
		return;
	snprintf(text, sizeof(text), "every %g s is safe (0.8 of the lower bound of %s%s)",
		 k.interval_s, traffic_state_name(k.state),
		 k.state == STATE_SOLITARY ? ", as replied and stream are unknown" : "");
	prose_line(out, st, "Keepalive", text);
	if (k.state != STATE_STREAM && advice_keepalive_in(r, STATE_STREAM, &stream) &&
	    stream.interval_s > k.interval_s * 1.1) {
		snprintf(text, sizeof(text),
			 "every %g s once traffic has gone both ways for more than 3 s",
			 stream.interval_s);
		prose_line(out, st, "", text);
	}
	if (r->refresh_out.answer == TRI_NO)
		prose_line(out, st, "",
			   "but packets from inside do not refresh: the other side must send");
}

static void print_punching(FILE *out, const struct style *st, const struct probe_result *r)
{
	const struct punching p = advice_punching(r);

	if (p.yes == NULL)
		return;
	prose_line(out, st, "Reaches", p.yes);
	if (p.luck != NULL) {
		prose_label(out, st, "");
		fputs("with luck: ", out);
		prose_wrapped(out, st, PROSE_COLS + 11, PROSE_COLS, p.luck);
	}
	if (p.no != NULL) {
		prose_label(out, st, "");
		fputs("not: ", out);
		prose_wrapped(out, st, PROSE_COLS + 5, PROSE_COLS, p.no);
	}
}

static void print_requirements(FILE *out, const struct style *st, const struct probe_result *r)
{
	static const enum tone tones[] = {
		[REQ_MET] = TONE_GOOD, [REQ_NOT_MET] = TONE_BAD, [REQ_UNKNOWN] = TONE_DOUBT};
	struct requirement list[ADVICE_REQUIREMENTS_MAX];
	const unsigned count = advice_requirements(r, list);

	if (count == 0)
		return;
	fprintf(out, "\n%sRFC 4787%s\n", style_tone(st, TONE_STRONG), style_tone(st, TONE_PLAIN));
	for (unsigned i = 0; i < count; i++) {
		const struct requirement *q = &list[i];
		char text[200];

		fprintf(out, "  %-8s%s%-9s%s", q->name, style_tone(st, tones[q->verdict]),
			requirement_verdict_name(q->verdict), style_tone(st, TONE_PLAIN));
		snprintf(text, sizeof(text), "%s%s%s%s", q->about,
			 q->finding[0] != '\0' ? " (" : "", q->finding,
			 q->finding[0] != '\0' ? ")" : "");
		prose_wrapped(out, st, 19, 19, text);
	}
}

static const char *fault_text(enum fault_kind k)
{
	static const char *const texts[FAULT_COUNT] = {
		[FAULT_OTHER_IS_SELF] = "names itself as its other address",
		[FAULT_OTHER_SILENT] = "its other address does not answer",
		[FAULT_CHANGE_IGNORED] = "answers CHANGE-REQUEST from the address that was asked",
		[FAULT_CHANGE_REFUSED] = "refuses CHANGE-REQUEST",
		[FAULT_WRONG_SOURCE] = "an answer came from an address that was not asked",
		[FAULT_WRONG_TID] = "an answer to nothing that was asked",
		[FAULT_GARBAGE] = "sent something that is not an answer",
		[FAULT_NO_ANSWER] = "does not answer",
	};

	return texts[k];
}

/* The server, and what is wrong with it: nothing of that is held against the NAT. */
static void print_server(FILE *out, const struct style *st, const struct probe_result *r)
{
	char addr[ADDR_TEXT], text[200];

	snprintf(text, sizeof(text), "%s%s%s%s", addr_text(&r->server, addr),
		 r->software[0] != '\0' ? " (" : "", r->software,
		 r->software[0] != '\0' ? ")" : "");
	prose_line(out, st, "Server", text);
	for (unsigned i = 0; i < r->fault_count && i < PROBE_FAULTS_MAX; i++) {
		snprintf(text, sizeof(text), "%s: %s (%u time%s)",
			 addr_text(&r->faults[i].server, addr), fault_text(r->faults[i].kind),
			 r->faults[i].count, r->faults[i].count == 1 ? "" : "s");
		fputs(style_tone(st, TONE_DOUBT), out);
		prose_line(out, st, "", text);
	}
	fputs(style_tone(st, TONE_PLAIN), out);
}

static void print_cost(FILE *out, const struct style *st, const struct probe_result *r)
{
	const unsigned long long packets = r->packets_out + r->packets_in;
	char text[200], rtt[32] = "unknown";
	size_t n;

	if (r->rtt_ms > 0)
		snprintf(rtt, sizeof(rtt), "%.3g ms", r->rtt_ms);
	n = (size_t)snprintf(
		text, sizeof(text), "%llu packet%s, %.0f kB, at most %u mapping%s, round trip %s",
		packets, packets == 1 ? "" : "s", ceil((double)(r->bytes_out + r->bytes_in) / 1000),
		r->mappings_peak, r->mappings_peak == 1 ? "" : "s", rtt);
	if (r->loss_trials > 0)
		snprintf(text + n, sizeof(text) - n, ", loss %.2g %%", r->loss * 100);
	prose_line(out, st, "Cost", text);
}

static void print_family(FILE *out, const struct style *st, const struct report *rep,
			 const struct probe_result *r)
{
	struct keepalive k;

	fputc('\n', out);
	if (rep->other != NULL)
		fprintf(out, "%s%s%s\n", style_tone(st, TONE_STRONG),
			r->family == ADDR_V6 ? "IPv6" : "IPv4", style_tone(st, TONE_PLAIN));
	print_nat(out, st, rep, r);
	if (r->nat.answer != TRI_NO)
		print_mapping(out, st, &r->mapping);
	if (r->firewall.answer != TRI_NO)
		print_filtering(out, st, &r->filtering);
	if (r->nat.answer != TRI_NO)
		print_ports(out, st, &r->ports);
	print_small(out, st, r);
	if (!rep->options->quick && r->timeouts[STATE_SOLITARY].why_kind != WHY_NOT_ASKED) {
		fprintf(out, "\n%sHow long a silent UDP mapping lasts%s\n",
			style_tone(st, TONE_STRONG), style_tone(st, TONE_PLAIN));
		for (int s = 0; s < STATE_COUNT; s++)
			print_timeout(out, st, (enum traffic_state)s, &r->timeouts[s]);
		print_curves(out, st, r);
		if (advice_keepalive(r, &k) || advice_punching(r).yes != NULL)
			fputc('\n', out);
	}
	print_keepalive(out, st, r);
	print_punching(out, st, r);
	print_requirements(out, st, r);
	fputc('\n', out);
	print_server(out, st, r);
	print_cost(out, st, r);
}

/* "PCP and NAT-PMP" of those that are usable; empty: none. */
static const char *usable_names(char *out, size_t size, const struct portmap_gateway *g)
{
	unsigned left = 0;
	size_t n = 0;

	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		left += g->offer[p].usable;
	out[0] = '\0';
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (g->offer[p].usable)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
					      portmap_protocol_text((enum portmap_protocol)p),
					      --left > 1  ? ", "
					      : left == 1 ? " and "
							  : "");
	return out;
}

/* Why a gateway opens no ports, as the best of its protocols has it. */
static enum portmap_why why_none(const struct portmap_gateway *g)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (g->offer[p].answers)
			return g->offer[p].why;
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (g->offer[p].why == PORTMAP_UNHEARD)
			return PORTMAP_UNHEARD;
	return PORTMAP_SILENT;
}

static void print_gateway(FILE *out, const struct style *st, const struct portmap_gateway *g)
{
	char addr[ADDR_TEXT], names[64], text[256];
	enum portmap_why why;

	addr_text_ip(&g->gateway, addr);
	usable_names(names, sizeof(names), g);
	if (names[0] != '\0') {
		snprintf(text, sizeof(text), "%s opens ports by %s%s: see natmap(1)", addr, names,
			 g->offer[PORTMAP_UPNP].why == PORTMAP_UNHEARD
				 ? " (UPnP was not waited for)"
				 : "");
		prose_line(out, st, "Gateway", text);
		return;
	}
	why = why_none(g);
	if (why == PORTMAP_SILENT)
		snprintf(text, sizeof(text), "%s opens no ports: no answer by PCP, NAT-PMP or UPnP",
			 addr);
	else
		snprintf(text, sizeof(text), "%s%s: %s", addr,
			 why == PORTMAP_UNHEARD ? "" : " opens no ports", portmap_why_text(why));
	prose_line(out, st, "Gateway", text);
}

/* Which family was cut short, if the other was not. */
static const char *cut_family(const struct report *r)
{
	const struct probe_result *cut = r->main->complete ? r->other : r->main;

	if (r->other == NULL || r->main->complete == r->other->complete)
		return "";
	return cut->family == ADDR_V6 ? " for IPv6" : " for IPv4";
}

void report_text(FILE *out, const struct style *st, const struct report *r)
{
	char when[32], text[200];

	snprintf(text, sizeof(text), "%s, %.1f s", date_text(when, sizeof(when), r->started_unix),
		 r->elapsed_s);
	prose_line(out, st, "natprobe", text);
	if (!report_complete(r)) {
		snprintf(text, sizeof(text), "this run was cut short%s: %s", cut_family(r),
			 report_cut_why(r));
		prose_line(out, st, "", text);
	}
	print_family(out, st, r, r->main);
	if (r->other != NULL)
		print_family(out, st, r, r->other);
	for (unsigned i = 0; i < r->gateway_count; i++)
		print_gateway(out, st, &r->gateways[i]);
}
