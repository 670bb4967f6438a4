/* The report of a run: the findings, and what the run was. */
#ifndef NATKEEPALIVE_REPORT_H
#define NATKEEPALIVE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/keeper/options.h"
#include "core/keeper/result.h"
#include "face/js.h"

#define REPORT_SCHEMA "natkit.natkeepalive/1"

struct style;

/**
 * struct report - One run
 * @started_unix: Wall clock at the start, microseconds since 1970
 * @shared:	The port of another program that was kept alive, or 0
 * @options, @result: Borrowed
 */
struct report {
	int64_t started_unix;
	unsigned shared;
	const struct keeper_options *options;
	const struct keeper_result *result;
};

/* @count in @elapsed, by the hour; NAN as long as that would say little. */
double report_per_hour(uint64_t count, nk_time elapsed);

/* An address that is known, else null. */
void report_put_addr(struct js o, const char *key, const struct addr *a);

/* As JSON. The caller ends it with js_free(). */
struct js report_json(const struct report *r, bool *failed);

/* For people. */
void report_text(FILE *out, const struct style *style, const struct report *r);

#endif
