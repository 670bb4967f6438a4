/*
 * By rtnetlink(7): one request, one answer. Its messages are in host order and
 * come from the kernel; lengths are checked all the same.
 */
#include "io/netinfo.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "io/sockaddr.h"

#define REPLY_MAX 32768 /* a link with many virtual functions is long */

/* The attributes of a netlink message, borrowed. */
struct attrs {
	const uint8_t *bytes;
	size_t len;
};

struct value {
	const uint8_t *bytes;
	size_t len;
};

static struct value attr_find(struct attrs in, unsigned type)
{
	while (in.len >= sizeof(struct rtattr)) {
		struct rtattr head;
		size_t step;

		memcpy(&head, in.bytes, sizeof(head));
		if (head.rta_len < sizeof(head) || head.rta_len > in.len)
			break;
		if ((head.rta_type & NLA_TYPE_MASK) == type)
			return (struct value){in.bytes + sizeof(head), head.rta_len - sizeof(head)};
		step = RTA_ALIGN((size_t)head.rta_len);
		if (step > in.len)
			break;
		in.bytes += step;
		in.len -= step;
	}
	return (struct value){NULL, 0};
}

static struct attrs nested(struct value v)
{
	return (struct attrs){v.bytes, v.len};
}

static uint32_t value_u32(struct value v)
{
	uint32_t out = 0;

	if (v.len >= sizeof(out))
		memcpy(&out, v.bytes, sizeof(out));
	return out;
}

static struct addr value_addr(const uint8_t *bytes, size_t len)
{
	struct addr a = {.port = 0};

	if (len == 4)
		return addr_v4(bytes[0], bytes[1], bytes[2], bytes[3], 0);
	if (len == 16)
		memcpy(a.ip, bytes, 16);
	return a;
}

/* Sends a request and reads its answer. Return: the answer's length, or a negative errno. */
static int exchange(const void *request, size_t len, uint8_t reply[static REPLY_MAX])
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct nlmsghdr head;
	ssize_t n = -1;
	int rc;

	if (fd < 0)
		return -errno;
	if (sendto(fd, request, len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) >= 0)
		n = recv(fd, reply, REPLY_MAX, 0);
	rc = n < 0 ? -errno : (int)n;
	close(fd);
	if (rc < 0)
		return rc;

	if ((size_t)n < sizeof(head))
		return -EPROTO;
	memcpy(&head, reply, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > (size_t)n)
		return -EPROTO;
	if (head.nlmsg_type == NLMSG_ERROR) {
		int error = -EPROTO;

		if (head.nlmsg_len >= sizeof(head) + sizeof(error))
			memcpy(&error, reply + sizeof(head), sizeof(error));
		return error < 0 ? error : -EPROTO;
	}
	return (int)head.nlmsg_len;
}

static struct attrs attrs_after(const uint8_t *reply, int len, size_t family_header)
{
	const size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(family_header);

	if ((size_t)len < skip)
		return (struct attrs){NULL, 0};
	return (struct attrs){reply + skip, (size_t)len - skip};
}

static bool is_tunnel(unsigned arphrd, struct value kind)
{
	static const char *const kinds[] = {
		"tun",    "wireguard", "ppp", "ipip", "ip6tnl", "sit",  "gre",   "gretap",
		"ip6gre", "ip6gretap", "vti", "vti6", "xfrm",   "ovpn", "vxlan", "geneve",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind.len == strlen(kinds[i]) + 1 && memcmp(kind.bytes, kinds[i], kind.len) == 0)
			return true;
	/* Not ARPHRD_NONE: a mobile modem in raw IP mode has it too. */
	return arphrd == ARPHRD_PPP || arphrd == ARPHRD_TUNNEL || arphrd == ARPHRD_TUNNEL6 ||
	       arphrd == ARPHRD_SIT || arphrd == ARPHRD_IPGRE || arphrd == ARPHRD_IP6GRE;
}

static int link_by_index(struct link_info *out, unsigned index)
{
	const struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index},
	};
	uint8_t reply[REPLY_MAX];
	const int n = exchange(&request, sizeof(request), reply);
	const struct attrs attrs = attrs_after(reply, n < 0 ? 0 : n, sizeof(struct ifinfomsg));
	const struct value name = attr_find(attrs, IFLA_IFNAME);
	struct ifinfomsg link;

	if (n < 0)
		return n;
	if (name.len == 0 || name.len > sizeof(out->name) || name.bytes[name.len - 1] != '\0')
		return -EPROTO;
	memcpy(&link, reply + NLMSG_HDRLEN, sizeof(link));
	*out = (struct link_info){
		.index = index,
		.mtu = value_u32(attr_find(attrs, IFLA_MTU)),
		.up = (link.ifi_flags & IFF_UP) != 0,
		.loopback = (link.ifi_flags & IFF_LOOPBACK) != 0,
		.tunnel =
			is_tunnel(link.ifi_type, attr_find(nested(attr_find(attrs, IFLA_LINKINFO)),
							   IFLA_INFO_KIND)),
	};
	memcpy(out->name, name.bytes, name.len);
	return 0;
}

struct route_request {
	struct nlmsghdr head;
	struct rtmsg route;
	uint8_t attrs[64];
};

static void put_attr(struct route_request *r, unsigned short type, const void *value, size_t len)
{
	const struct rtattr head = {.rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type};
	uint8_t *at = (uint8_t *)r + r->head.nlmsg_len;

	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), value, len);
	r->head.nlmsg_len += (uint32_t)RTA_ALIGN(RTA_LENGTH(len));
}

/* The next hop, which for an IPv4 destination may be an IPv6 address (RFC 5549). */
static struct addr gateway_in(struct attrs attrs)
{
	const struct value gateway = attr_find(attrs, RTA_GATEWAY);
	const struct value via = attr_find(attrs, RTA_VIA);

	if (gateway.bytes != NULL)
		return value_addr(gateway.bytes, gateway.len);
	if (via.len > sizeof(struct rtvia))
		return value_addr(via.bytes + sizeof(struct rtvia), via.len - sizeof(struct rtvia));
	return (struct addr){.port = 0};
}

static int error_of(int negative_errno)
{
	switch (-negative_errno) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES: /* a "prohibit" route */
	case EINVAL: /* a "blackhole" route */
		return NK_ERR_UNREACHABLE;
	default:
		errno = -negative_errno;
		return NK_ERR_SYSTEM;
	}
}

static int ask_route(uint8_t reply[static REPLY_MAX], const struct addr *to, uint32_t oif)
{
	const bool v4 = addr_family(to) == ADDR_V4;
	const size_t len = v4 ? 4 : 16;
	struct route_request request = {
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			 .nlmsg_type = RTM_GETROUTE,
			 .nlmsg_flags = NLM_F_REQUEST},
		.route = {.rtm_family = v4 ? AF_INET : AF_INET6, .rtm_dst_len = v4 ? 32 : 128},
	};

	put_attr(&request, RTA_DST, to->ip + 16 - len, len);
	if (oif != 0)
		put_attr(&request, RTA_OIF, &oif, sizeof(oif));
	return exchange(&request, request.head.nlmsg_len, reply);
}

int netinfo_route(struct route_info *out, const struct addr *to, const char *interface)
{
	const uint32_t oif = interface == NULL ? 0 : if_nametoindex(interface);
	uint8_t reply[REPLY_MAX];
	struct attrs attrs;
	struct value source;
	struct link_info link;
	unsigned mtu;
	int n;

	if (interface != NULL && oif == 0)
		return NK_ERR_BAD_INPUT;
	n = ask_route(reply, to, oif);
	if (n < 0)
		return error_of(n);
	attrs = attrs_after(reply, n, sizeof(struct rtmsg));
	n = link_by_index(&link, value_u32(attr_find(attrs, RTA_OIF)));
	if (n < 0)
		return error_of(n);

	source = attr_find(attrs, RTA_PREFSRC);
	mtu = value_u32(attr_find(nested(attr_find(attrs, RTA_METRICS)), RTAX_MTU));
	*out = (struct route_info){
		.local = value_addr(source.bytes, source.len),
		.gateway = gateway_in(attrs),
		.mtu = mtu != 0 && mtu < link.mtu ? mtu : link.mtu,
		.tunnel = link.tunnel,
	};
	memcpy(out->interface, link.name, sizeof(out->interface));
	return 0;
}

int netinfo_links(struct link_info *out, unsigned max)
{
	struct if_nameindex *list = if_nameindex();
	unsigned count = 0;

	if (list == NULL)
		return NK_ERR_SYSTEM;
	/* One that goes away while we look is left out. */
	for (size_t i = 0; list[i].if_index != 0 && count < max; i++)
		if (link_by_index(&out[count], list[i].if_index) == 0)
			count++;
	if_freenameindex(list);
	return (int)count;
}
