#include "io/sockaddr.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t sockaddr_from(union sockaddr_ip *out, const struct addr *a, unsigned scope)
{
	memset(out, 0, sizeof(*out));
	if (addr_family(a) == ADDR_V4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(a->port);
		memcpy(&out->v4.sin_addr, a->ip + 12, 4);
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(a->port);
	memcpy(&out->v6.sin6_addr, a->ip, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&out->v6.sin6_addr))
		out->v6.sin6_scope_id = scope;
	return sizeof(out->v6);
}

struct addr sockaddr_v4_addr(const struct in_addr *ip, uint16_t port)
{
	struct addr a = addr_any(ADDR_V4, port);

	memcpy(a.ip + 12, ip, sizeof(*ip));
	return a;
}

struct addr sockaddr_v6_addr(const struct in6_addr *ip, uint16_t port)
{
	struct addr a = {.port = port};

	memcpy(a.ip, ip, sizeof(a.ip));
	return a;
}

struct addr sockaddr_to_addr(const union sockaddr_ip *sa)
{
	if (sa->sa.sa_family == AF_INET)
		return sockaddr_v4_addr(&sa->v4.sin_addr, ntohs(sa->v4.sin_port));
	if (sa->sa.sa_family == AF_INET6)
		return sockaddr_v6_addr(&sa->v6.sin6_addr, ntohs(sa->v6.sin6_port));
	return (struct addr){.port = 0};
}
