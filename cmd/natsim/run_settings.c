#include "run_settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/numbers.h"
#include "face/options.h"
#include "link_text.h"
#include "node_text.h"
#include "topology_allot.h"

#define RUN_WHY (NODE_WHY + LOG_QUOTED)

static int add_nat(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct run_settings *s = into;

	if (s->nat_count == RUN_NATS_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d NATs", RUN_NATS_MAX);
		return -1;
	}
	s->nats[s->nat_count++] = (struct run_nat){.preset = value};
	return 0;
}

static int add_set(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct run_settings *s = into;
	struct run_nat *nat = s->nat_count > 0 ? &s->nats[s->nat_count - 1] : NULL;

	if (strchr(value, '=') == NULL)
		snprintf(why, OPTIONS_WHY, "give AXIS=VALUE, such as timer-first=10s");
	else if (nat == NULL)
		snprintf(why, OPTIONS_WHY, "give it after the --nat that it is about");
	else if (nat->set_count == RUN_SETS_MAX)
		snprintf(why, OPTIONS_WHY, "give at most %d for each NAT", RUN_SETS_MAX);
	else
		nat->sets[nat->set_count++] = value;
	return *why == '\0' ? 0 : -1;
}

static int add_external(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct run_settings *s = into;
	struct addr a;

	if (addr_parse(&a, value, 0) != 0 || a.port != 0) {
		snprintf(why, OPTIONS_WHY, "give a numeric IPv4 or IPv6 address without a port");
		return -1;
	}
	if (s->external_count == NAT_EXTERNALS_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d addresses", NAT_EXTERNALS_MAX);
		return -1;
	}
	s->external[s->external_count++] = a;
	return 0;
}

static int set_link(void *into, const char *key, const char *value, char why[static OPTIONS_WHY])
{
	struct run_settings *s = into;
	char right[LINK_WHY];

	if (link_set_both(&s->link, key, value, right))
		return 0;
	snprintf(why, OPTIONS_WHY, "%s", right);
	return -1;
}

/* An option that is a property of the access link. */
#define LINK_CALL(key)                                                                    \
	static int set_##key(void *into, const char *value, char why[static OPTIONS_WHY]) \
	{                                                                                 \
		return set_link(into, #key, value, why);                                  \
	}
LINK_CALL(delay)
LINK_CALL(jitter)
LINK_CALL(loss)
LINK_CALL(bursts)
LINK_CALL(duplicate)
LINK_CALL(reorder)
LINK_CALL(mtu)

static int set_seed(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct run_settings *s = into;

	if (number_count(&s->seed, value) != 0) {
		snprintf(why, OPTIONS_WHY, "give a whole number");
		return -1;
	}
	s->seeded = true;
	return 0;
}

#define AT(field) .offset = offsetof(struct run_settings, field)

static const struct option_spec options[] = {
	{.name = "nat",
	 .letter = 'n',
	 .argument = "NAME",
	 .help = "Put this NAT in front of the program (\"natsim list\" names them). A second one "
		 "stands in front of the first, and so on, up to 4. Default: none.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_nat},
	{.name = "set",
	 .letter = 's',
	 .argument = "AXIS=VALUE",
	 .help = "Change the NAT that was named last, such as timer-first=10s, or port-mapping=pcp "
		 "so that it opens ports (\"natsim show\" has the axes).",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_set},
	{.name = "external",
	 .argument = "ADDR",
	 .help = "External address of the outermost NAT that translates; up to 4 are a pool. "
		 "Default: 198.51.100.1.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_external},
	{.name = "ipv6",
	 .letter = '6',
	 .help = "Give the program's host an IPv6 address too.",
	 .kind = OPTION_FLAG,
	 AT(ipv6)},
	{.name = "delay",
	 .letter = 'd',
	 .argument = "TIME",
	 .help = "Delay of the access link, each way: a round trip takes twice that. The access "
		 "link is that from the first NAT (without one: the host) to what is in front.",
	 .kind = OPTION_CALL,
	 .call = set_delay},
	{.name = "jitter",
	 .argument = "TIME",
	 .help = "Each packet takes up to so much more, so that packets overtake one another.",
	 .kind = OPTION_CALL,
	 .call = set_jitter},
	{.name = "loss",
	 .letter = 'l',
	 .argument = "SHARE",
	 .help = "Lose that share of packets, each way, independently: 5% or 0.05, but all are "
		 "100%.",
	 .kind = OPTION_CALL,
	 .call = set_loss},
	{.name = "bursts",
	 .argument = "\"SHARE TIME\"",
	 .help = "Lose that share in bursts of that mean length, such as \"3% 50ms\".",
	 .kind = OPTION_CALL,
	 .call = set_bursts},
	{.name = "duplicate",
	 .argument = "SHARE",
	 .help = "Let that share come twice.",
	 .kind = OPTION_CALL,
	 .call = set_duplicate},
	{.name = "reorder",
	 .argument = "\"SHARE TIME\"",
	 .help = "Let that share come so much later, such as \"1% 5ms\".",
	 .kind = OPTION_CALL,
	 .call = set_reorder},
	{.name = "mtu",
	 .argument = "BYTES",
	 .help = "Longest packet on the access link (1500).",
	 .kind = OPTION_CALL,
	 .call = set_mtu},
	{.name = "pcap",
	 .letter = 'p',
	 .argument = "FILE",
	 .help = "Write all packets at hosts and on both sides of NATs to this file.",
	 .kind = OPTION_STRING,
	 AT(pcap)},
	ZOO_FILES_OPTION(zoo_files_add),
	{.name = "no-server",
	 .help = "Do without the host stun.natsim, on which natbroker runs with two addresses of "
		 "each family, and without NATKIT_SERVER, which names it.",
	 .kind = OPTION_FLAG,
	 AT(no_server)},
	{.name = "broker",
	 .argument = "FILE",
	 .help = "Run this program as natbroker. Default: that beside natsim, else in PATH.",
	 .kind = OPTION_STRING,
	 AT(broker)},
	{.name = "seed",
	 .argument = "N",
	 .help = "Draw losses, delays and ports from this number. Default: another each time.",
	 .kind = OPTION_CALL,
	 .call = set_seed},
	{.name = "verbose",
	 .letter = 'v',
	 .help = "Let natbroker's messages through to standard error.",
	 .kind = OPTION_FLAG,
	 AT(verbose)},
};

static const struct command_spec command = {
	.name = "natsim run",
	.about = "Runs a program on a host of its own (client.natsim) behind a NAT, with natbroker "
		 "on the Internet before it. The program has our terminal, gets our signals, and "
		 "its exit status is ours; what it leaves running ends with it.",
	.notes = "Exit status: the program's, 128 and the signal's number if one ended it, 127 if "
		 "there is no such program; 2 usage, 3 natbroker does not serve, 4 not permitted, "
		 "5 internal error. natsim(1) has the rest.",
	.operands = "-- COMMAND [ARGUMENT...]",
	.takes_rest = true,
	.rest = offsetof(struct run_settings, argv),
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

int run_settings_read(struct run_settings *s, int argc, char *const argv[])
{
	int status;

	*s = (struct run_settings){.pcap = NULL};
	status = options_parse(&command, s, argc, argv, NULL);
	if (status != OPTIONS_GO_ON)
		return status;
	if (s->argv == NULL || s->argv[0] == NULL) {
		log_line(LEVEL_ERROR, "wants a program to run: natsim run [OPTION]... -- COMMAND");
		return EXIT_USAGE;
	}
	return OPTIONS_GO_ON;
}

static bool apply_sets(struct topology_node *n, const struct run_nat *nat, char why[static RUN_WHY])
{
	for (unsigned i = 0; i < nat->set_count; i++) {
		const char *value = strchr(nat->sets[i], '=') + 1;
		char *axis = strndup(nat->sets[i], (size_t)(value - nat->sets[i] - 1));
		char right[NODE_WHY] = "out of memory", quoted[LOG_QUOTED];
		const bool set = axis != NULL && node_set_axis(n, axis, value, right);

		if (!set)
			snprintf(why, RUN_WHY, "--set %s: %s",
				 log_quote(quoted, sizeof(quoted), nat->sets[i]), right);
		free(axis);
		if (!set)
			return false;
	}
	return true;
}

/* Nodes are numbered from the Internet on, NATs from the client on. */
static bool add_nodes(struct topology *t, const struct run_settings *s, const struct zoo *zoo,
		      char why[static RUN_WHY])
{
	for (unsigned i = s->nat_count; i-- > 0;) {
		char name[TOPOLOGY_NAME];
		struct topology_node *n;

		snprintf(name, sizeof(name), i == 0 ? "nat" : "nat%u", i + 1);
		n = topology_add_node(t, name);
		n->behind = (int)t->node_count - 2;
		if (!node_set_preset(n, zoo, s->nats[i].preset, why) ||
		    !apply_sets(n, &s->nats[i], why))
			return false;
	}
	return true;
}

static bool set_externals(struct topology *t, const struct run_settings *s,
			  char why[static RUN_WHY])
{
	unsigned i = 0;

	if (s->external_count == 0)
		return true;
	while (i < t->node_count && !t->nodes[i].spec.translate)
		i++;
	if (i == t->node_count) {
		snprintf(why, RUN_WHY, "--external: there is no NAT that translates");
		return false;
	}
	memcpy(t->nodes[i].spec.external, s->external, sizeof(s->external));
	t->nodes[i].spec.external_count = s->external_count;
	return true;
}

static void add_hosts(struct topology *t, const struct run_settings *s)
{
	struct topology_host *client = topology_add_host(t, RUN_CLIENT);

	client->behind = (int)t->node_count - 1;
	if (client->behind == NET_INTERNET)
		client->link = s->link;
	else
		t->nodes[client->behind].link = s->link;
	if (!s->no_server)
		topology_add_host(t, RUN_SERVER)->server = true;
}

static bool has_nat64(const struct topology *t)
{
	for (unsigned i = 0; i < t->node_count; i++) {
		if (t->nodes[i].spec.nat64)
			return true;
	}
	return false;
}

/* A server with IPv6 would be reached past the NAT64, which is to be seen at work. */
static void drop_ipv6(struct topology_host *server)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < server->addr_count; i++) {
		if (addr_family(&server->addrs[i]) == ADDR_V4)
			server->addrs[kept++] = server->addrs[i];
	}
	server->addr_count = kept;
}

static struct addr ipv6_of_home(uint8_t last)
{
	return (struct addr){.ip = {0x20, 0x01, 0x0d, 0xb8, [5] = 4, [15] = last}};
}

/* topology_allot() gives what is behind a NAT44 no IPv6 of itself. */
static void add_ipv6(struct topology *t)
{
	struct topology_host *client = &t->hosts[0];
	struct topology_node *router = client->behind >= 0 ? &t->nodes[client->behind] : NULL;

	for (unsigned i = 0; i < client->addr_count; i++) {
		if (addr_family(&client->addrs[i]) == ADDR_V6)
			return;
	}
	client->addrs[client->addr_count++] = ipv6_of_home(2);
	if (router != NULL && router->inside_count < TOPOLOGY_INSIDE_MAX)
		router->inside[router->inside_count++] = ipv6_of_home(1);
}

/* Return: false having written to @why. */
static bool make_world(struct topology *t, const struct run_settings *s, const struct zoo *zoo,
		       char why[static RUN_WHY])
{
	if (s->seeded)
		t->seed = s->seed;
	if (!add_nodes(t, s, zoo, why) || !set_externals(t, s, why))
		return false;
	add_hosts(t, s);
	if (!topology_allot(t, why))
		return false;
	if (s->ipv6)
		add_ipv6(t);
	else if (has_nat64(t) && !s->no_server)
		drop_ipv6(&t->hosts[t->host_count - 1]);
	return topology_check(t, why);
}

int run_settings_world(struct topology **out, const struct run_settings *s)
{
	struct zoo *zoo;
	int status = exit_from_err(zoo_open(&zoo, &s->files));
	char why[RUN_WHY] = "";

	if (status != EXIT_YES)
		return status;
	*out = topology_new();
	if (*out == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		status = EXIT_INTERNAL;
	} else if (!make_world(*out, s, zoo, why)) {
		log_line(LEVEL_ERROR, "%s", why);
		status = EXIT_USAGE;
	}
	zoo_free(zoo);
	return status;
}
