/* Ports as JSON: what the reports and events of open, close and list have in common. */
#ifndef NATMAP_PORT_JSON_H
#define NATMAP_PORT_JSON_H

#include "core/portmap/gate.h"
#include "desk/held.h"
#include "face/js.h"

#define PORT_SCHEMA "natkit.natmap-port/1"

/* A report's root, up to its findings. */
struct js port_report(const char *command, int64_t started_unix, nk_time elapsed, bool complete,
		      bool *failed);

/* All about a gate at time @now, to be added to an object. */
void port_put_gate(struct js o, const struct gate_result *r, nk_time now);

/* What is kept of a port that was opened. */
void port_put_held(struct js o, const struct held_port *port);

#endif
