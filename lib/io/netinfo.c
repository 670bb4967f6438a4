#include "io/netinfo.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "io/rtnl.h"

static bool is_tunnel(unsigned arphrd, struct rtnl_value kind)
{
	static const char *const kinds[] = {
		"tun",       "wireguard", "ipip", "ip6tnl", "sit",  "gre",   "gretap", "ip6gre",
		"ip6gretap", "vti",       "vti6", "xfrm",   "ovpn", "vxlan", "geneve",
	};

	/* What a modem's driver says in user space, and natsim. */
	if (arphrd == ARPHRD_RAWIP)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind.len == strlen(kinds[i]) + 1 && memcmp(kind.bytes, kinds[i], kind.len) == 0)
			return true;
	/* Not ARPHRD_NONE: a mobile modem in raw IP mode has it too. Nor PPP: it is the line itself,
	 * PPPoE or a modem's, more often than a VPN. */
	return arphrd == ARPHRD_TUNNEL || arphrd == ARPHRD_TUNNEL6 || arphrd == ARPHRD_SIT ||
	       arphrd == ARPHRD_IPGRE || arphrd == ARPHRD_IP6GRE;
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
	uint8_t reply[RTNL_REPLY_MAX];
	const int n = rtnl_exchange(&request, sizeof(request), reply);
	const struct rtnl_attrs attrs =
		rtnl_attrs_after(reply, n < 0 ? 0 : n, sizeof(struct ifinfomsg));
	const struct rtnl_value name = rtnl_find(attrs, IFLA_IFNAME);
	struct ifinfomsg link;

	if (n < 0)
		return n;
	if (name.len == 0 || name.len > sizeof(out->name) || name.bytes[name.len - 1] != '\0')
		return -EPROTO;
	memcpy(&link, reply + NLMSG_HDRLEN, sizeof(link));
	*out = (struct link_info){
		.index = index,
		.mtu = rtnl_u32(rtnl_find(attrs, IFLA_MTU)),
		.up = (link.ifi_flags & IFF_UP) != 0,
		.loopback = (link.ifi_flags & IFF_LOOPBACK) != 0,
		.tunnel = is_tunnel(
			link.ifi_type,
			rtnl_find(rtnl_nested(rtnl_find(attrs, IFLA_LINKINFO)), IFLA_INFO_KIND)),
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

static int ask_route(uint8_t reply[static RTNL_REPLY_MAX], const struct addr *to,
		     const struct addr *from, uint32_t oif)
{
	const bool v4 = addr_family(to) == ADDR_V4;
	const size_t len = v4 ? 4 : 16;
	struct route_request request = {
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			 .nlmsg_type = RTM_GETROUTE,
			 .nlmsg_flags = NLM_F_REQUEST},
		.route = {.rtm_family = v4 ? AF_INET : AF_INET6,
			  .rtm_dst_len = v4 ? 32 : 128,
			  .rtm_flags = RTM_F_LOOKUP_TABLE},
	};

	put_attr(&request, RTA_DST, to->ip + 16 - len, len);
	if (from != NULL)
		put_attr(&request, RTA_SRC, from->ip + 16 - len, len);
	if (oif != 0)
		put_attr(&request, RTA_OIF, &oif, sizeof(oif));
	return rtnl_exchange(&request, request.head.nlmsg_len, reply);
}

int netinfo_route_from(struct route_info *out, const struct addr *to, const struct addr *from,
		       const char *interface)
{
	const uint32_t oif = interface == NULL ? 0 : if_nametoindex(interface);
	uint8_t reply[RTNL_REPLY_MAX];
	struct rtnl_attrs attrs;
	struct rtnl_value source;
	struct link_info link;
	unsigned mtu;
	int n;

	if (interface != NULL && oif == 0)
		return NK_ERR_BAD_INPUT;
	n = ask_route(reply, to, from, oif);
	if (n < 0)
		return error_of(n);
	attrs = rtnl_attrs_after(reply, n, sizeof(struct rtmsg));
	n = link_by_index(&link, rtnl_u32(rtnl_find(attrs, RTA_OIF)));
	if (n < 0)
		return error_of(n);

	source = rtnl_find(attrs, RTA_PREFSRC);
	mtu = rtnl_u32(rtnl_find(rtnl_nested(rtnl_find(attrs, RTA_METRICS)), RTAX_MTU));
	*out = (struct route_info){
		.local = from != NULL ? *from : rtnl_addr(source.bytes, source.len),
		.gateway = rtnl_gateway(attrs),
		.mtu = mtu != 0 && mtu < link.mtu ? mtu : link.mtu,
		.table = rtnl_u32(rtnl_find(attrs, RTA_TABLE)),
		.tunnel = link.tunnel,
	};
	memcpy(out->interface, link.name, sizeof(out->interface));
	return 0;
}

/* By a given interface the next hop may be known only to a rule for the address that we have there. */
int netinfo_route(struct route_info *out, const struct addr *to, const char *interface)
{
	const int r = netinfo_route_from(out, to, NULL, interface);
	struct route_info bound;

	if (r == 0 && interface != NULL && !addr_is_any(&out->local) &&
	    netinfo_route_from(&bound, to, &out->local, interface) == 0)
		*out = bound;
	return r;
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
