/* natkeepalive behind a NAT, and what it keeps mappings to: STUN servers, natbrokers, or one of its kind. */
#ifndef TESTS_SIM_KEEPER_RIG_H
#define TESTS_SIM_KEEPER_RIG_H

#include "core/broker/broker.h"
#include "core/keeper/keeper.h"
#include "open_nat.h"
#include "sim/plain_server.h"
#include "sim/world.h"

#define RIG_ONE_WAY   (20 * NK_MS)
#define RIG_EVENTS    4096
#define RIG_MAX       KEEPER_TARGETS_MAX
#define RIG_PEER_PORT 6000 /* of both peers, behind NATs that keep ports */

enum rig_server { RIG_STUN, RIG_BROKER, RIG_BROKER_TWO }; /* with an alternate address */

/**
 * struct rig - The world
 * @nat, @client: Of the keeper; @server: hosts of the servers, on the internet
 * @told:	Its events so far, @told_count
 */
struct rig {
	struct world *world;
	int nat, client;
	int server[RIG_MAX];
	enum rig_server kind[RIG_MAX];
	struct plain_server stun[RIG_MAX];
	struct broker *broker[RIG_MAX];
	unsigned servers;
	struct keeper_options options;
	struct rng rng;
	struct keeper *keeper;
	struct keeper_event told[RIG_EVENTS];
	unsigned told_count;
};

/* A NAT of 203.0.113.1 that keeps ports, lets in only whom was sent to, and holds a mapping for so long. */
struct nat_spec rig_nat(nk_time timeout);

/* A world with that NAT and a host behind it. @loss: on each way of the host's link. */
void rig_open(struct rig *r, const struct nat_spec *nat, double loss, uint64_t seed);
void rig_close(struct rig *r);

/* One more server at 192.0.2.n, n from 1 on, and a target for it. */
void rig_add(struct rig *r, enum rig_server kind);
struct addr rig_server_addr(unsigned i);

/* A server dies, and is there again, without memory. */
void rig_kill(struct rig *r, unsigned i);
void rig_revive(struct rig *r, unsigned i);

/* It is restarted as a broker that has no place left for registrations. */
void rig_full(struct rig *r, unsigned i);

/* The keeper starts, with the options as they are now. */
void rig_start(struct rig *r);
void rig_wait(struct rig *r, nk_time d);

/* How often it told of that, of @target (KEEPER_TARGETS_MAX: of all); the last such event. */
unsigned rig_count(const struct rig *r, enum keeper_event_kind kind, unsigned target);
const struct keeper_event *rig_last(const struct rig *r, enum keeper_event_kind kind);
struct keeper_result rig_result(struct rig *r);

#endif
