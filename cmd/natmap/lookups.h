/* Names of servers, all looked up at once, and for no longer than they are worth. */
#ifndef NATMAP_LOOKUPS_H
#define NATMAP_LOOKUPS_H

#include <poll.h>

#include "desk/server_list.h"
#include "io/lookup.h"

#define LOOKUPS_FAMILIES 2 /* IPv4 before IPv6: that is where the NATs are */

/**
 * struct lookups - Of each name, its addresses of each family
 * @list:	The names, borrowed
 * @of:		Descriptors that tell of them; -1: that family is not wanted, or there was no thread for it
 */
struct lookups {
	const struct server_list *list;
	struct pollfd of[SERVER_LIST_MAX * LOOKUPS_FAMILIES];
	unsigned count;
};

/* Asks for the families that are wanted, and waits for the answers: not long for a silent resolver, and hardly at
 * all if there is a server without a name. */
void lookups_run(struct lookups *l, const struct server_list *list, bool v4, bool v6);

/* Addresses of the name @i, of one family; to be asked once for each that was wanted. Return: as lookup_take(). */
int lookups_take(struct lookups *l, unsigned i, enum addr_family family,
		 struct addr out[static LOOKUP_MAX], const char **why);

#endif
