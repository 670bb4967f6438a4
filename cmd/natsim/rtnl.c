#include "rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A request being built. The kernel's macros step through @bytes. */
struct request {
	union {
		struct nlmsghdr head;
		char bytes[512];
	} u;
};

static const uint8_t *ip_bytes(const struct addr *a, size_t *len)
{
	*len = addr_family(a) == ADDR_V4 ? 4 : 16;
	return a->ip + (sizeof(a->ip) - *len);
}

static unsigned char family_of(const struct addr *a)
{
	return addr_family(a) == ADDR_V4 ? AF_INET : AF_INET6;
}

static void begin(struct request *r, uint16_t type, uint16_t flags, const void *body, size_t len)
{
	*r = (struct request){.u.head = {
				      .nlmsg_len = NLMSG_LENGTH((uint32_t)len),
				      .nlmsg_type = type,
				      .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
			      }};
	memcpy(NLMSG_DATA(&r->u.head), body, len);
}

/* Return: where the attribute begins, for close_nest(). */
static size_t put(struct request *r, uint16_t type, const void *value, size_t len)
{
	const size_t at = NLMSG_ALIGN(r->u.head.nlmsg_len);
	const struct rtattr head = {.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};

	memcpy(r->u.bytes + at, &head, sizeof(head));
	if (len > 0)
		memcpy(r->u.bytes + at + RTA_LENGTH(0), value, len);
	r->u.head.nlmsg_len = (uint32_t)(at + RTA_LENGTH(len));
	return at;
}

static void close_nest(struct request *r, size_t at)
{
	const uint16_t len = (uint16_t)(r->u.head.nlmsg_len - at);

	memcpy(r->u.bytes + at + offsetof(struct rtattr, rta_len), &len, sizeof(len));
}

static void put_addr(struct request *r, uint16_t type, const struct addr *a)
{
	size_t len;
	const uint8_t *ip = ip_bytes(a, &len);

	put(r, type, ip, len);
}

/* Sends the request and takes the kernel's word on it. */
static int ask(int fd, const struct request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char quote[sizeof(struct request)];
	} answer;
	ssize_t n;

	if (send(fd, r->u.bytes, r->u.head.nlmsg_len, 0) < 0)
		return -1;
	do
		n = recv(fd, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)(sizeof(answer.head) + sizeof(answer.error)) ||
	    answer.head.nlmsg_type != NLMSG_ERROR) {
		errno = n < 0 ? errno : EPROTO;
		return -1;
	}
	errno = -answer.error.error;
	return answer.error.error == 0 ? 0 : -1;
}

int rtnl_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

int rtnl_up(int fd, unsigned interface)
{
	const struct ifinfomsg body = {
		.ifi_index = (int)interface, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct request r;

	begin(&r, RTM_NEWLINK, 0, &body, sizeof(body));
	return ask(fd, &r);
}

int rtnl_tune(int fd, unsigned interface, uint32_t mtu, uint32_t queue)
{
	const struct ifinfomsg body = {.ifi_index = (int)interface};
	const uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	struct request r;
	size_t spec, inet6;

	begin(&r, RTM_NEWLINK, 0, &body, sizeof(body));
	put(&r, IFLA_MTU, &mtu, sizeof(mtu));
	put(&r, IFLA_TXQLEN, &queue, sizeof(queue));
	spec = put(&r, IFLA_AF_SPEC, NULL, 0);
	inet6 = put(&r, AF_INET6, NULL, 0);
	put(&r, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	close_nest(&r, inet6);
	close_nest(&r, spec);
	return ask(fd, &r);
}

static int change_addr(int fd, uint16_t type, uint16_t flags, unsigned interface,
		       const struct addr *a)
{
	const struct ifaddrmsg body = {
		.ifa_family = family_of(a),
		.ifa_prefixlen = addr_family(a) == ADDR_V4 ? 32 : 128,
		.ifa_flags = IFA_F_NODAD,
		.ifa_index = interface,
	};
	struct request r;

	begin(&r, type, flags, &body, sizeof(body));
	put_addr(&r, IFA_LOCAL, a);
	put_addr(&r, IFA_ADDRESS, a);
	return ask(fd, &r);
}

int rtnl_add_addr(int fd, unsigned interface, const struct addr *a)
{
	return change_addr(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, interface, a);
}

int rtnl_del_addr(int fd, unsigned interface, const struct addr *a)
{
	return change_addr(fd, RTM_DELADDR, 0, interface, a);
}

int rtnl_set_default(int fd, unsigned interface, const struct addr *from,
		     const struct addr *gateway)
{
	const struct rtmsg body = {
		.rtm_family = family_of(from),
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = gateway != NULL ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = gateway != NULL ? RTNH_F_ONLINK : 0,
	};
	const uint32_t out = interface;
	struct request r;

	begin(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
	put(&r, RTA_OIF, &out, sizeof(out));
	put_addr(&r, RTA_PREFSRC, from);
	if (gateway != NULL)
		put_addr(&r, RTA_GATEWAY, gateway);
	return ask(fd, &r);
}
