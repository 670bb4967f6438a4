#include "io/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "io/sockaddr.h"

#define NAME_MAX_LEN 253 /* RFC 1035 section 2.3.4, as text */

static bool split_port(char name[static NAME_MAX_LEN + 1], uint16_t *port, const char *text)
{
	const char *colon = strchr(text, ':');
	const size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
	unsigned long v;
	char *end;

	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	if (colon == NULL)
		return true;
	v = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || v == 0 || v > 65535)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* "192.0.2" and "3221225985" are no names: the resolver would read them as addresses that
 * nobody meant (RFC 1123 section 2.1: the last label is never all digits). */
static bool is_no_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *label = dot == NULL ? name : dot + 1;

	return strspn(label, "0123456789") == strlen(label) || strpbrk(name, "[] \t,/") != NULL;
}

/* A name or a number without a port. */
static bool is_host(const char *text, size_t len)
{
	char host[NAME_MAX_LEN + 1];
	struct addr a;

	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_parse(&a, host, 0) == 0)
		return a.port == 0;
	return strchr(host, ':') == NULL && !is_no_name(host);
}

const char *resolve_wrong(const char *host_port)
{
	const char *colon = strrchr(host_port, ':');
	char name[NAME_MAX_LEN + 1];
	uint16_t port;
	struct addr a;

	if (addr_parse(&a, host_port, 1) == 0 || is_host(host_port, strlen(host_port)))
		return NULL;
	if (colon != NULL && is_host(host_port, (size_t)(colon - host_port)))
		return split_port(name, &port, host_port)
			       ? NULL
			       : "give a port from 1 to 65535 after the colon, or HOST alone";
	if (host_port[0] == '[' || strchr(host_port, ':') != colon)
		return "write an IPv6 address as 2001:db8::1 or [2001:db8::1]:3478";
	return "give HOST or HOST:PORT, such as 192.0.2.1:3478";
}

static int error_of(int eai)
{
	switch (eai) {
	case EAI_MEMORY:
		return NK_ERR_NO_MEMORY;
	case EAI_SYSTEM:
		return NK_ERR_SYSTEM;
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return NK_ERR_BAD_INPUT;
	default:
		return NK_ERR_UNREACHABLE;
	}
}

static int look_up(struct addr *out, unsigned max, const char *name, uint16_t port,
		   enum addr_family want, const char **why)
{
	const struct addrinfo hints = {
		.ai_family = want == ADDR_V4   ? AF_INET
			     : want == ADDR_V6 ? AF_INET6
					       : AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = want == ADDR_NONE ? AI_ADDRCONFIG : 0,
	};
	struct addrinfo *list;
	unsigned count = 0;
	const int rc = getaddrinfo(name, NULL, &hints, &list);

	if (rc != 0) {
		*why = rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc);
		return error_of(rc);
	}
	for (const struct addrinfo *i = list; i != NULL && count < max; i = i->ai_next) {
		union sockaddr_ip sa = {.sa = {.sa_family = AF_UNSPEC}};

		if (i->ai_addrlen <= sizeof(sa))
			memcpy(&sa, i->ai_addr, i->ai_addrlen);
		out[count] = addr_with_port(sockaddr_to_addr(&sa), port);
		if (addr_family(&out[count]) != ADDR_NONE)
			count++;
	}
	freeaddrinfo(list);
	return count > 0 ? (int)count : NK_ERR_BAD_INPUT;
}

int resolve_host(struct addr *out, unsigned max, const char *host_port, uint16_t port,
		 enum addr_family want, const char **why)
{
	char name[NAME_MAX_LEN + 1];
	const char *reason;
	struct addr a;

	if (why == NULL)
		why = &reason;
	*why = "no address of that family";
	if (addr_parse(&a, host_port, port) == 0) {
		if (want != ADDR_NONE && addr_family(&a) != want)
			return NK_ERR_BAD_INPUT;
		out[0] = a;
		return 1;
	}
	if (!split_port(name, &port, host_port) || is_no_name(name)) {
		*why = "neither a name nor an address";
		return NK_ERR_BAD_INPUT;
	}
	return look_up(out, max, name, port, want, why);
}
