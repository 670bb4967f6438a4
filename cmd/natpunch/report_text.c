#include "face/style.h"
#include "report.h"
#include "words.h"

static void print_side(FILE *out, const char *who, const struct nat_hint *h)
{
	fprintf(out, "%-8s mapping %s, ports %s", who, word_of_mapping(h->mapping),
		word_of_ports(h->ports));
	if (h->ports == HINT_PORTS_SEQUENTIAL)
		fprintf(out, " in steps of %d, the last %u", h->step, h->last_port);
	if (h->opener_ttl > 0)
		fprintf(out, ", passed by a TTL of %u", h->opener_ttl);
	fputc('\n', out);
}

static void print_sides(FILE *out, const struct call_report *c)
{
	const struct nat_hint theirs = {
		.mapping = (enum hint_mapping)c->peer.nat.mapping,
		.ports = (enum hint_ports)c->peer.nat.ports,
		.step = c->peer.nat.step,
		.last_port = c->peer.nat.last_port,
		.opener_ttl = c->peer.nat.opener_ttl,
	};

	print_side(out, "Here", &c->gathered.hint);
	if (c->answered != NK_NEVER)
		print_side(out, "There", &theirs);
}

static unsigned sum(const struct call_report *c, bool out)
{
	unsigned n = 0;

	for (unsigned t = 0; t < TACTICS; t++)
		n += out ? c->punch.attempts[t].packets_out : c->punch.attempts[t].packets_in;
	return n;
}

static void print_call(FILE *out, const struct style *style, const struct report *r,
		       const struct call_report *c)
{
	const bool connected = c->connected != NK_NEVER;
	const enum tactic t = c->tested;
	char addr[ADDR_TEXT];

	fprintf(out, "%-9s %s%-13s%s %5u out %5u in", tactic_name(t),
		style_tone(style, connected ? TONE_GOOD : TONE_DIM),
		connected ? "connected" : word_of_end(c->end), style_tone(style, TONE_PLAIN),
		sum(c, true), sum(c, false));
	if (connected && c->fired != NK_NEVER)
		fprintf(out, "  %.0f ms after fire", nk_seconds(c->connected - c->fired) * 1000);
	if (connected && c->punch.connected)
		fprintf(out, "  %s", addr_text(&c->punch.peer, addr));
	fprintf(out, "  belief %.0f %% -> %.0f %%\n", tactics_p(r->before, t, r->started) * 100,
		tactics_p(r->after, t, r->ended) * 100);
}

void report_text(FILE *out, const struct style *style, const struct report *r)
{
	struct call_report c;

	fprintf(out, "%s through %s:%u\n\n", r->callee, r->broker->host, r->broker->port);
	for (unsigned i = 0; natpunch_call(r->punch, i, &c); i++)
		if (c.tested < TACTICS)
			print_call(out, style, r, &c);
	if (natpunch_call(r->punch, 0, &c)) {
		fputc('\n', out);
		print_sides(out, &c);
	}
}
