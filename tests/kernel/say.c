#include "say.h"

#include <string.h>

#include "cast.h"

static bool is_of_script(const struct script *script, uint16_t port)
{
	for (const struct step *s = script->steps; s < script->steps + script->count; s++)
		if (s->from.addr.port == port || s->to.addr.port == port)
			return true;
	return false;
}

static void say_port(struct say *s, uint16_t port, FILE *to)
{
	unsigned i = 0;

	if (port == 0)
		return;
	if (is_of_script(s->script, port)) {
		fprintf(to, ":%u", port);
		return;
	}
	for (int label = 0; label < SCRIPT_LABELS; label++) {
		if (s->labels[label] == port) {
			fprintf(to, ":%c", 'A' + label);
			return;
		}
	}
	while (i < s->count && s->others[i] != port)
		i++;
	if (i == s->count && s->count < SAY_PORTS_MAX)
		s->others[s->count++] = port;
	fprintf(to, ":?%u", i + 1);
}

static void say_endpoint(struct say *s, const struct addr *a, FILE *to)
{
	const char *name = cast_name(a);
	char text[ADDR_TEXT];

	fputs(name != NULL ? name : addr_text_ip(a, text), to);
	say_port(s, a->port, to);
}

static void say_kind(enum packet_kind kind, bool reply, FILE *to)
{
	static const char *const names[] = {
		[PACKET_UDP] = "udp",     [PACKET_TCP] = "tcp",     [PACKET_QUERY] = "ping",
		[PACKET_ERROR] = "error", [PACKET_OTHER] = "other",
	};

	fputs(kind == PACKET_QUERY && reply ? "pong" : names[kind], to);
}

static void say_error(struct say *s, const struct packet *p, FILE *to)
{
	static const char *const names[] = {
		[PACKET_TTL_EXCEEDED] = "ttl-exceeded", [PACKET_NO_PORT] = "no-port",
		[PACKET_NO_HOST] = "no-host",           [PACKET_PROHIBITED] = "prohibited",
		[PACKET_TOO_BIG] = "too-big",           [PACKET_ERROR_OTHER] = "error",
	};

	fputs(names[p->error], to);
	if (p->error == PACKET_TOO_BIG)
		fprintf(to, " %u", p->mtu);
	fputs(" about ", to);
	say_endpoint(s, &p->quote.from, to);
	fputs(" > ", to);
	say_endpoint(s, &p->quote.to, to);
	fputc(' ', to);
	say_kind(p->quote.kind, p->quote.reply, to);
}

static void say_flags(uint8_t flags, FILE *to)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {
		{PACKET_SYN, "syn"}, {PACKET_FIN, "fin"}, {PACKET_RST, "rst"}, {PACKET_ACK, "ack"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((flags & names[i].flag) != 0)
			fprintf(to, " %s", names[i].name);
}

void say_packet(struct say *s, const struct packet *p, FILE *to)
{
	say_endpoint(s, &p->from, to);
	fputs(" > ", to);
	say_endpoint(s, &p->to, to);
	fputc(' ', to);
	if (p->kind == PACKET_ERROR)
		say_error(s, p, to);
	else
		say_kind(p->kind, p->reply, to);
	if (p->kind == PACKET_TCP)
		say_flags(p->flags, to);
	fprintf(to, " ttl %u", p->ttl);
}
