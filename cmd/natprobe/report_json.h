/* Pieces of the JSON report that the events share. */
#ifndef NATPROBE_REPORT_JSON_H
#define NATPROBE_REPORT_JSON_H

#include "core/probe/result.h"
#include "face/js.h"

struct report;

void json_fact(struct js parent, const char *key, const struct fact *f);
void json_class(struct js parent, const char *key, const struct class_finding *c);
void json_ports(struct js parent, const char *key, const struct ports_finding *p);
void json_quota(struct js parent, const char *key, const struct quota_finding *q);

/* The members of one trial, into an object that is there. */
void json_evidence(struct js object, const struct evidence *e, enum addr_family family);

/* The whole report as a root; ended by js_free(). */
struct js json_report(const struct report *r, bool *failed);

#endif
