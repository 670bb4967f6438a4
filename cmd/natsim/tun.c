#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rtnl.h"

#define TUN_DRIVER "/dev/net/tun"
#define TUN_QUEUE  4000 /* packets: some ms of a fast sender, in which the engine may be asleep */

int tun_allowed(void)
{
	const int fd = open(TUN_DRIVER, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* It is the host's link, and says so (lib/io/netinfo.c): other TUN devices are tunnels. */
static int make(void)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	const int fd = open(TUN_DRIVER, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", TUN_NAME);
	if (fd >= 0 &&
	    (ioctl(fd, TUNSETIFF, &r) != 0 || ioctl(fd, TUNSETLINK, ARPHRD_RAWIP) != 0)) {
		const int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static const struct addr *of_family(const struct addr *list, unsigned count,
				    enum addr_family family)
{
	for (unsigned i = 0; i < count; i++) {
		if (addr_family(&list[i]) == family)
			return &list[i];
	}
	return NULL;
}

static int set_routes(int rtnl, unsigned interface, const struct tun_plan *plan)
{
	static const enum addr_family families[] = {ADDR_V4, ADDR_V6};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct addr *from = of_family(plan->addrs, plan->addr_count, families[i]);
		const struct addr *gateway =
			of_family(plan->gateways, plan->gateway_count, families[i]);

		if (from != NULL && rtnl_set_default(rtnl, interface, from, gateway) != 0)
			return -1;
	}
	return 0;
}

static int configure(int rtnl, const struct tun_plan *plan, const char **what)
{
	const unsigned loopback = if_nametoindex("lo"), interface = if_nametoindex(TUN_NAME);

	*what = "set up its interfaces";
	if (rtnl_up(rtnl, loopback) != 0 || rtnl_tune(rtnl, interface, plan->mtu, TUN_QUEUE) != 0 ||
	    rtnl_up(rtnl, interface) != 0)
		return -1;
	*what = "give it its addresses";
	for (unsigned i = 0; i < plan->addr_count; i++) {
		if (rtnl_add_addr(rtnl, interface, &plan->addrs[i]) != 0)
			return -1;
	}
	*what = "give it a default route";
	return set_routes(rtnl, interface, plan);
}

int tun_open(const struct tun_plan *plan, const char **what)
{
	int fd, rtnl, rc;

	*what = "make its TUN device";
	fd = make();
	if (fd < 0)
		return -1;
	rtnl = rtnl_open();
	rc = rtnl >= 0 ? configure(rtnl, plan, what) : -1;
	if (rc != 0) {
		const int err = errno;

		close(fd);
		fd = -1;
		errno = err;
	}
	if (rtnl >= 0)
		close(rtnl);
	return fd;
}

int tun_readdress(const struct addr *from, const struct addr *to, const struct addr *gateway)
{
	const unsigned interface = if_nametoindex(TUN_NAME);
	const int rtnl = rtnl_open();
	int rc = -1;

	if (rtnl < 0)
		return -1;
	if (rtnl_add_addr(rtnl, interface, to) == 0 &&
	    rtnl_set_default(rtnl, interface, to, gateway) == 0)
		rc = rtnl_del_addr(rtnl, interface, from);
	close(rtnl);
	return rc;
}
