#include "core/keepalive/keepalive.h"
#include "face/findings.h"
#include "report.h"
#include "words.h"

void report_put_addr(struct js o, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(o, key, a->port != 0 ? addr_text(a, text) : NULL);
}

/* Null for none. */
static void put_time(struct js o, const char *key, nk_time t)
{
	if (t > 0)
		js_put_seconds(o, key, nk_seconds(t));
	else
		js_put_null(o, key);
}

static void put_options(struct js report, const struct report *r)
{
	struct js o = js_put_object(report, "options");
	const struct keeper_options *k = r->options;
	const bool learned = k->algorithm == KEEPALIVE_LEARNED;

	js_put_text(o, "algorithm", keepalive_name(k->algorithm));
	put_time(o, "interval_s", k->interval);
	put_time(o, "floor_s", learned ? k->floor : 0);
	put_time(o, "max_s", learned ? k->longest : 0);
	put_time(o, "duration_s", k->duration);
	js_put_bool(o, "once", k->once);
	if (r->shared > 0)
		js_put_int(o, "shared_port", r->shared);
	else
		js_put_null(o, "shared_port");
}

static void put_rates(struct js cost, uint64_t bytes, uint64_t constant_bytes, nk_time elapsed)
{
	js_put_number(cost, "bytes_per_hour", report_per_hour(bytes, elapsed));
	js_put_number(cost, "constant_bytes_per_hour", report_per_hour(constant_bytes, elapsed));
}

static void put_cost(struct js target, const struct keeper_target_result *t, nk_time elapsed)
{
	struct js cost = js_put_object(target, "cost");

	js_put_int(cost, "packets_out", (int64_t)t->packets_out);
	js_put_int(cost, "packets_in", (int64_t)t->packets_in);
	js_put_int(cost, "bytes_out", (int64_t)t->bytes_out);
	js_put_int(cost, "bytes_in", (int64_t)t->bytes_in);
	put_rates(cost, t->bytes_out + t->bytes_in, t->constant_bytes, elapsed);
}

static void put_total(struct js report, const struct keeper_result *k)
{
	struct js cost = js_put_object(report, "cost");

	js_put_int(cost, "bytes", (int64_t)k->bytes);
	put_rates(cost, k->bytes, k->constant_bytes, k->elapsed);
}

static void put_target(struct js list, const struct report *r, unsigned i)
{
	const struct keeper_target_result *t = &r->result->targets[i];
	const struct keeper_target *asked = &r->options->targets[i];
	struct js o = js_add_object(list);

	js_put_text(o, "name", asked->name);
	js_put_text(o, "kind", word_of_kind(asked->kind));
	js_put_text(o, "state", word_of_state(t->state));
	report_put_addr(o, "local", &t->local);
	report_put_addr(o, "public", &t->mapped);
	if (t->age < NK_NEVER)
		js_put_seconds(o, "age_s", nk_seconds(t->age));
	else
		js_put_null(o, "age_s");
	put_time(o, "interval_s", t->interval);
	if (t->rtt > 0)
		js_put_number(o, "rtt_ms", nk_seconds(t->rtt) * 1000);
	else
		js_put_null(o, "rtt_ms");
	js_put_int(o, "losses", t->losses);
	js_put_int(o, "changes", t->changes);
	js_put_int(o, "mends", t->mends);
	put_cost(o, t, r->result->elapsed);
}

/* A measured time, as in all reports. */
static void put_timeout(struct js report, const struct keeper_result *k)
{
	struct js o = js_put_object(report, "timeout"), ci;

	if (k->value > 0 && k->upper > 0) {
		js_put_seconds(o, "value", k->value);
		ci = js_put_array(o, "ci95");
		js_add_seconds(ci, k->lower);
		js_add_seconds(ci, k->upper);
	} else {
		js_put_null(o, "value");
		js_put_null(o, "ci95");
		if (k->lower > 0)
			js_put_seconds(o, "at_least", k->lower);
		else
			js_put_text(o, "why", "not measured");
	}
	js_put_text(o, "unit", "s");
	js_put_int(o, "trials", k->trials);
}

static void put_wakes(struct js report, const struct keeper_result *k)
{
	struct js o = js_put_object(report, "wakes");

	js_put_int(o, "count", (int64_t)k->wakes);
	js_put_number(o, "per_hour", report_per_hour(k->wakes, k->elapsed));
	js_put_number(o, "constant_per_hour", report_per_hour(k->constant_wakes, k->elapsed));
}

struct js report_json(const struct report *r, bool *failed)
{
	const struct keeper_result *k = r->result;
	struct js o = findings_report(REPORT_SCHEMA, r->started_unix, nk_seconds(k->elapsed),
				      k->complete, failed);
	struct js list;

	put_options(o, r);
	list = js_put_array(o, "targets");
	for (unsigned i = 0; i < k->target_count; i++)
		put_target(list, r, i);
	put_timeout(o, k);
	js_put_bool(o, "outbound_only", k->outbound_only);
	js_put_bool(o, "below_floor", k->below_floor);
	put_total(o, k);
	js_put_int(o, "search_bytes", (int64_t)k->search_bytes);
	put_wakes(o, k);
	return o;
}
