#include "map_draw.h"

#include <string.h>

#include "face/prose.h"
#include "map_report.h"
#include "map_words.h"

/* Columns: "  # 12  address   1.23 ms  words". */
#define NODE_COL    2
#define NAME_COL    8
#define NAME_LEAST  15 /* an IPv4 address */
#define NAME_MOST   28 /* of a longer one the words come below */
#define RTT_COLS    11
#define TEXT_INDENT 11 /* where they come below */
#define WORDS_LEAST 20 /* columns of words; of less they come below */

/**
 * struct sketch - How it is drawn
 * @names:	Columns of names
 */
struct sketch {
	FILE *out;
	const struct style *st;
	size_t names;
};

/* A row of the drawing: what is on the line, and to the right of it. @last: there the line ends. */
struct row {
	const char *node;
	bool last;
	enum tone tone;
	unsigned number;
	const char *name;
	double rtt_ms;
	const char *words;
};

static const char *node_of(const struct style *st, enum box b)
{
	static const char *const fine[BOXES] = {
		[BOX_UNKNOWN] = "○",     [BOX_ROUTER] = "○",   [BOX_HIDDEN] = "◌",
		[BOX_STATEFUL] = "■",    [BOX_FIREWALL] = "■", [BOX_NAT] = "■",
		[BOX_CARRIER_NAT] = "■",
	};
	static const char *const plain[BOXES] = {
		[BOX_UNKNOWN] = "o",     [BOX_ROUTER] = "o",   [BOX_HIDDEN] = "?",
		[BOX_STATEFUL] = "#",    [BOX_FIREWALL] = "#", [BOX_NAT] = "#",
		[BOX_CARRIER_NAT] = "#",
	};

	return st->utf8 ? fine[b] : plain[b];
}

static const char *end_of(const struct style *st)
{
	return st->utf8 ? "●" : "*";
}

static enum tone tone_of(enum box b)
{
	static const enum tone tones[BOXES] = {
		[BOX_UNKNOWN] = TONE_DIM,     [BOX_ROUTER] = TONE_PLAIN,  [BOX_HIDDEN] = TONE_DIM,
		[BOX_STATEFUL] = TONE_DOUBT,  [BOX_FIREWALL] = TONE_BLUE, [BOX_NAT] = TONE_DOUBT,
		[BOX_CARRIER_NAT] = TONE_BAD,
	};

	return tones[b];
}

/* The line between two rows, to which words that were too long for one may be added. */
static const char *edge_of(const struct style *st)
{
	return st->utf8 ? "  │" : "  |";
}

/* The same where boxes may lie that were not heard of. */
static const char *gap_of(const struct style *st)
{
	return st->utf8 ? "  ┊" : "  :";
}

static void put_row(const struct sketch *s, const struct row *row)
{
	const struct style *st = s->st;
	const bool pad = row->rtt_ms > 0 || row->words[0] != '\0';
	const char *line = row->last ? "   " : edge_of(st);
	size_t at = NAME_COL + s->names + RTT_COLS;
	char number[12] = "", rtt[32], edge[32];

	if (row->number > 0)
		snprintf(number, sizeof(number), "%u", row->number);
	fprintf(s->out, "  %s%s%s %s%2s%s  %s", style_tone(st, row->tone), row->node,
		style_tone(st, TONE_PLAIN), style_tone(st, TONE_DIM), number,
		style_tone(st, TONE_PLAIN), style_tone(st, TONE_STRONG));
	fprintf(s->out, "%-*s%s", pad ? (int)s->names : 0, row->name, style_tone(st, TONE_PLAIN));
	if (pad)
		fprintf(s->out, " %*s", RTT_COLS - 3, map_rtt_words(rtt, sizeof(rtt), row->rtt_ms));
	if (row->words[0] == '\0') {
		fputc('\n', s->out);
		return;
	}
	if (strlen(row->name) > s->names || st->width < at + WORDS_LEAST) {
		fprintf(s->out, "\n%s%*s", line, TEXT_INDENT - NODE_COL - 1, "");
		at = TEXT_INDENT;
	} else {
		fputs("  ", s->out);
	}
	snprintf(edge, sizeof(edge), "%s%s%s", style_tone(st, TONE_PLAIN), line,
		 style_tone(st, row->tone));
	fputs(style_tone(st, row->tone), s->out);
	prose_beside(s->out, st, at, edge, NODE_COL + 1, row->words);
	fputs(style_tone(st, TONE_PLAIN), s->out);
}

/* What gateway @address is asked for, if it is one of ours. */
static const char *put_offers(char *out, size_t size, const struct natmap_result *r,
			      const struct addr *address)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < r->gateway_count; i++) {
		if (!addr_same_ip(&r->gateways[i].gateway, address) || addr_is_any(address))
			continue;
		for (int p = 0; p < PORTMAP_PROTOCOLS && n < size; p++)
			if (r->gateways[i].offer[p].usable)
				n += (size_t)snprintf(
					out + n, size - n, "%s%s", n > 0 ? ", " : "opens ports by ",
					portmap_protocol_text((enum portmap_protocol)p));
		if (n > 0 && n < size && r->verdict == NATMAP_CARRIER_NAT && map_is_sure(r))
			snprintf(out + n, size - n, ", of no use here");
	}
	return out;
}

/* All that is known of a hop. */
static void put_hop_words(char *out, size_t size, const struct natmap_result *r, unsigned i)
{
	char state[256], offers[96], quote[96];
	const char *const clauses[] = {
		map_hop_words(state, sizeof(state), r, i),
		put_offers(offers, sizeof(offers), r, &r->path.hops[i].address),
		map_quote_words(quote, sizeof(quote), r, i),
	};
	size_t n = (size_t)snprintf(out, size, "%s", map_hop_name(r, i));
	const char *between = n > 0 ? ": " : "";

	for (unsigned k = 0; k < sizeof(clauses) / sizeof(clauses[0]) && n < size; k++) {
		if (clauses[k][0] == '\0')
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", between, clauses[k]);
		between = "; ";
	}
}

static void draw_hop(const struct sketch *s, const struct natmap_result *r, unsigned i)
{
	const struct hop *h = &r->path.hops[i];
	const enum box b = map_box(r, i);
	char addr[ADDR_TEXT], words[512];
	struct row row = {.node = node_of(s->st, b),
			  .tone = tone_of(b),
			  .number = i + 1,
			  .name = addr_is_any(&h->address) ? "no answer"
							   : addr_text_ip(&h->address, addr),
			  .rtt_ms = h->rtt_ms,
			  .words = words};

	put_hop_words(words, sizeof(words), r, i);
	put_row(s, &row);
}

static void draw_machine(const struct sketch *s, const struct natmap_result *r)
{
	char addr[ADDR_TEXT], words[128];
	const char *interface = map_interface(r);
	const struct addr *local = map_local(r);

	snprintf(words, sizeof(words), "this machine%s%s%s", interface[0] != '\0' ? ", " : "",
		 interface, r->vpn ? ", a tunnel" : "");
	put_row(s,
		&(struct row){.node = end_of(s->st),
			      .tone = TONE_PLAIN,
			      .name = addr_is_any(local) ? "no address" : addr_text_ip(local, addr),
			      .words = words});
}

/* The name that it was given by; NULL: a number. */
static const char *name_of_server(const struct map_report *rep)
{
	struct addr numeric;

	return rep->server_name != NULL && addr_parse(&numeric, rep->server_name, 0) != 0
		       ? rep->server_name
		       : NULL;
}

/* Its name and what it calls itself. */
static size_t put_server(char *out, size_t size, const struct map_report *rep)
{
	const char *name = name_of_server(rep), *software = rep->result->software;

	if (name == NULL)
		return (size_t)snprintf(out, size, "%s",
					software[0] != '\0' ? software : "the server");
	return (size_t)snprintf(out, size, "%s%s%s%s", name, software[0] != '\0' ? " (" : "",
				software, software[0] != '\0' ? ")" : "");
}

/* Where we are seen by the family that is mapped, or by the other. */
static size_t put_seen(char *out, size_t size, const struct natmap_result *r, bool other)
{
	const char *between = !other                                 ? ", sees us as "
			      : addr_family(map_local(r)) == ADDR_V4 ? "; by IPv6 we are seen as "
								     : "; by IPv4 we are seen as ";
	char seen[ADDR_TEXT];
	size_t n = 0;

	for (unsigned i = 0; i < r->public_count && n < size; i++) {
		if (addr_same_ip(&r->locals[i], map_local(r)) == other)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", between,
				      addr_text_ip(&r->public_addrs[i], seen));
		between = " and ";
	}
	return n;
}

static void draw_silent_server(const struct sketch *s, const struct map_report *rep)
{
	const struct addr *server = &rep->result->server;
	const char *name = name_of_server(rep);
	char addr[ADDR_TEXT], silence[128], words[512];

	map_silence_words(silence, sizeof(silence), rep->result);
	snprintf(words, sizeof(words), "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "",
		 silence);
	put_row(s,
		&(struct row){.node = end_of(s->st),
			      .last = true,
			      .tone = TONE_DIM,
			      .name = addr_is_any(server) ? "server" : addr_text_ip(server, addr),
			      .words = words});
}

static void draw_server(const struct sketch *s, const struct map_report *rep)
{
	const struct natmap_result *r = rep->result;
	char server[ADDR_TEXT], words[512];
	size_t n = put_server(words, sizeof(words), rep);

	n += put_seen(words + n, sizeof(words) - n, r, false);
	put_seen(words + n, sizeof(words) - n, r, true);
	put_row(s, &(struct row){.node = end_of(s->st),
				 .last = true,
				 .tone = TONE_PLAIN,
				 .name = addr_text_ip(&r->server, server),
				 .rtt_ms = r->rtt_ms,
				 .words = words});
}

static size_t longer(size_t columns, const struct addr *a)
{
	char text[ADDR_TEXT];
	const size_t len = strlen(addr_text_ip(a, text));

	return len > columns && len <= NAME_MOST ? len : columns;
}

static size_t name_columns(const struct natmap_result *r)
{
	size_t most = longer(longer(NAME_LEAST, map_local(r)), &r->server);

	for (unsigned i = 0; i < r->path.count; i++)
		most = longer(most, &r->path.hops[i].address);
	return most;
}

void map_draw(FILE *out, const struct style *st, const struct map_report *rep)
{
	const struct natmap_result *r = rep->result;
	const struct sketch s = {.out = out, .st = st, .names = name_columns(r)};

	draw_machine(&s, r);
	if (r->path.count > 0)
		fprintf(out, "%s\n", edge_of(st));
	for (unsigned i = 0; i < r->path.count; i++)
		draw_hop(&s, r, i);
	fprintf(out, "%s\n", r->path.reached ? edge_of(st) : gap_of(st));
	if (r->public_count == 0)
		draw_silent_server(&s, rep);
	else
		draw_server(&s, rep);
}
