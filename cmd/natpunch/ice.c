#include "ice.h"

#include <ifaddrs.h>
#include <stddef.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "broker.h"
#include "core/ice/ice_run.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "io/links.h"
#include "io/run.h"

enum role { ROLE_NONE, ROLE_OFFER, ROLE_ANSWER };

struct wish {
	int role;
	const char *server;
	struct ice_options ice;
};

#define AT(field) .offset = offsetof(struct wish, field)

static const struct option_spec options[] = {
	{.name = "offer",
	 .letter = 'o',
	 .help = "Be the agent that offers, and nominates.",
	 .kind = OPTION_CHOICE,
	 AT(role),
	 .set = ROLE_OFFER},
	{.name = "answer",
	 .letter = 'a',
	 .help = "Be the agent that answers.",
	 .kind = OPTION_CHOICE,
	 AT(role),
	 .set = ROLE_ANSWER},
	{.name = "server",
	 .letter = 's',
	 .argument = "HOST[:PORT]",
	 .help = "Ask this STUN server for our public address. Without it: host candidates alone.",
	 .kind = OPTION_STRING,
	 AT(server)},
	{.name = "timeout",
	 .letter = 't',
	 .argument = "TIME",
	 .help = "Give up so long after the peer's description has come (default 30s).",
	 .kind = OPTION_DURATION,
	 AT(ice.timeout),
	 .min = 0.1,
	 .max = 3600},
};

static const struct command_spec spec = {
	.name = "natpunch ice",
	.about = "Meets an ICE agent of another make (RFC 8445), without a broker: prints our "
		 "description (SDP) and an empty line, reads the peer's from standard input, and "
		 "says \"connected ADDRESS:PORT\". From then on lines are datagrams.",
	.notes = "Exit status: 0 connected, 1 not, 2 usage or no description, 3 the server cannot "
		 "be reached, 5 internal error. natpunch(1) has the rest.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int prepare(struct wish *w)
{
	struct ifaddrs *all = links_look();
	struct card server;
	int status;

	if (all != NULL) {
		w->ice.host_count = links_addresses(all, NULL, w->ice.hosts, GATHER_HOSTS);
		freeifaddrs(all);
	}
	w->ice.controlling = w->role == ROLE_OFFER;
	if (w->server == NULL)
		return EXIT_YES;
	status = broker_parse(&server, w->server, "--server");
	return status == EXIT_YES ? broker_resolve(w->ice.server, &server, NULL) : status;
}

static int exit_status(int status, int signal)
{
	if (signal != 0 && status != CORE_DONE)
		return EXIT_SIGNAL + signal;
	switch (status) {
	case CORE_DONE:
		return EXIT_YES;
	case NK_ERR_MALFORMED:
		log_line(LEVEL_ERROR, "standard input is no description of an ICE agent");
		return EXIT_USAGE;
	case NK_ERR_UNREACHABLE:
		log_line(LEVEL_ERROR, "no pair of addresses connects");
		return EXIT_NO;
	default:
		log_line(LEVEL_ERROR, "%s", err_text(status));
		return exit_from_err(status);
	}
}

static int run(const struct ice_options *ice)
{
	struct run_options options_of_run = {.interface = NULL};
	struct ice_run *r;
	uint8_t seed[32];
	int status;

	crypto_seed(seed);
	r = ice_run_new(ice, seed);
	crypto_wipe(seed, sizeof(seed));
	if (r == NULL)
		return exit_status(NK_ERR_NO_MEMORY, 0);
	ice_run_start(r, run_now());
	status = run_core(&ice_run_ops, r, &options_of_run);
	ice_run_free(r);
	return exit_status(status, options_of_run.signal);
}

int ice_main(int argc, char *argv[])
{
	struct wish w = {.ice = {.timeout = 30 * NK_S}};
	int status = options_parse(&spec, &w, argc, argv, NULL);

	if (status != OPTIONS_GO_ON)
		return status;
	if (w.role == ROLE_NONE) {
		log_line(LEVEL_ERROR, "wants --offer or --answer");
		return EXIT_USAGE;
	}
	status = crypto_init() == 0 ? prepare(&w) : EXIT_INTERNAL;
	return status == EXIT_YES ? run(&w.ice) : status;
}
