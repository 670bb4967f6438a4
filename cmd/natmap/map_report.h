/* What the printers of the map are given: the findings, and what the run was. */
#ifndef NATMAP_MAP_REPORT_H
#define NATMAP_MAP_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "core/natmap/result.h"
#include "face/js.h"

#define MAP_SCHEMA "natkit.natmap/1"

struct style;

/**
 * struct map_report - One run
 * @started_unix: Wall clock at the start, microseconds since 1970
 * @elapsed_s:	How long it took, or has taken so far
 * @server_name: The server as the user wrote it, or NULL
 * @options:	What was asked for
 */
struct map_report {
	int64_t started_unix;
	double elapsed_s;
	const char *server_name;
	const struct natmap_options *options;
	const struct natmap_result *result;
};

/* The whole report as a root; ended by js_free(). */
struct js map_report_json(const struct map_report *r, bool *failed);

/* The report for people: a drawing of the path, what gateways offer, and what that comes to. */
void map_report_text(FILE *out, const struct style *st, const struct map_report *r);

/* What is there while the enumeration goes on; and what is new when it has ended. Together they
 * say what map_report_text() says. */
void map_report_early(FILE *out, const struct style *st, const struct map_report *r);
void map_report_late(FILE *out, const struct style *st, const struct map_report *r);

/* The report as a picture. Return: 0 or NK_ERR_SYSTEM. */
int map_report_svg(FILE *out, const struct map_report *r);

#endif
