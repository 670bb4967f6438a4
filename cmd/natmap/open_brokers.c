#include "open_brokers.h"

#include "base/err.h"
#include "face/log.h"
#include "lookups.h"

static unsigned row_of(enum addr_family family)
{
	return family == ADDR_V6;
}

static void add(struct open_brokers *b, const struct addr *a)
{
	const unsigned row = row_of(addr_family(a));

	if (b->count[row] < GATE_BROKERS_MAX)
		b->list[row][b->count[row]++] = *a;
}

/* The first of each family. Return: false and *@why if there is none. */
static bool take(struct open_brokers *b, struct lookups *l, unsigned name, const char **why)
{
	static const enum addr_family families[] = {ADDR_V6, ADDR_V4};
	struct addr found[LOOKUP_MAX];
	bool any = false;

	for (unsigned i = 0; i < 2; i++) {
		if (lookups_take(l, name, families[i], found, why) < 1)
			continue;
		if (addr_is_one_host(&found[0])) {
			add(b, &found[0]);
			any = true;
		} else {
			*why = "that is not the address of one host";
		}
	}
	return any;
}

static void look_up(struct open_brokers *b, const struct server_list *list)
{
	char quoted[LOG_QUOTED];
	struct lookups l;
	const char *why;

	lookups_run(&l, list, true, true);
	for (unsigned i = 0; i < list->count; i++)
		if (!take(b, &l, i, &why))
			log_line(LEVEL_WARNING, "cannot ask %s to look from outside: %s",
				 log_quote(quoted, sizeof(quoted), list->names[i]), why);
}

int open_brokers_find(struct open_brokers *b, const struct server_list *given)
{
	struct server_list list;
	int r;

	*b = (struct open_brokers){.count = {0}};
	r = server_list_find(&list, given->names, given->count);
	if (r == NK_ERR_NO_MEMORY)
		log_line(LEVEL_ERROR, "%s", err_text(r));
	if (r == 0)
		look_up(b, &list);
	server_list_free(&list);
	return r == NK_ERR_UNREACHABLE ? 0 : r;
}

bool open_brokers_give(const struct open_brokers *b, const struct way *way,
		       struct gate_config *config)
{
	const unsigned row = row_of(addr_family(&way->gateway)), had = config->broker_count;
	unsigned count = 0;
	bool others = false;

	for (unsigned i = 0; i < b->count[row]; i++) {
		const struct addr *a = &b->list[row][i];

		if (!where_leads(way, a))
			continue;
		others |= !addr_eq(&config->brokers[count], a);
		config->brokers[count++] = *a;
	}
	config->broker_count = count;
	config->aside = b->count[row] > 0 && count == 0;
	return others || count != had;
}
