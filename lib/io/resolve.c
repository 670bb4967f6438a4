#include "io/resolve.h"

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
static bool looks_numeric(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *label = dot == NULL ? name : dot + 1;

	return strspn(label, "0123456789") == strlen(label) || strchr(name, '[') != NULL;
}

static int error_of(int eai)
{
	switch (eai) {
	case EAI_MEMORY:
		return NK_ERR_NO_MEMORY;
	case EAI_SYSTEM:
		return NK_ERR_SYSTEM;
	default:
		return NK_ERR_UNREACHABLE;
	}
}

static int look_up(struct addr *out, unsigned max, const char *name, uint16_t port,
		   enum addr_family want)
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

	if (rc != 0)
		return error_of(rc);
	for (const struct addrinfo *i = list; i != NULL && count < max; i = i->ai_next) {
		union sockaddr_ip sa = {.sa = {.sa_family = AF_UNSPEC}};

		if (i->ai_addrlen <= sizeof(sa))
			memcpy(&sa, i->ai_addr, i->ai_addrlen);
		out[count] = addr_with_port(sockaddr_to_addr(&sa), port);
		if (addr_family(&out[count]) != ADDR_NONE)
			count++;
	}
	freeaddrinfo(list);
	return count > 0 ? (int)count : NK_ERR_UNREACHABLE;
}

int resolve_host(struct addr *out, unsigned max, const char *host_port, uint16_t port,
		 enum addr_family want)
{
	char name[NAME_MAX_LEN + 1];
	struct addr a;

	if (addr_parse(&a, host_port, port) == 0) {
		if (want != ADDR_NONE && addr_family(&a) != want)
			return NK_ERR_BAD_INPUT;
		out[0] = a;
		return 1;
	}
	if (!split_port(name, &port, host_port) || looks_numeric(name))
		return NK_ERR_BAD_INPUT;
	return look_up(out, max, name, port, want);
}
