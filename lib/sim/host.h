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
 * @get:	An empty packet with room for so many bytes, or NULL without memory
 * @send:	A packet leaves; taken over
 * @user:	First argument of both
 */
struct host_env {
	struct packet *(*get)(void *user, size_t len);
	void (*send)(void *user, int host, struct packet *p);
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

/* The same with a packet, if a socket takes it. Return: false if none does. */
bool host_receive(struct host *h, const struct packet *p, nk_time now);

/* Does all that the core wants done. Return: when to call again. */
nk_time host_turn(struct host *h, nk_time now);

#endif
