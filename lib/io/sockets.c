#include "io/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/icmp.h> /* after <net/if.h>, with which it shares names */

#include "io/sockaddr.h"

/* In bytes, which the kernel doubles: room for 40 000 small datagrams, 0.3 s of two million clients.
 * It is capped at net.core.rmem_max. */
#define RECEIVE_BUFFER (16 << 20)

#define DISCARD_PORT   9
#define DOOR_BACKLOG   16
#define KNOCK_RETRIES  2
#define SPARE_PIPES    4 /* as many descriptors as an event loop takes, and two more */

static bool set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool set_interface(int fd, const char *interface)
{
	if (interface == NULL)
		return true;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
			  (socklen_t)strlen(interface)) == 0;
}

/* Where a socket is bound to one address, that is where all came to: packet info costs time. */
static bool set_options_v4(int fd, bool any)
{
	return set_int(fd, IPPROTO_IP, IP_PKTINFO, any) && set_int(fd, IPPROTO_IP, IP_RECVERR, 1) &&
	       set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static bool set_options_v6(int fd, bool any)
{
	return set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, any) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

/* What this kind is to be given, and no ICMP errors, which are not for us alone. */
static bool set_options_raw(int fd, bool v4)
{
	const struct icmp_filter echo4 = {.data = ~(1u << ICMP_ECHO)};
	struct icmp6_filter echo6;

	if (v4)
		return setsockopt(fd, SOL_RAW, ICMP_FILTER, &echo4, sizeof(echo4)) == 0 &&
		       set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
	ICMP6_FILTER_SETBLOCKALL(&echo6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REQUEST, &echo6);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &echo6, sizeof(echo6)) == 0 &&
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

static bool is_tcp(enum socket_kind kind)
{
	return kind == SOCKET_TCP_DOOR || kind == SOCKET_TCP_KNOCK;
}

/* A close resets, here and on what a door accepts: there is nothing to be delivered, and neither side
 * should remember it for minutes. */
static bool set_options_tcp(int fd, bool v4)
{
	const struct linger reset = {.l_onoff = 1};

	return set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	       set_int(fd, IPPROTO_TCP, TCP_SYNCNT, KNOCK_RETRIES) &&
	       setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0 &&
	       (v4 || set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
}

static bool set_options(int fd, const struct action *action, const struct addr *local)
{
	const bool v4 = addr_family(local) == ADDR_V4, any = addr_is_any(local);

	if (is_tcp(action->socket))
		return set_options_tcp(fd, v4);
	if (action->many && !set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;

	/* Beyond rmem_max only with CAP_NET_ADMIN; a smaller buffer is no failure. */
	if (!set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
		set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (action->socket == SOCKET_ICMP_RAW)
		return set_options_raw(fd, v4);
	return v4 ? set_options_v4(fd, any) : set_options_v6(fd, any);
}

static int socket_for(enum socket_kind kind, bool v4)
{
	const int family = v4 ? AF_INET : AF_INET6;
	const int icmp = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;

	if (is_tcp(kind))
		return socket(family, SOCK_STREAM | flags, IPPROTO_TCP);
	if (kind == SOCKET_UDP)
		return socket(family, SOCK_DGRAM | flags, IPPROTO_UDP);
	return socket(family, (kind == SOCKET_ICMP_RAW ? SOCK_RAW : SOCK_DGRAM) | flags, icmp);
}

static unsigned scope_of(const char *interface)
{
	return interface == NULL ? 0 : if_nametoindex(interface);
}

static int bind_to(struct addr *bound, int fd, const struct addr *local, const char *interface)
{
	union sockaddr_ip sa;
	socklen_t len = sockaddr_from(&sa, local, scope_of(interface));

	if (bind(fd, &sa.sa, len) != 0)
		return -errno;
	len = sizeof(sa);
	if (getsockname(fd, &sa.sa, &len) != 0)
		return -errno;
	*bound = sockaddr_to_addr(&sa);
	return 0;
}

static bool is_multicast(const struct addr *a)
{
	return addr_family(a) == ADDR_V4 ? a->ip[12] >> 4 == 0xe : a->ip[0] == 0xff;
}

/* What is bound to a group is to hear it. Return: 0 or a negative errno. */
static int join(int fd, const struct addr *group, const char *interface)
{
	struct ip_mreqn v4 = {.imr_ifindex = (int)scope_of(interface)};
	struct ipv6_mreq v6 = {.ipv6mr_interface = scope_of(interface)};

	memcpy(&v4.imr_multiaddr, group->ip + 12, sizeof(v4.imr_multiaddr));
	if (addr_family(group) == ADDR_V4)
		return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4)) == 0 ? 0
											   : -errno;
	memcpy(&v6.ipv6mr_multiaddr, group->ip, sizeof(group->ip));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6, sizeof(v6)) == 0 ? 0 : -errno;
}

int sockets_source(struct addr *source, const struct addr *to, const char *interface)
{
	const bool v4 = addr_family(to) == ADDR_V4;
	const struct addr dest = addr_with_port(*to, to->port == 0 ? DISCARD_PORT : to->port);
	union sockaddr_ip sa;
	socklen_t len = sockaddr_from(&sa, &dest, scope_of(interface));
	const int fd = socket_for(SOCKET_UDP, v4);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (!set_interface(fd, interface) || connect(fd, &sa.sa, len) != 0) {
		rc = -errno;
		goto out;
	}
	len = sizeof(sa);
	if (getsockname(fd, &sa.sa, &len) != 0) {
		rc = -errno;
		goto out;
	}
	*source = addr_with_port(sockaddr_to_addr(&sa), 0);
out:
	close(fd);
	return rc;
}

/* The address to bind: as told, else the one that leads to the peer, else any. */
static int address_to_bind(struct addr *out, const struct action *action, const char *interface)
{
	struct addr source = {.port = 0};
	int rc;

	*out = action->local;
	if (addr_family(&action->peer) == ADDR_NONE)
		return 0;
	if (!addr_is_any(&action->local))
		return addr_family(&action->local) == addr_family(&action->peer) ? 0
										 : -EAFNOSUPPORT;
	rc = sockets_source(&source, &action->peer, interface);
	if (rc == 0)
		*out = addr_with_port(source, action->local.port);
	return rc;
}

/* Makes a door of a bound socket, or a knock. Return: 0 or a negative errno. */
static int begin_tcp(int fd, const struct action *action, const char *interface)
{
	union sockaddr_ip sa;
	const socklen_t len = sockaddr_from(&sa, &action->peer, scope_of(interface));
	const int rc = action->socket == SOCKET_TCP_DOOR ? listen(fd, DOOR_BACKLOG)
							 : connect(fd, &sa.sa, len);

	return rc == 0 || errno == EINPROGRESS ? 0 : -errno;
}

int sockets_open(struct addr *local, const struct action *action, const char *interface)
{
	struct addr want;
	bool v4;
	int rc = address_to_bind(&want, action, interface);
	int fd;

	if (rc != 0)
		return rc;
	if (action->socket == SOCKET_STREAM || action->socket == SOCKET_SHARED)
		return -EPROTONOSUPPORT;
	v4 = addr_family(&want) == ADDR_V4;
	fd = socket_for(action->socket, v4);
	if (fd < 0)
		return -errno;
	if (!set_options(fd, action, &want) || !set_interface(fd, interface)) {
		rc = -errno;
		goto fail;
	}
	rc = bind_to(local, fd, &want, interface);
	if (rc == 0 && is_multicast(&want))
		rc = join(fd, &want, interface);
	if (rc == 0 && is_tcp(action->socket))
		rc = begin_tcp(fd, action, interface);
	if (rc != 0)
		goto fail;
	if (action->socket == SOCKET_ICMP_RAW)
		*local = addr_with_port(*local, 0); /* the kernel tells a protocol there */
	return fd;
fail:
	close(fd);
	return rc;
}

void sockets_tell_ttl(int fd, const struct addr *local)
{
	if (addr_family(local) == ADDR_V4)
		set_int(fd, IPPROTO_IP, IP_RECVTTL, 1);
	else
		set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
}

void sockets_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int sockets_spare(void)
{
	int pipes[SPARE_PIPES][2];
	int n = 0, rc = 0;

	while (n < SPARE_PIPES && rc == 0) {
		if (pipe2(pipes[n], O_CLOEXEC) == 0)
			n++;
		else
			rc = -errno;
	}
	while (n-- > 0) {
		close(pipes[n][0]);
		close(pipes[n][1]);
	}
	return rc;
}
