/* What the printers of natprobe's report are given: the findings, and what the run was. */
#ifndef NATPROBE_REPORT_H
#define NATPROBE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/portmap/result.h"
#include "core/probe/options.h"
#include "core/probe/result.h"

#define REPORT_SCHEMA "natkit.natprobe/1"

struct plot_series;
struct style;

/**
 * struct report - One run
 * @started_unix: Wall clock at the start, microseconds since 1970
 * @elapsed_s:	How long it took
 * @server_name: The server as the user wrote it
 * @interface:	Towards the server, or empty if that is not known
 * @options:	What was asked of @main
 * @main:	The report's .udp: IPv4, or the only family measured. Never NULL
 * @other:	The report's .udp6, or NULL
 * @gateways:	@gateway_count next hops towards the servers, and what they offer
 */
struct report {
	int64_t started_unix;
	double elapsed_s;
	const char *server_name;
	const char *interface;
	const struct probe_options *options;
	const struct probe_result *main, *other;
	struct portmap_gateway gateways[2];
	unsigned gateway_count;
};

/* Whether all that was asked was run to its end, in each family. */
bool report_complete(const struct report *r);

/* Why it is not complete, for a person; NULL if it is. */
const char *report_cut_why(const struct report *r);

/* Whether each requested field has a value, an "at least", or an unknown that is the server's limit. */
bool report_all_known(const struct report *r);

/* Whether there is any survival curve to draw. */
bool report_has_curve(const struct probe_result *r);

/* The family whose curves the picture shows: .udp, or .udp6 if only that has any; else NULL. */
const struct probe_result *report_drawn(const struct report *r);

/* The survival curves of one family, STATE_COUNT of them, as both plots take them. Borrows from @r. */
void report_series(const struct probe_result *r, struct plot_series *series);

/* The report as one JSON object, pretty or in one line. Return: 0, NK_ERR_NO_MEMORY or NK_ERR_SYSTEM. */
int report_json(FILE *out, const struct report *r, bool pretty);

/* The report for people. */
void report_text(FILE *out, const struct style *style, const struct report *r);

/* The survival curves of report_drawn(), which there must be, as a picture. Return: 0 or
 * NK_ERR_SYSTEM. */
int report_svg(FILE *out, const struct report *r);

#endif
