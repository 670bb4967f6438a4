#include "settings.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "desk/sink.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/numbers.h"
#include "face/options.h"
#include "identity_file.h"
#include "wishes.h"

static int add_allow(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	if (s->allow_count == NATPUNCH_ALLOWED_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d", NATPUNCH_ALLOWED_MAX);
		return -1;
	}
	s->allow[s->allow_count++] = value;
	return 0;
}

static int set_report(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return sink_choose(&((struct settings *)into)->report, value, why);
}

static int set_events(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return sink_open(&((struct settings *)into)->events, value, why);
}

static int set_keepalive(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return wishes_read(&((struct settings *)into)->punch.call.keepalive, value, why);
}

/* Return: the port, or 0. */
static uint16_t port_of(const char *text)
{
	uint64_t n;

	return number_count(&n, text) == 0 && n <= 65535 ? (uint16_t)n : 0;
}

static int add_serve(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct punch_options *p = &((struct settings *)into)->punch;
	const uint16_t port = port_of(value);

	if (port == 0 || p->serve_count == NATPUNCH_FORWARDS_MAX) {
		snprintf(why, OPTIONS_WHY, "give a port from 1 to 65535, %d of them at most",
			 NATPUNCH_FORWARDS_MAX);
		return -1;
	}
	p->serve[p->serve_count++] = port;
	return 0;
}

static int add_forward(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct punch_options *p = &((struct settings *)into)->punch;
	const char *colon = strchr(value, ':');
	char local[6] = "";
	uint16_t ports[2] = {0, 0};

	if (colon != NULL && (size_t)(colon - value) < sizeof(local)) {
		memcpy(local, value, (size_t)(colon - value));
		ports[0] = port_of(local);
		ports[1] = port_of(colon + 1);
	}
	if (ports[0] == 0 || ports[1] == 0 || p->forward_count == NATPUNCH_FORWARDS_MAX) {
		snprintf(why, OPTIONS_WHY,
			 "give LOCALPORT:PEERPORT, such as 51820:51820, %d of them at most",
			 NATPUNCH_FORWARDS_MAX);
		return -1;
	}
	p->forwards[p->forward_count++] = (struct punch_forward){
		.local = addr_v4(127, 0, 0, 1, ports[0]), .peer_port = ports[1]};
	return 0;
}

#define AT(field) .offset = offsetof(struct settings, field)

/* What all four take. */
#define COMMON                                                                                  \
	IDENTITY_OPTION(offsetof(struct settings, identity)),                                   \
		{.name = "interface",                                                           \
		 .argument = "NAME",                                                            \
		 .help = "Send through this interface only.",                                   \
		 .kind = OPTION_INTERFACE,                                                      \
		 AT(interface)},                                                                \
		{.name = "timeout",                                                             \
		 .letter = 't',                                                                 \
		 .argument = "TIME",                                                            \
		 .help = "Give up ringing and punching after so long (default 30s).",           \
		 .kind = OPTION_DURATION,                                                       \
		 AT(punch.call.timeout),                                                        \
		 .min = 0.1,                                                                    \
		 .max = 3600},                                                                  \
		{.name = "first-pause",                                                         \
		 .argument = "TIME",                                                            \
		 .help = "Pause after the first packets. Default: 50ms, or the sum of both "    \
			 "round trips to the broker if that is more.",                          \
		 .kind = OPTION_DURATION,                                                       \
		 AT(punch.call.first_pause),                                                    \
		 .min = 0.005,                                                                  \
		 .max = 10},                                                                    \
		{.name = "pause-factor",                                                        \
		 .argument = "SHARE",                                                           \
		 .help = "Each pause is so much longer than the last (default 150%).",          \
		 .kind = OPTION_RATIO,                                                          \
		 AT(punch.call.pause_factor),                                                   \
		 .min = 1.1,                                                                    \
		 .max = 4},                                                                     \
		{.name = "last-pause",                                                          \
		 .argument = "TIME",                                                            \
		 .help = "Give up when the pause would be longer (default 20s).",               \
		 .kind = OPTION_DURATION,                                                       \
		 AT(punch.call.pause_max),                                                      \
		 .min = 0.1,                                                                    \
		 .max = 600},                                                                   \
		{.name = "jitter",                                                              \
		 .argument = "SHARE",                                                           \
		 .help = "Pauses differ from their length by up to so much (default 10%).",     \
		 .kind = OPTION_RATIO,                                                          \
		 AT(punch.call.jitter),                                                         \
		 .min = 0,                                                                      \
		 .max = 0.5},                                                                   \
		{.name = "no-opener",                                                           \
		 .help = "Send no packets of a low TTL ahead, that open our own NAT alone.",    \
		 .kind = OPTION_FLAG,                                                           \
		 AT(no_opener)},                                                                \
		{.name = "opener-ttl",                                                          \
		 .argument = "N",                                                               \
		 .help = "The TTL of those packets, 1 to 64. Default: as measured.",            \
		 .kind = OPTION_COUNT,                                                          \
		 AT(opener_ttl),                                                                \
		 .min = 1,                                                                      \
		 .max = 64},                                                                    \
		{.name = "no-mapping",                                                          \
		 .help = "Do not ask the router to open a port (PCP, NAT-PMP, UPnP).",          \
		 .kind = OPTION_FLAG,                                                           \
		 AT(no_mapping)},                                                               \
		{.name = "hard",                                                                \
		 .help = "Allow the ways that take hundreds of packets, if nothing else "       \
			 "connects; the peer must allow them, too.",                            \
		 .kind = OPTION_FLAG,                                                           \
		 AT(punch.call.hard)},                                                          \
		{.name = "relay",                                                               \
		 .help = "Allow short messages by way of the broker, if the broker and the "    \
			 "peer do, too.",                                                       \
		 .kind = OPTION_FLAG,                                                           \
		 AT(punch.call.relay)},                                                         \
		{.name = "keepalive",                                                           \
		 .letter = 'k',                                                                 \
		 .argument = "LIST",                                                            \
		 .help = "How paths may be kept, the best first, of learned, turns, fixed, "    \
			 "opener and none (default learned,turns,fixed).",                      \
		 .kind = OPTION_CALL,                                                           \
		 .call = set_keepalive},                                                        \
		{.name = "report",                                                              \
		 .letter = 'r',                                                                 \
		 .argument = SINK_ARGUMENT,                                                     \
		 .help = "Write the report there at the end, as JSON.",                         \
		 .kind = OPTION_CALL,                                                           \
		 .call = set_report},                                                           \
		{.name = "events",                                                              \
		 .letter = 'e',                                                                 \
		 .argument = SINK_ARGUMENT,                                                     \
		 .help = "Write one JSON object a line there as things happen.",                \
		 .kind = OPTION_CALL,                                                           \
		 .call = set_events},                                                           \
	{                                                                                       \
		.name = "quiet", .letter = 'q', .help = "Write only errors to standard error.", \
		.kind = OPTION_FLAG, AT(quiet)                                                  \
	}

/* What listen and call take: a payload. */
#define PAYLOAD                                                                                    \
	{.name = "exec",                                                                           \
	 .letter = 'x',                                                                            \
	 .argument = "COMMAND",                                                                    \
	 .help = "Run this by the shell for each call, its standard input and output in place of " \
		 "ours.",                                                                          \
	 .kind = OPTION_STRING,                                                                    \
	 AT(exec)},                                                                                \
		{.name = "datagram",                                                               \
		 .letter = 'd',                                                                    \
		 .help = "Each read is a datagram, which may be lost, instead of lines that "      \
			 "are messages, which may not.",                                           \
		 .kind = OPTION_FLAG,                                                              \
		 AT(datagram)},                                                                    \
	{                                                                                          \
		.name = "no-encrypt",                                                              \
		.help = "Hand over the bare path, for programs with a security of their own; "     \
			"the peer must do so, too.",                                               \
		.kind = OPTION_FLAG, AT(no_encrypt)                                                \
	}

static const struct option_spec listen_options[] = {
	{.name = "allow",
	 .letter = 'a',
	 .argument = "NAME|KEY",
	 .help = "Who may ring: a contact, a card or a key; may be given often.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_allow},
	{.name = "allow-any",
	 .help = "Everyone who knows our card may ring.",
	 .kind = OPTION_FLAG,
	 AT(punch.allow_any)},
	{.name = "broker",
	 .letter = 'b',
	 .argument = "HOST[:PORT]",
	 .help = BROKER_HELP,
	 .kind = OPTION_STRING,
	 AT(broker)},
	{.name = "once",
	 .letter = '1',
	 .help = "End with the first call.",
	 .kind = OPTION_FLAG,
	 AT(punch.once)},
	PAYLOAD,
	{.name = "serve",
	 .letter = 's',
	 .argument = "PORT",
	 .help = "Let callers reach this UDP port of ours by --udp-forward; may be given up to 16 "
		 "times.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_serve},
	COMMON,
};

static const struct option_spec call_options[] = {
	PAYLOAD,
	{.name = "udp-forward",
	 .letter = 'u',
	 .argument = "LOCALPORT:PEERPORT",
	 .help = "Bring what comes to this UDP port of 127.0.0.1 to the peer's, if it serves that; "
		 "may be given up to 16 times.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_forward},
	COMMON,
};

static const struct option_spec send_options[] = {COMMON};

static const struct option_spec test_options[] = {
	{.name = "json",
	 .letter = 'j',
	 .help = "Print the report as JSON: the default if standard output is no terminal.",
	 .kind = OPTION_CHOICE,
	 AT(format),
	 .set = FORMAT_JSON},
	{.name = "text",
	 .help = "Print the report for people: the default on a terminal.",
	 .kind = OPTION_CHOICE,
	 AT(format),
	 .set = FORMAT_TEXT},
	COMMON,
};

static int take_callee(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	if (s->callee != NULL) {
		snprintf(why, OPTIONS_WHY, "one peer can be called at a time");
		return -1;
	}
	s->callee = value;
	return 0;
}

#define STATUS                                                                          \
	" 2 usage, 3 the broker cannot be reached, 4 not permitted, 5 internal error. " \
	"natpunch(1) has the rest."
#define TABLE(table) .options = (table), .count = sizeof(table) / sizeof((table)[0])

static const struct command_spec specs[] = {
	[PUNCH_LISTEN] =
		{.name = "natpunch listen",
		 .about = "Waits for calls of those who are allowed, and connects them "
			  "with standard input and output, a line a message.",
		 .notes = "Exit status: 0 ended as wished, 1 a call failed (with --once)," STATUS,
		 TABLE(listen_options)},
	[PUNCH_CALL] = {.name = "natpunch call",
			.about = "Calls a peer, and connects it with standard input and output, a "
				 "line a message.",
			.operands = "NAME|CARD",
			.operand = take_callee,
			.notes = "Exit status: 0 connected and ended in order, 1 not connected, or "
				 "lost," STATUS,
			TABLE(call_options)},
	[PUNCH_SEND] = {.name = "natpunch send",
			.about = "Sends all of standard input, at most 1200 bytes, as one message "
				 "to a peer.",
			.operands = "NAME|CARD",
			.operand = take_callee,
			.notes = "Exit status: 0 the peer has acknowledged it, 1 not," STATUS,
			TABLE(send_options)},
	[PUNCH_TEST] = {.name = "natpunch test",
			.about = "Tries each way to reach a peer in turn, and reports what came of "
				 "it.",
			.operands = "NAME|CARD",
			.operand = take_callee,
			.notes = "Exit status: 0 at least one connected, 1 none," STATUS,
			TABLE(test_options)},
};

static int refuse(const char *text)
{
	log_line(LEVEL_ERROR, "%s", text);
	return EXIT_USAGE;
}

/* What each option is right about by itself may not go together. */
static int check(const struct settings *s)
{
	const struct punch_options *p = &s->punch;

	if (p->mode != PUNCH_LISTEN && s->callee == NULL)
		return refuse("wants a NAME (\"natpunch contact list\") or a CARD");
	if (p->mode == PUNCH_LISTEN && s->allow_count == 0 && !p->allow_any)
		return refuse("wants --allow NAME|KEY, or --allow-any: who may ring?");
	if (s->exec != NULL && (p->serve_count > 0 || p->forward_count > 0))
		return refuse("--exec does not go with ports: those take no standard input");
	if (s->no_opener && s->opener_ttl > 0)
		return refuse("--no-opener does not go with --opener-ttl");
	if (p->mode == PUNCH_SEND && isatty(STDIN_FILENO) && !s->quiet)
		log_line(LEVEL_INFO, "type the message, and end it with Ctrl-D");
	return OPTIONS_GO_ON;
}

static enum punch_payload payload_of(const struct settings *s)
{
	if (s->punch.mode == PUNCH_SEND)
		return PUNCH_WHOLE;
	if (s->punch.serve_count > 0 || s->punch.forward_count > 0)
		return PUNCH_FORWARD;
	return s->datagram ? PUNCH_DATAGRAMS : PUNCH_LINES;
}

int settings_read(struct settings *s, enum punch_mode mode, int argc, char *const argv[])
{
	struct punch_options *p = &s->punch;
	int r;

	*s = (struct settings){.punch = {.mode = mode}};
	p->call = call_default_options();
	r = options_parse(&specs[mode], s, argc, argv, NULL);
	if (r == OPTIONS_GO_ON)
		r = check(s);
	if (r != OPTIONS_GO_ON)
		return r;
	p->payload = payload_of(s);
	p->own_stream = s->exec != NULL;
	/* One call at a time can have standard input and output. */
	p->calls_max = p->own_stream || p->payload == PUNCH_FORWARD ? NATPUNCH_CALLS_MAX : 1;
	p->call.encrypt = !s->no_encrypt;
	p->call.opener = !s->no_opener;
	if (s->no_mapping)
		p->call.tactics &= ~TACTIC_BIT(TACTIC_MAPPED);
	p->call.opener_ttl = (uint8_t)s->opener_ttl;
	s->format = format_settle(s->format);
	return OPTIONS_GO_ON;
}

void settings_free(struct settings *s)
{
	sink_close(s->report.fd);
	sink_close(s->events);
	s->report.fd = s->events = NULL;
}
