/* The report of a run of listen, call, send or test. */
#ifndef NATPUNCH_REPORT_H
#define NATPUNCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "contacts.h"
#include "core/belief/tactics.h"
#include "core/call/natpunch.h"
#include "face/js.h"

#define REPORT_SCHEMA "natkit.natpunch/1"

struct style;

/**
 * struct report - One run
 * @started_unix: Wall clock at the start, microseconds since 1970; @started, @ended: in our time
 * @complete:	It came to an end by itself
 * @key:	Ours
 * @broker:	Its @host and @port: where we rang or registered; @broker_addr: what that is
 * @punch:	Gives the calls; @contacts: names for their peers
 * @before, @after: What was believed of the callee; NULL when listening
 */
struct report {
	int64_t started_unix;
	nk_time started, ended;
	bool complete;
	enum punch_mode mode;
	const uint8_t *key;
	const struct card *broker;
	struct addr broker_addr;
	const struct natpunch *punch;
	const struct contacts *contacts;
	const char *callee;
	const struct tactics_belief *before, *after;
};

/* As JSON. The caller ends it with js_free(). */
struct js report_json(const struct report *r, bool *failed);

/* Of "test", for people. */
void report_text(FILE *out, const struct style *style, const struct report *r);

#endif
