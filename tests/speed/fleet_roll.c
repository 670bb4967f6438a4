#include "fleet_roll.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/broker/ledger.h"
#include "core/broker/state.h"

#define ROLLED_AT (1000 * NK_S) /* by the clock of the broker that was never there */
#define SLICE     65536

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct broker *broker_for(uint32_t hosts)
{
	static const uint8_t seed[32] = "natkit's fleet";
	struct broker_config config = broker_default_config();
	struct broker *b;

	config.registrations_max = hosts;
	b = broker_new(&config, seed);
	if (b == NULL)
		fail("fleet: no memory");
	return b;
}

static void register_all(struct registry *r, uint32_t hosts, const struct addr *server,
			 const struct keepalive_terms *terms)
{
	const struct endpoint at = {.local = *server};
	uint8_t key[CRYPTO_KEY];

	for (uint32_t host = 0; host < hosts; host++) {
		const struct addr from = fleet_host_addr(host);
		struct listener *l;

		fleet_key(key, host);
		l = registry_put(r, key, &from, &at, ROLLED_AT);
		if (l == NULL)
			fail("fleet: the registry is full");
		registry_agree(r, l, terms, ROLLED_AT);
	}
}

void fleet_roll_write(const char *path, uint32_t hosts, const struct addr *server,
		      const struct keepalive_terms *terms)
{
	struct broker *b = broker_for(hosts);
	const int64_t unix_us = (int64_t)time(NULL) * NK_S - ROLLED_AT;
	struct ledger_cursor at = {0};
	static uint8_t slice[SLICE];
	FILE *f = fopen(path, "wb");
	size_t n;

	if (f == NULL)
		fail(path);
	register_all(&b->registry, hosts, server, terms);
	while ((n = ledger_write(b, &at, slice, sizeof(slice), unix_us, ROLLED_AT)) > 0)
		if (fwrite(slice, 1, n, f) != n)
			fail(path);
	if (fclose(f) != 0)
		fail(path);
	broker_free(b);
}

void fleet_roll_tell(struct fleet_members *m)
{
	struct broker *b = broker_for(1);
	uint8_t key[CRYPTO_KEY];

	for (uint32_t host = 0; host < m->rolled; host++) {
		const struct addr from = fleet_host_addr(host);

		fleet_key(key, host);
		m->all[host].token = registry_token(&b->registry, key, &from);
	}
	broker_free(b);
}
