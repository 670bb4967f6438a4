#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "io/netinfo.h"
#include "io/rtnl.h"

/* @table: Only routes of this one, 0: of all. */
struct ways {
	struct route_info *out;
	unsigned count, max, table;
};

static bool known(const struct ways *w, const struct route_info *r)
{
	for (unsigned i = 0; i < w->count; i++)
		if (strcmp(w->out[i].interface, r->interface) == 0 &&
		    addr_same_ip(&w->out[i].gateway, &r->gateway) &&
		    addr_same_ip(&w->out[i].local, &r->local))
			return true;
	return false;
}

/* What the kernel would do through that interface, or any if it is NULL, for a destination far away,
 * which this machine must not have itself. */
static bool ask_far(struct route_info *out, int family, const struct addr *from,
		    const char *interface)
{
	const struct addr far4[] = {addr_v4(192, 0, 2, 1, 0), addr_v4(198, 51, 100, 1, 0)};
	const struct addr far6[] = {{.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
				    {.ip = {0x20, 0x01, 0x0d, 0xb8, [14] = 1}}};

	for (unsigned i = 0; i < 2; i++) {
		const struct addr *far = family == AF_INET ? &far4[i] : &far6[i];

		const int rc = from != NULL ? netinfo_route_from(out, far, from, interface)
					    : netinfo_route(out, far, interface);

		if (rc == 0 && (interface == NULL || strcmp(out->interface, interface) == 0) &&
		    !addr_same_ip(&out->local, far))
			return true;
	}
	return false;
}

/* That tells all but the gateway. */
static void add(struct ways *w, int family, unsigned index, struct rtnl_attrs attrs)
{
	const struct rtnl_value source = rtnl_find(attrs, RTA_PREFSRC);
	char name[IF_NAMESIZE];
	struct route_info r;

	if (w->count == w->max || if_indextoname(index, name) == NULL ||
	    !ask_far(&r, family, NULL, name))
		return;
	r.gateway = rtnl_gateway(attrs);
	if (source.bytes != NULL)
		r.local = rtnl_addr(source.bytes, source.len);
	if (!addr_is_any(&r.local) && !known(w, &r))
		w->out[w->count++] = r;
}

/* A route over several ways: each has a header and attributes of its own. */
static void add_each(struct ways *w, int family, struct rtnl_value hops)
{
	struct rtnexthop hop;

	while (hops.len >= sizeof(hop)) {
		size_t step;

		memcpy(&hop, hops.bytes, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > hops.len)
			return;
		if ((hop.rtnh_flags & RTNH_F_DEAD) == 0)
			add(w, family, (unsigned)hop.rtnh_ifindex,
			    (struct rtnl_attrs){hops.bytes + sizeof(hop),
						hop.rtnh_len - sizeof(hop)});
		step = RTA_ALIGN((size_t)hop.rtnh_len);
		if (step > hops.len)
			return;
		hops.bytes += step;
		hops.len -= step;
	}
}

static void take_route(void *user, const uint8_t *message, int len)
{
	const struct rtnl_attrs attrs = rtnl_attrs_after(message, len, sizeof(struct rtmsg));
	const struct rtnl_value hops = rtnl_find(attrs, RTA_MULTIPATH);
	const struct ways *w = user;
	struct rtmsg route;

	if (attrs.bytes == NULL ||
	    (w->table != 0 && rtnl_u32(rtnl_find(attrs, RTA_TABLE)) != w->table))
		return;
	memcpy(&route, message + NLMSG_HDRLEN, sizeof(route));
	if (route.rtm_dst_len != 0 || route.rtm_type != RTN_UNICAST ||
	    (route.rtm_flags & RTNH_F_DEAD) != 0)
		return;
	if (hops.bytes != NULL)
		add_each(user, route.rtm_family, hops);
	else
		add(user, route.rtm_family, rtnl_u32(rtnl_find(attrs, RTA_OIF)), attrs);
}

/* Return: 0 or a negative errno. */
static int take_routes(struct ways *w, uint8_t family, unsigned table)
{
	const struct {
		struct nlmsghdr head;
		struct rtmsg route;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = RTM_GETROUTE,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.route = {.rtm_family = family},
	};

	w->table = table;
	return rtnl_dump(&request, sizeof(request), take_route, w);
}

/* Tables are dumped in no order that means anything. */
int netinfo_ways(struct route_info *out, unsigned max)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct ways w = {.out = out, .max = max};

	for (size_t i = 0; i < 2; i++) {
		struct route_info first;
		int rc = 0;

		if (ask_far(&first, families[i], NULL, NULL))
			rc = take_routes(&w, families[i], first.table);
		if (rc == 0)
			rc = take_routes(&w, families[i], 0);
		if (rc < 0) {
			errno = -rc;
			return NK_ERR_SYSTEM;
		}
	}
	return (int)w.count;
}

bool netinfo_answers(struct route_info *out, const struct addr *local)
{
	return ask_far(out, addr_family(local) == ADDR_V4 ? AF_INET : AF_INET6, local, NULL);
}
