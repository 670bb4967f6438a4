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

/**
 * struct sketch - How it is drawn
 * @names:	Columns of names
 */
struct sketch {
	FILE *out;
	const struct style *st;
	size_t names;
};

/* A row of the drawing: what is on the line, and to the right of it. */
struct row {
	const char *node;
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

static void put_row(const struct sketch *s, const struct row *row)
{
	const struct style *st = s->st;
	const bool pad = row->rtt_ms > 0 || row->words[0] != '\0';
	size_t at = NAME_COL + s->names + RTT_COLS;
	char number[12] = "", rtt[32] = "", edge[32];

	if (row->number > 0)
		snprintf(number, sizeof(number), "%u", row->number);
	fprintf(s->out, "  %s%s%s %s%2s%s  %s", style_tone(st, row->tone), row->node,
		style_tone(st, TONE_PLAIN), style_tone(st, TONE_DIM), number,
		style_tone(st, TONE_PLAIN), style_tone(st, TONE_STRONG));
	fprintf(s->out, "%-*s%s", pad ? (int)s->names : 0, row->name, style_tone(st, TONE_PLAIN));
	if (row->rtt_ms > 0)
		snprintf(rtt, sizeof(rtt), "%.3g ms", row->rtt_ms);
	if (pad)
		fprintf(s->out, " %*s", RTT_COLS - 3, rtt);
	if (row->words[0] == '\0') {
		fputc('\n', s->out);
		return;
	}
	if (strlen(row->name) > s->names) {
		fprintf(s->out, "\n%s%*s", edge_of(st), TEXT_INDENT - NODE_COL - 1, "");
		at = TEXT_INDENT;
	} else {
		fputs("  ", s->out);
	}
	snprintf(edge, sizeof(edge), "%s%s%s", style_tone(st, TONE_PLAIN), edge_of(st),
		 style_tone(st, row->tone));
	fputs(style_tone(st, row->tone), s->out);
	prose_beside(s->out, st, at, edge, NODE_COL + 1, row->words);
	fputs(style_tone(st, TONE_PLAIN), s->out);
}

static void put_edge(const struct sketch *s)
{
	fprintf(s->out, "%s\n", edge_of(s->st));
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
		if (n > 0 && n < size && r->verdict == NATMAP_CARRIER_NAT)
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
	const struct natmap_way *w = &r->ways[0];
	const struct addr *local = map_local(r);

	snprintf(words, sizeof(words), "this machine%s%s%s", w->interface[0] != '\0' ? ", " : "",
		 w->interface, w->tunnel ? ", a tunnel" : "");
	put_row(s,
		&(struct row){.node = end_of(s->st),
			      .tone = TONE_PLAIN,
			      .name = addr_is_any(local) ? "no address" : addr_text_ip(local, addr),
			      .words = words});
}

/* Its name, if it was given by one, and what it calls itself. */
static void put_server(char *out, size_t size, const struct map_report *rep)
{
	const char *software = rep->result->software;
	struct addr numeric;
	const bool named =
		rep->server_name != NULL && addr_parse(&numeric, rep->server_name, 0) != 0;

	if (named)
		snprintf(out, size, "%s%s%s%s", rep->server_name, software[0] != '\0' ? " (" : "",
			 software, software[0] != '\0' ? ")" : "");
	else
		snprintf(out, size, "%s", software[0] != '\0' ? software : "the server");
}

static void draw_server(const struct sketch *s, const struct map_report *rep)
{
	const struct natmap_result *r = rep->result;
	char server[ADDR_TEXT], seen[ADDR_TEXT], refused[ADDR_TEXT + 64] = "", words[512];
	size_t n;

	if (r->public_count == 0) {
		if (r->path.refused_why != NULL)
			snprintf(refused, sizeof(refused), " (%s, says %s)", r->path.refused_why,
				 addr_is_any(&r->path.refused_by)
					 ? "this machine"
					 : addr_text_ip(&r->path.refused_by, seen));
		snprintf(words, sizeof(words), "%s%s%s%s",
			 rep->server_name != NULL ? rep->server_name : "",
			 rep->server_name != NULL ? ": " : "",
			 addr_is_any(&r->server) ? "none to ask" : "no answer", refused);
		put_row(s, &(struct row){.node = end_of(s->st),
					 .tone = TONE_DIM,
					 .name = addr_is_any(&r->server)
							 ? "server"
							 : addr_text_ip(&r->server, server),
					 .words = words});
		return;
	}
	put_server(words, sizeof(words), rep);
	n = strlen(words);
	for (unsigned i = 0; i < r->public_count && n < sizeof(words); i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s",
				      i == 0 ? ", sees us as " : " and ",
				      addr_text_ip(&r->public_addrs[i], seen));
	put_row(s, &(struct row){.node = end_of(s->st),
				 .tone = TONE_PLAIN,
				 .name = addr_text_ip(&r->server, server),
				 .rtt_ms = r->rtt_ms,
				 .words = words});
}

static size_t name_columns(const struct natmap_result *r)
{
	size_t most = NAME_LEAST;
	char addr[ADDR_TEXT];

	for (unsigned i = 0; i < r->path.count; i++) {
		const size_t len = strlen(addr_text_ip(&r->path.hops[i].address, addr));

		if (len > most && len <= NAME_MOST)
			most = len;
	}
	return most;
}

void map_draw(FILE *out, const struct style *st, const struct map_report *rep)
{
	const struct natmap_result *r = rep->result;
	const struct sketch s = {.out = out, .st = st, .names = name_columns(r)};

	draw_machine(&s, r);
	put_edge(&s);
	for (unsigned i = 0; i < r->path.count; i++)
		draw_hop(&s, r, i);
	if (r->path.count > 0)
		put_edge(&s);
	draw_server(&s, rep);
}
