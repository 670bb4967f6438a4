/*
 * fleet flood DEVICE SERVER:PORT HOSTS SECONDS
 *	Plain STUN Binding requests as fast as they leave. Answers that the kernel had from the server
 *	are counted, a part of them is looked at.
 *
 * Many hosts that talk to one server over a TUN device (fleet_tun.h). Prints a JSON object. The device must be there, with
 * a route to 100.64.0.0/10 over it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "fleet_flood.h"

static void flood(struct fleet_tun *t, const char *device, char *argv[])
{
	const uint32_t hosts = (uint32_t)strtoul(argv[0], NULL, 10);
	const struct fleet_flood f =
		fleet_flood(t, device, hosts, nk_from_seconds(strtod(argv[1], NULL)));

	printf("{\"sent\":%" PRIu64 ",\"answers\":%" PRIu64 ",\"looked_at\":%" PRIu64
	       ",\"wrong\":%" PRIu64 ",\"took_s\":%.3f}\n",
	       f.sent, f.answers, f.looked_at, f.wrong, nk_seconds(f.took));
}

int main(int argc, char *argv[])
{
	static struct fleet_tun tun;
	struct addr server;

	if (argc < 6 || addr_parse(&server, argv[3], 3478) != 0 || crypto_init() != 0) {
		fprintf(stderr, "usage: fleet WHAT DEVICE SERVER ...\n");
		return 2;
	}
	fleet_tun_open(&tun, argv[2], &server);
	if (strcmp(argv[1], "flood") == 0)
		flood(&tun, argv[2], argv + 4);
	return 0;
}
