#include "core/punch/tactic.h"

#include <assert.h>
#include <stddef.h>

static const char *const names[] = {
	[TACTIC_HOST] = "host",       [TACTIC_IPV6] = "ipv6",         [TACTIC_MAPPED] = "mapped",
	[TACTIC_PLAIN] = "plain",     [TACTIC_LEARN] = "learn",       [TACTIC_PREDICT] = "predict",
	[TACTIC_HAIRPIN] = "hairpin", [TACTIC_BIRTHDAY] = "birthday", [TACTIC_RELAY] = "relay",
};
static_assert(sizeof(names) / sizeof(names[0]) == TACTICS, "a name for each");

const char *tactic_name(enum tactic t)
{
	return t < TACTICS ? names[t] : NULL;
}
