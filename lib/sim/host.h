/*
 * A host of the virtual world: runs one core, has its sockets, and does what a
 * kernel does unasked: it answers pings and says which ports are closed. Of TCP it
 * knows how a connection begins: a knock is sent once.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "core/core.h"
#include "sim/packet.h"

struct host;

/**
 * struct host_env - What a host needs of its world
 * @get:	An empty packet with room for so many bytes, or NULL without memory
 * @send:	A packet leaves; taken over
 * @user:	First argument of both
 * @sent:	Counts what the core sent
 * @late:	Counts deadlines that a core, with nothing more to do, did not have in the future
 */
struct host_env {
	struct packet *(*get)(void *user, size_t len);
	void (*send)(void *user, int host, struct packet *p);
	void *user;
	uint64_t *sent, *late;
	struct rng *rng;
};

/* @env is borrowed for the host's life, @addrs are copied. Return: NULL without memory. */
struct host *host_new(const struct host_env *env, int number, const struct addr *addrs,
		      unsigned count);
void host_free(struct host *h); /* takes NULL */

/* One address is another one from now on. Return: true if a socket was bound to the old one. */
bool host_readdress(struct host *h, unsigned index, const struct addr *to);

void host_attach(struct host *h, const struct core_ops *ops, void *core);
bool host_runs(const struct host *h, const void *core);
int host_status(const struct host *h);

/* Tells the core of an event; host_turn() must follow. */
void host_input(struct host *h, const struct event *ev, nk_time now);

/* A packet has come: answers it as a kernel does, and tells the core if a socket takes it. Return:
 * false if none does. */
bool host_receive(struct host *h, const struct packet *p, nk_time now);

/* Does all that the core wants done. Return: when to call again. */
nk_time host_turn(struct host *h, nk_time now);

#endif
