/* Names of hosts and nodes, as the hosts of a world know them: in files, and by DNS. */
#ifndef NATSIM_NAMES_H
#define NATSIM_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "topology.h"

#define NAMES_DOMAIN "natsim"

/* /etc/hosts and /etc/resolv.conf of a host. Freed with free(); NULL without memory. */
char *names_hosts_file(const struct topology *t, unsigned host);
char *names_resolver_file(const struct topology *t, unsigned host);

/**
 * names_answer() - What the world's resolver answers
 * @host:	Who asks; behind a NAT64 it is given IPv6 addresses for names that have none (RFC
 *		6147)
 * @query:	@len bytes of UDP payload, hostile
 * @out:	DNS_ANSWER bytes
 *
 * Return: the length of the answer, 0 if it is to have none.
 */
size_t names_answer(const struct topology *t, unsigned host, const uint8_t *query, size_t len,
		    uint8_t *out);

#endif
