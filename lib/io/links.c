#include "io/links.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sockaddr.h"

#define LINKS  (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
#define ROUTES (RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE)

static int open_for(unsigned groups)
{
	const struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = groups};
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&nl, sizeof(nl)) != 0) {
		const int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

int links_open(void)
{
	return open_for(LINKS);
}

int links_open_routes(void)
{
	return open_for(LINKS | ROUTES);
}

void links_drain(int fd)
{
	char notice[8192];

	/* An overflow (ENOBUFS) is a notice like any other: we look at everything anyway. */
	while (recv(fd, notice, sizeof(notice), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
}

struct ifaddrs *links_look(void)
{
	struct ifaddrs *all;

	return getifaddrs(&all) == 0 ? all : NULL;
}

static struct addr address_of(const struct ifaddrs *i)
{
	union sockaddr_ip sa = {.sa = {.sa_family = AF_UNSPEC}};

	if (i->ifa_addr == NULL)
		return (struct addr){.port = 0};
	if (i->ifa_addr->sa_family == AF_INET)
		memcpy(&sa.v4, i->ifa_addr, sizeof(sa.v4));
	else if (i->ifa_addr->sa_family == AF_INET6)
		memcpy(&sa.v6, i->ifa_addr, sizeof(sa.v6));
	return sockaddr_to_addr(&sa);
}

/* For addresses that no interface lists, as those of 127.0.0.0/8 or of a local route. */
static bool can_bind(const struct addr *local)
{
	const struct addr want = addr_with_port(*local, 0);
	union sockaddr_ip sa;
	const socklen_t len = sockaddr_from(&sa, &want, 0);
	const int fd = socket(sa.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool gone;

	if (fd < 0)
		return true; /* want of descriptors is no loss of a link */
	gone = bind(fd, &sa.sa, len) != 0 && errno == EADDRNOTAVAIL;
	close(fd);
	return !gone;
}

bool links_lost(const struct ifaddrs *all, const struct addr *local)
{
	bool listed = false;

	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		const struct addr a = address_of(i);

		if (!addr_same_ip(&a, local))
			continue;
		if ((i->ifa_flags & IFF_UP) != 0)
			return false;
		listed = true;
	}
	return listed || !can_bind(local);
}

/* RFC 3927, RFC 4291 section 2.5.6 */
static bool is_link_local(const struct addr *a)
{
	if (addr_family(a) == ADDR_V4)
		return a->ip[12] == 169 && a->ip[13] == 254;
	return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

unsigned links_addresses(const struct ifaddrs *all, const char *interface, struct addr *out,
			 unsigned max)
{
	unsigned count = 0;

	for (const struct ifaddrs *i = all; i != NULL && count < max; i = i->ifa_next) {
		const struct addr a = address_of(i);

		if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0 ||
		    addr_family(&a) == ADDR_NONE || is_link_local(&a) ||
		    (interface != NULL && strcmp(i->ifa_name, interface) != 0))
			continue;
		out[count++] = a;
	}
	return count;
}

bool links_interface_of(char *name, const struct ifaddrs *all, const struct addr *local)
{
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		const struct addr a = address_of(i);

		if (!addr_same_ip(&a, local))
			continue;
		snprintf(name, IF_NAMESIZE, "%s", i->ifa_name);
		return true;
	}
	return false;
}

bool links_interface_lost(const struct ifaddrs *all, const char *interface)
{
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		if (strcmp(i->ifa_name, interface) == 0)
			return (i->ifa_flags & IFF_UP) == 0;
	return true;
}
