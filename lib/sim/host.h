/* A host of the virtual world: runs one core and has its sockets. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "core/core.h"
#include "sim/dict.h"
#include "sim/slab.h"
#include "sim/world.h"

struct host;

/**
 * struct host_env - What a host needs of its world
 * @send:	A datagram leaves; all is borrowed for the call
 * @user:	First argument of @send
 */
struct host_env {
	void (*send)(void *user, int host, const struct addr *from, const struct addr *to,
		     uint8_t ttl, const uint8_t *data, size_t len);
	void *user;
	struct world_stats *stats;
	struct rng *rng;
};

/* @env is borrowed for the host's life, @addrs are copied. Return: NULL without memory. */
struct host *host_new(const struct host_env *env, int number, const struct addr *addrs,
		      unsigned count);
void host_free(struct host *h); /* takes NULL */

bool host_has(const struct host *h, const struct addr *a);

void host_attach(struct host *h, const struct core_ops *ops, void *core);
bool host_runs(const struct host *h, const void *core);
int host_status(const struct host *h);

/* Tells the core of an event; host_turn() must follow. */
void host_input(struct host *h, const struct event *ev, nk_time now);

/* The same with a datagram, if a socket takes it. Return: false if none does. */
bool host_receive(struct host *h, const struct addr *from, const struct addr *to, uint8_t ttl,
		  const uint8_t *data, size_t len, nk_time now);

/* Does all that the core wants done. Return: when to call again. */
nk_time host_turn(struct host *h, nk_time now);

#endif
