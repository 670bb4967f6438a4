#include "base/err.h"
#include "face/numbers.h"
#include "face/prose.h"
#include "map_draw.h"
#include "map_report.h"
#include "map_words.h"

static void print_head(FILE *out, const struct style *st, const struct map_report *rep)
{
	char when[32], text[200];

	snprintf(text, sizeof(text), "%s, %.1f s", date_text(when, sizeof(when), rep->started_unix),
		 rep->elapsed_s);
	prose_line(out, st, "natmap", text);
}

static void print_cut(FILE *out, const struct style *st, const struct natmap_result *r)
{
	char text[200];

	if (r->complete || r->cut_why == NK_ERR_UNREACHABLE) /* which the drawing shows */
		return;
	snprintf(text, sizeof(text), "this run was cut short: %s", map_cut_words(r));
	prose_toned(out, st, TONE_DOUBT, "", text);
}

static bool is_deaf(const struct portmap_gateway *g)
{
	for (int p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (g->offer[p].answers || !addr_is_any(&g->offer[p].source))
			return false;
	return true;
}

static void print_offer(FILE *out, const struct style *st, const struct portmap_offer *o,
			enum portmap_protocol p)
{
	char text[256];

	fprintf(out, "  %-*s%s", PROSE_COLS - 2, portmap_protocol_text(p),
		style_tone(st, o->usable    ? TONE_GOOD
			       : o->answers ? TONE_DOUBT
					    : TONE_DIM));
	prose_wrapped(out, st, PROSE_COLS, PROSE_COLS, map_offer_words(text, sizeof(text), o, p));
	fputs(style_tone(st, TONE_PLAIN), out);
}

static void print_gateway(FILE *out, const struct style *st, const struct natmap_result *r,
			  unsigned i)
{
	const struct portmap_gateway *g = &r->gateways[i];
	const struct natmap_way *w = &r->ways[i];
	char addr[ADDR_TEXT], text[256];

	snprintf(text, sizeof(text), "%s%s%s%s",
		 addr_is_any(&g->gateway) ? "none" : addr_text_ip(&g->gateway, addr),
		 w->interface[0] != '\0' ? " on " : "", w->interface,
		 w->tunnel                  ? ", a tunnel (VPN)"
		 : addr_is_any(&g->gateway) ? ", whose network is reached without one"
					    : "");
	prose_line(out, st, "Gateway", text);
	if (addr_is_any(&g->gateway))
		return;
	if (is_deaf(g)) {
		prose_toned(out, st, TONE_DIM, "", "no answer by PCP, NAT-PMP or UPnP");
		return;
	}
	for (int p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (p != PORTMAP_NAT_PMP || addr_family(&g->gateway) != ADDR_V6) /* it has none */
			print_offer(out, st, &g->offer[p], (enum portmap_protocol)p);
}

static void print_gateways(FILE *out, const struct style *st, const struct natmap_result *r)
{
	for (unsigned i = 0; i < r->gateway_count; i++)
		print_gateway(out, st, r, i);
	if (r->gateway_count > 0)
		fputc('\n', out);
}

static enum tone tone_of(enum natmap_verdict v)
{
	if (v == NATMAP_CARRIER_NAT || v == NATMAP_DOUBLE_NAT)
		return TONE_BAD;
	return v == NATMAP_UNKNOWN ? TONE_DOUBT : TONE_GOOD;
}

/* What speaks for the verdict, or against it. */
static void print_evidence(FILE *out, const struct style *st, const struct natmap_result *r,
			   bool against)
{
	const char *label = against ? "Against" : "Evidence";

	for (unsigned i = 0; i < r->evidence_count; i++) {
		if (r->evidence[i].against != against)
			continue;
		prose_label(out, st, label);
		fputs("- ", out);
		prose_wrapped(out, st, PROSE_COLS + 2, PROSE_COLS + 2, r->evidence[i].text);
		label = "";
	}
}

static void print_verdict(FILE *out, const struct style *st, const struct natmap_result *r)
{
	const char *meaning = map_meaning(r);
	char text[160];

	map_verdict_words(text, sizeof(text), r);
	prose_toned(out, st, tone_of(r->verdict), "Verdict", text);
	if (meaning[0] != '\0')
		prose_line(out, st, "", meaning);
	print_evidence(out, st, r, false);
	print_evidence(out, st, r, true);
}

/* How long the path as a whole is silent before something on it forgets. */
static void print_enumeration(FILE *out, const struct style *st, const struct map_report *rep)
{
	const struct path_result *p = &rep->result->path;
	char text[256], time[96];

	if (p->silence.known || p->silence.at_least > 0) {
		snprintf(text, sizeof(text), "the whole path keeps a silent UDP flow for %s",
			 map_time_words(time, sizeof(time), &p->silence));
		prose_line(out, st, "Silence", text);
	}
	if (rep->options->enumerate && p->enumeration_why != NULL) {
		snprintf(text, sizeof(text), "%s: %s",
			 p->enumerated                             ? "not all was found"
			 : p->packets_out > 0 && p->flows_peak > 0 ? "not looked for to the end"
								   : "not looked for",
			 p->enumeration_why);
		prose_toned(out, st, TONE_DOUBT, "State", text);
	}
	if (p->packets_out > 0) {
		const unsigned long long packets = p->packets_out + p->packets_in;

		if (p->flows_peak > 0)
			snprintf(text, sizeof(text), "%llu packets, at most %u mapping%s at once",
				 packets, p->flows_peak, p->flows_peak == 1 ? "" : "s");
		else
			snprintf(text, sizeof(text), "%llu packets", packets);
		prose_line(out, st, "Cost", text);
	}
}

void map_report_early(FILE *out, const struct style *st, const struct map_report *rep)
{
	print_head(out, st, rep);
	fputc('\n', out);
	map_draw(out, st, rep);
	fputc('\n', out);
	print_gateways(out, st, rep->result);
	print_verdict(out, st, rep->result);
}

void map_report_late(FILE *out, const struct style *st, const struct map_report *rep)
{
	fputc('\n', out);
	print_head(out, st, rep);
	print_cut(out, st, rep->result);
	fputc('\n', out);
	map_draw(out, st, rep);
	fputc('\n', out);
	print_verdict(out, st, rep->result);
	print_enumeration(out, st, rep);
}

void map_report_text(FILE *out, const struct style *st, const struct map_report *rep)
{
	print_head(out, st, rep);
	print_cut(out, st, rep->result);
	fputc('\n', out);
	map_draw(out, st, rep);
	fputc('\n', out);
	print_gateways(out, st, rep->result);
	print_verdict(out, st, rep->result);
	print_enumeration(out, st, rep);
}
