#include "metrics_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "process.h"

/**
 * struct counter - One member of struct broker_stats
 * @name:	Several in a row may share one; then @label says in which they differ
 * @help:	Of the first of that name
 */
struct counter {
	const char *name, *label, *help;
	size_t offset;
};

#define OF(member) offsetof(struct broker_stats, member)

static const struct counter counters[] = {
	{"datagrams_received_total", "", "Datagrams that came.", OF(datagrams_in)},
	{"datagrams_sent_total", "", "Datagrams that left.", OF(datagrams_out)},
	{"received_bytes_total", "", "Bytes that came, with IP and UDP headers.", OF(bytes_in)},
	{"sent_bytes_total", "", "Bytes that left, with IP and UDP headers.", OF(bytes_out)},
	{"bindings_total", "", "STUN Binding requests.", OF(bindings)},
	{"keepalives_received_total", "", "Keepalives of three bytes that came.", OF(frames)},
	{"keepalives_answered_total", "", "Keepalives that were answered.", OF(frames_answered)},
	{"keepalives_ignored_total", "{reason=\"unknown\"}",
	 "Keepalives of nobody who is registered, and with a wrong tag.", OF(frames_unknown)},
	{"keepalives_ignored_total", "{reason=\"bad\"}", NULL, OF(frames_bad)},
	{"keepalives_sent_total", "", "Keepalives sent because it was our turn.", OF(turns)},
	{"refreshes_total", "", "Registrations that were renewed by a token.", OF(refreshes)},
	{"proofs_total", "", "Registrations by proof of key.", OF(proofs)},
	{"tickets_total", "{result=\"taken\"}",
	 "Forgotten registrations that were to come back by their token.", OF(tickets_taken)},
	{"tickets_total", "{result=\"refused\"}", NULL, OF(tickets_refused)},
	{"expired_total", "", "Registrations that fell silent.", OF(expired)},
	{"rings_total", "", "Calls that were rung.", OF(rings)},
	{"calls_total", "", "Rings that were passed on to a listener.", OF(calls)},
	{"answers_total", "", "Answers of listeners that were passed on.", OF(answers)},
	{"relayed_total", "", "Packets that were relayed.", OF(relayed)},
	{"sessions_opened_total", "", "Sessions of the probe service.", OF(sessions_opened)},
	{"trials_total", "", "Trials of the probe service.", OF(trials_seen)},
	{"copies_sent_total", "", "Copies that the probe service sent.", OF(copies_sent)},
	{"ticks_sent_total", "", "Ticks that the probe service sent.", OF(ticks_sent)},
	{"visits_total", "", "Ports that the probe service visited.", OF(visits)},
	{"refused_total", "{reason=\"malformed\"}", "What was not served.", OF(malformed)},
	{"refused_total", "{reason=\"rate\"}", NULL, OF(refused_rate)},
	{"refused_total", "{reason=\"cookie\"}", NULL, OF(refused_cookie)},
	{"refused_total", "{reason=\"full\"}", NULL, OF(refused_full)},
	{"refused_total", "{reason=\"unpaid\"}", NULL, OF(refused_unpaid)},
	{"refused_total", "{reason=\"proof\"}", NULL, OF(refused_proof)},
	{"refused_total", "{reason=\"ticket\"}", NULL, OF(refused_ticket)},
	{"refused_total", "{reason=\"busy\"}", NULL, OF(proofs_put_off)},
	{"ledger_taken_total", "", "Registrations that were read from the ledger at the start.",
	 OF(ledger_taken)},
	{"ledger_left_total", "", "Registrations in the ledger that could not be taken.",
	 OF(ledger_left)},
};

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP natbroker_%s %s\n# TYPE natbroker_%s %s\n", name, help, name, type);
}

static void put_counters(FILE *out, const struct broker_stats *stats)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		const struct counter *c = &counters[i];
		uint64_t value;

		memcpy(&value, (const uint8_t *)stats + c->offset, sizeof(value));
		if (c->help != NULL)
			put_head(out, c->name, "counter", c->help);
		fprintf(out, "natbroker_%s%s %" PRIu64 "\n", c->name, c->label, value);
	}
}

static void put(FILE *out, const char *name, const char *type, const char *help, double value)
{
	put_head(out, name, type, help);
	fprintf(out, "natbroker_%s %.15g\n", name, value);
}

static void put_held(FILE *out, const struct metrics_source *m)
{
	const struct broker_stats *n = broker_stats(m->broker);
	const struct broker_config *c = m->config;

	put(out, "registrations", "gauge", "Keys that can be rung now.", n->registrations);
	put(out, "registrations_max", "gauge", "Keys that can be rung at most.",
	    c->registrations_max);
	put(out, "sessions", "gauge", "Clients of the probe service now.", n->sessions);
	put(out, "sessions_max", "gauge", "Clients of the probe service at most.", c->sessions_max);
	put(out, "trials", "gauge", "Mappings under test now.", n->trials);
	put(out, "trials_max", "gauge", "Mappings under test at most.", c->trials_max);
	put(out, "proofs_waiting", "gauge", "Proofs of key that wait until there is time.",
	    n->proofs_waiting);
	put(out, "draining", "gauge",
	    "Whether new registrations are refused, since the end is near.", n->draining);
}

static void put_ledger(FILE *out, const struct ledger_file *f)
{
	if (f->path == NULL)
		return;
	put(out, "ledger_written_total", "counter", "Ledgers that were written.",
	    (double)f->written);
	put(out, "ledger_failed_total", "counter", "Ledgers that could not be written.",
	    (double)f->failed);
	put(out, "ledger_bytes", "gauge", "Length of the last ledger that was written.",
	    (double)f->bytes);
	put(out, "ledger_timestamp_seconds", "gauge", "When the last ledger was written.",
	    nk_seconds(f->unix_time));
}

static void put_process(FILE *out, const struct metrics_source *m)
{
	const uint16_t ports[] = {m->config->port, m->config->alt_port};

	put(out, "dropped_total", "counter",
	    "Datagrams that the kernel had no room for: see net.core.rmem_max.",
	    (double)process_dropped(ports, 2));
	put(out, "cpu_seconds_total", "counter", "Processor time used.", process_cpu());
	put(out, "resident_bytes", "gauge", "Memory in use.", (double)process_resident());
	put(out, "start_time_seconds", "gauge", "When the broker was started.",
	    nk_seconds(m->started));
	put_head(out, "info", "gauge", "The version, always 1.");
	fprintf(out, "natbroker_info{version=\"%s\"} 1\n", NK_VERSION);
}

void metrics_text(FILE *out, const struct metrics_source *m)
{
	put_held(out, m);
	put_counters(out, broker_stats(m->broker));
	put_ledger(out, m->ledger);
	put_process(out, m);
}
