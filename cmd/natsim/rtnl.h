/* Setting up the network of a namespace by rtnetlink: links, addresses, default routes. */
#ifndef NATSIM_RTNL_H
#define NATSIM_RTNL_H

#include <stdint.h>

#include "base/addr.h"

/* A socket for the calls below, in the caller's network namespace; it is closed with close().
 * Return: -1 and errno on failure. */
int rtnl_open(void);

/* All that follow return 0, or -1 and errno. */

int rtnl_up(int fd, unsigned interface);

/* Before rtnl_up(): also keeps the interface from making a link-local IPv6 address. */
int rtnl_tune(int fd, unsigned interface, uint32_t mtu, uint32_t queue);

/* An address for its host alone, usable at once (no duplicate address detection). */
int rtnl_add_addr(int fd, unsigned interface, const struct addr *a);
int rtnl_del_addr(int fd, unsigned interface, const struct addr *a);

/* The default route of the family of @from, which is its source address. @gateway may be NULL;
 * it need not be in any prefix. An earlier default route is replaced. */
int rtnl_set_default(int fd, unsigned interface, const struct addr *from,
		     const struct addr *gateway);

#endif
