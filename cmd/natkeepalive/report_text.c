#include <inttypes.h>
#include <math.h>

#include "face/prose.h"
#include "report.h"
#include "words.h"

#define EARLY (600 * NK_S) /* what is learned first costs most */

static enum tone tone_of(enum keeper_state s)
{
	if (s == KEEPER_UP)
		return TONE_GOOD;
	return s == KEEPER_LOST ? TONE_BAD : TONE_DOUBT;
}

static void print_rate(FILE *out, uint64_t bytes, nk_time elapsed)
{
	const double rate = report_per_hour(bytes, elapsed);

	if (isnan(rate))
		fprintf(out, " %8s", "-");
	else
		fprintf(out, " %8.0f", rate);
}

static void print_target(FILE *out, const struct style *st, const struct report *r, unsigned i)
{
	const struct keeper_target_result *t = &r->result->targets[i];
	char public[ADDR_TEXT], every[32];

	fprintf(out, "%-28s %s%-8s%s", r->options->targets[i].name,
		style_tone(st, tone_of(t->state)), word_of_state(t->state),
		style_tone(st, TONE_PLAIN));
	fprintf(out, " %-22s", t->mapped.port != 0 ? addr_text(&t->mapped, public) : "-");
	fprintf(out, " %6s",
		t->interval > 0 ? words_for_time(every, sizeof(every), t->interval) : "-");
	print_rate(out, t->bytes_out + t->bytes_in, r->result->elapsed);
	print_rate(out, t->constant_bytes, r->result->elapsed);
	fputc('\n', out);
}

static void print_source(FILE *out, unsigned trials)
{
	if (trials == 0)
		fputs(", as earlier runs tell\n", out);
	else
		fprintf(out, ", as %u trial%s of this run tell%s\n", trials, trials == 1 ? "" : "s",
			trials == 1 ? "s" : "");
}

static void print_timeout(FILE *out, const struct style *st, const struct keeper_result *k)
{
	prose_label(out, st, "Timeout");
	if (k->value > 0 && k->upper > 0)
		fprintf(out, "%.1f s (%.1f s to %.1f s)", k->value, k->lower, k->upper);
	else if (k->lower > 0)
		fprintf(out, "at least %.1f s", k->lower);
	if (k->lower > 0)
		print_source(out, k->trials);
	else
		fputs("not measured\n", out);
	if (k->below_floor) {
		prose_label(out, st, "");
		fputs("so short that packets are sent more often than every 15 s (RFC 8085)\n",
		      out);
	}
	if (k->outbound_only) {
		prose_label(out, st, "");
		fputs("only what is sent keeps a mapping, not what comes\n", out);
	}
}

/* With what was spent to learn, which soon is spent no more. */
static void print_total(FILE *out, const struct style *st, const struct keeper_result *k)
{
	const double rate = report_per_hour(k->bytes, k->elapsed);

	if (isnan(rate))
		return;
	prose_label(out, st, "In all");
	fprintf(out, "%.0f bytes an hour%s, in place of %.0f at 15 s\n", rate,
		k->elapsed < EARLY ? " so far" : "",
		report_per_hour(k->constant_bytes, k->elapsed));
}

void report_text(FILE *out, const struct style *st, const struct report *r)
{
	const struct keeper_result *k = r->result;
	unsigned losses = 0, changes = 0;
	char elapsed[32];

	fprintf(out, "%s%-28s %-8s %-22s %6s %8s %8s%s\n", style_tone(st, TONE_DIM), "Target",
		"State", "Public address", "Every", "Bytes/h", "at 15 s",
		style_tone(st, TONE_PLAIN));
	for (unsigned i = 0; i < k->target_count; i++) {
		print_target(out, st, r, i);
		losses += k->targets[i].losses;
		changes += k->targets[i].changes;
	}
	fputc('\n', out);
	print_timeout(out, st, k);
	prose_label(out, st, "Losses");
	fprintf(out, "%u, and %u changes of a public address, in %s\n", losses, changes,
		words_for_time(elapsed, sizeof(elapsed), k->elapsed));
	prose_label(out, st, "Wake-ups");
	fprintf(out, "%" PRIu64 ", in place of %" PRIu64 " with a timer of 15 s for each\n",
		k->wakes, k->constant_wakes);
	if (k->search_bytes > 0) {
		prose_label(out, st, "Search");
		fprintf(out, "%" PRIu64 " bytes for mappings that show what the NAT allows\n",
			k->search_bytes);
	}
	print_total(out, st, k);
}
