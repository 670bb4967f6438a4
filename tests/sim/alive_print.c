#include "alive_print.h"

static struct alive_sum sum_of(const struct alive_table *t, unsigned preset, unsigned way)
{
	const struct alive_wanted w = {(enum alive_way)way, (int)preset, ALIVE_ANY, false};

	return alive_sum(t, &w);
}

static bool was_run(const struct alive_table *t, unsigned preset)
{
	unsigned runs = 0;

	for (unsigned way = 0; way < ALIVE_WAYS; way++)
		runs += sum_of(t, preset, way).runs;
	return runs > 0;
}

static void print_head(const char *title, const char *first)
{
	printf("\n%s\n\n%-20s %7s", title, first, "timeout");
	for (unsigned way = 0; way < ALIVE_WAYS; way++)
		printf(" %15s", alive_way_name((enum alive_way)way));
	printf("\n");
}

static void print_rows(const struct alive_table *t, void (*print)(const struct alive_sum *s))
{
	for (unsigned i = 0; i < t->presets; i++) {
		const struct zoo_preset *p = zoo_at(t->plan.zoo, i);

		if (!was_run(t, i))
			continue;
		printf("%-20s %5.0f s", p->name, alive_timeout(&p->spec));
		for (unsigned way = 0; way < ALIVE_WAYS; way++) {
			const struct alive_sum s = sum_of(t, i, way);

			if (s.runs == 0)
				printf(" %15s", "-");
			else
				print(&s);
		}
		printf("\n");
	}
}

static void print_packets(const struct alive_sum *s)
{
	printf(" %7.1f %7.2f", alive_an_hour(s, s->packets), alive_lost_a_month(s));
}

static void print_bytes(const struct alive_sum *s)
{
	printf(" %15.0f", alive_an_hour(s, s->bytes));
}

static void print_times(const struct alive_sum *s)
{
	printf(" %4.0f %4.0f%%", alive_mean(s->back_s, s->runs),
	       100 * alive_mean(s->back_dark, s->runs));
	if (s->deaths > 0)
		printf(" %4.0f", alive_mean(s->dead_s, s->deaths));
	else
		printf(" %4s", "-");
}

void alive_print(const struct alive_table *t)
{
	print_head(
		"Packets an hour of both ends and of the search; mappings lost in 30 days, also of "
		"NATs whose timers shrink",
		"");
	print_rows(t, print_packets);
	print_head("Bytes an hour, as IPv4 total length", "");
	print_rows(t, print_bytes);
	print_head(
		"After a reboot of the NAT: seconds until packets come in again, and how much of "
		"the hour they do not;\nafter the death of the far end: seconds until it is given "
		"up",
		"");
	print_rows(t, print_times);
	printf("\n%u runs of %g days in %.1f s, %.2f s of processor time each\n\n", t->runs,
	       t->plan.days, t->wall_s, t->runs == 0 ? 0 : t->cpu_s / t->runs);
}
