/* Pieces of the JSON report that the events share: members of an object that is there. */
#ifndef NATMAP_MAP_JSON_H
#define NATMAP_MAP_JSON_H

#include "core/natmap/result.h"
#include "face/js.h"

void map_json_gateway(struct js object, const struct natmap_result *r, unsigned i);
void map_json_hop(struct js object, const struct path_result *path, unsigned i);
void map_json_verdict(struct js object, const struct natmap_result *r);
void map_json_evidence(struct js object, const struct natmap_evidence *e);

/* Elements of an array: the addresses at which servers see us. */
void map_json_public(struct js list, const struct natmap_result *r);

#endif
