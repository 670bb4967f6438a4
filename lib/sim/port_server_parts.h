/* What the files of a port server share: port_pcp.c and port_natpmp.c know the protocols. */
#ifndef SIM_PORT_SERVER_PARTS_H
#define SIM_PORT_SERVER_PARTS_H

#include "sim/port_server.h"

#define PORT_ERROR_S 120 /* for so long an error is said to last */

bool port_server_has(const struct port_server *s, enum port_fault fault);

/* As port_server_answer(), in one protocol. */
size_t port_pcp_answer(struct port_server *s, const struct addr *from, const uint8_t *bytes,
		       size_t len, uint8_t out[static PCP_MAX], nk_time now);
size_t port_natpmp_answer(struct port_server *s, const struct addr *from, const uint8_t *bytes,
			  size_t len, uint8_t out[static NATPMP_MAX], nk_time now);

/* Encode what it says, completed with its epoch. Return: how many bytes. */
size_t port_write_pcp(const struct port_server *s, struct pcp_msg *m, uint8_t out[static PCP_MAX],
		      nk_time now);
size_t port_write_natpmp(const struct port_server *s, struct natpmp_msg *m,
			 uint8_t out[static NATPMP_MAX], nk_time now);

/* What it says of its external address, of a port, and of how long a mapping lasts. */
struct addr port_told_address(const struct port_server *s, const struct addr *external);
uint16_t port_told_port(const struct port_server *s, uint16_t port);
uint32_t port_told_lease(const struct port_server *s, const struct port_lease *lease, nk_time now);

/* Until when a mapping is given to who wants it for so long. */
nk_time port_granted(const struct port_server *s, uint32_t wanted_s, nk_time now);

bool port_is_full(struct port_server *s, const struct addr *inside, nk_time now);

/* As port_leases_take() and the like. */
struct port_lease *port_take(struct port_server *s, struct port_lease *want, bool only,
			     nk_time now);
void port_renew(struct port_server *s, struct port_lease *lease, const struct nat_forward *as,
		nk_time now);
void port_end(struct port_server *s, struct port_lease *lease, nk_time now);

#endif
