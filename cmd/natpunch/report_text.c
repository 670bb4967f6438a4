#include "face/style.h"
#include "report.h"
#include "words.h"

static void print_side(FILE *out, const char *who, const struct nat_hint *h,
		       const struct keepalive_offer *o)
{
	fprintf(out, "%-6s mapping %s, ports %s", who, word_of_mapping(h->mapping),
		word_of_ports(h->ports));
	if (h->ports == HINT_PORTS_SEQUENTIAL)
		fprintf(out, " in steps of %d", h->step);
	if (h->opener_ttl > 0)
		fprintf(out, ", passed by a TTL of %u", h->opener_ttl);
	if (o->lower_s > 0)
		fprintf(out, ", holds a mapping for %.0f s or more", o->lower_s);
	if (o->outbound_only)
		fprintf(out, ", if packets leave");
	fputc('\n', out);
}

static void print_kept(FILE *out, const struct call_report *c)
{
	if (c->session == NULL)
		return;
	fprintf(out, "Kept   by %s", keepalive_name((enum keepalive_algorithm)c->terms.algorithm));
	if (c->terms.algorithm != KEEPALIVE_NONE)
		fprintf(out, ", every %.0f s", c->terms.interval_s);
	fputc('\n', out);
}

static void print_sides(FILE *out, const struct report *r)
{
	struct call_report c;
	struct nat_hint theirs;

	for (unsigned i = 0; natpunch_call(r->punch, i, &c); i++) {
		if (c.answered == NK_NEVER)
			continue;
		theirs = (struct nat_hint){
			.mapping = (enum hint_mapping)c.peer.nat.mapping,
			.ports = (enum hint_ports)c.peer.nat.ports,
			.step = c.peer.nat.step,
			.opener_ttl = c.peer.nat.opener_ttl,
		};
		print_side(out, "Here", &c.gathered.hint, &c.ours);
		print_side(out, "There", &theirs, &c.theirs);
		print_kept(out, &c);
		fputc('\n', out);
		return;
	}
}

static unsigned packets(const struct call_report *c, bool out)
{
	unsigned n = 0;

	for (unsigned t = 0; t < TACTICS; t++)
		n += out ? c->punch.attempts[t].packets_out : c->punch.attempts[t].packets_in;
	return n;
}

static const char *result_of(const struct call_report *c)
{
	if (c->connected != NK_NEVER)
		return "connected";
	if (c->end == CALL_NO_PATH)
		return packets(c, true) > 0 ? "no way" : "nothing to try";
	return word_of_end(c->end);
}

/* From fire to connected. */
static const char *time_of(char *text, size_t size, const struct call_report *c)
{
	text[0] = '\0';
	if (c->connected != NK_NEVER && c->fired != NK_NEVER)
		snprintf(text, size, "%.0f ms",
			 nk_seconds(nk_max(c->connected - c->fired, 0)) * 1000);
	return text;
}

static void print_where(FILE *out, const struct call_report *c)
{
	char addr[ADDR_TEXT];

	if (c->relayed)
		fprintf(out, "  by the broker");
	else if (c->punch.connected)
		fprintf(out, "  %s", addr_text(&c->punch.peer, addr));
	if (c->tested == TACTIC_PREDICT && c->peer.nat.ports == HINT_PORTS_SEQUENTIAL)
		fprintf(out, "  predicted from %u in steps of %d", c->peer.nat.last_port,
			c->peer.nat.step);
}

static void print_way(FILE *out, const struct style *style, const struct report *r,
		      const struct call_report *c)
{
	const bool connected = c->connected != NK_NEVER;
	char took[16];

	fprintf(out, "%-9s  %s%-14s%s  %8s  %5u  %5u  %3.0f %% -> %3.0f %%", tactic_name(c->tested),
		style_tone(style, connected ? TONE_GOOD : TONE_DIM), result_of(c),
		style_tone(style, TONE_PLAIN), time_of(took, sizeof(took), c), packets(c, true),
		packets(c, false), tactics_p(r->before, c->tested, r->started) * 100,
		tactics_p(r->after, c->tested, r->ended) * 100);
	print_where(out, c);
	fputc('\n', out);
}

void report_text(FILE *out, const struct style *style, const struct report *r)
{
	struct call_report c;

	print_sides(out, r);
	fprintf(out, "%-9s  %-14s  %8s  %5s  %5s  %-14s  %s\n", "WAY", "RESULT", "TIME", "SENT",
		"HEARD", "BELIEF", "WHERE");
	for (unsigned i = 0; natpunch_call(r->punch, i, &c); i++)
		if (c.tested < TACTICS)
			print_way(out, style, r, &c);
}
