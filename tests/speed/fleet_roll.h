/*
 * A broker's ledger (core/broker/ledger.h) with many registrations: to prove as many keys would take
 * minutes. The broker that wrote it was never there, and its secrets are no secrets.
 */
#ifndef SPEED_FLEET_ROLL_H
#define SPEED_FLEET_ROLL_H

#include "base/time.h"
#include "fleet_members.h"
#include "wire/keepalive.h"

/* Writes it. Ends the program if it cannot. */
void fleet_roll_write(const char *path, uint32_t hosts, const struct addr *server,
		      const struct keepalive_terms *terms);

/* What the rolled members know of their registrations. */
void fleet_roll_tell(struct fleet_members *m);

#endif
