#include "open_brokers.h"

#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "io/resolve.h"

#define STUN_PORT 3478

static unsigned row_of(enum addr_family family)
{
	return family == ADDR_V6;
}

static bool add(struct open_brokers *b, const char *name, enum addr_family family, const char **why)
{
	unsigned *count = &b->count[row_of(family)];
	struct addr a;

	if (resolve_host(&a, 1, name, STUN_PORT, family, why) < 1 || !addr_is_one_host(&a))
		return false;
	if (*count < GATE_BROKERS_MAX)
		b->list[row_of(family)][(*count)++] = a;
	return true;
}

static void look_up(struct open_brokers *b, const char *name)
{
	const char *why = "that is not the address of one host";
	char quoted[LOG_QUOTED];
	const bool v4 = add(b, name, ADDR_V4, &why);

	if (!add(b, name, ADDR_V6, &why) && !v4)
		log_line(LEVEL_WARNING, "cannot ask %s to look from outside: %s",
			 log_quote(quoted, sizeof(quoted), name), why);
}

int open_brokers_find(struct open_brokers *b, const struct server_list *given)
{
	struct server_list list;
	int r;

	*b = (struct open_brokers){.count = {0}};
	r = server_list_find(&list, given->names, given->count);
	if (r == NK_ERR_NO_MEMORY)
		log_line(LEVEL_ERROR, "%s", err_text(r));
	for (unsigned i = 0; i < list.count && r == 0; i++)
		look_up(b, list.names[i]);
	server_list_free(&list);
	return r == NK_ERR_UNREACHABLE ? 0 : r;
}

void open_brokers_give(const struct open_brokers *b, struct gate_config *config)
{
	const unsigned row = row_of(addr_family(&config->map.gateway));

	memcpy(config->brokers, b->list[row], sizeof(config->brokers));
	config->broker_count = b->count[row];
}
