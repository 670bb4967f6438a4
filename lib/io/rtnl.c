#include "io/rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct rtnl_value rtnl_find(struct rtnl_attrs in, unsigned type)
{
	while (in.len >= sizeof(struct rtattr)) {
		struct rtattr head;
		size_t step;

		memcpy(&head, in.bytes, sizeof(head));
		if (head.rta_len < sizeof(head) || head.rta_len > in.len)
			break;
		if ((head.rta_type & NLA_TYPE_MASK) == type)
			return (struct rtnl_value){in.bytes + sizeof(head),
						   head.rta_len - sizeof(head)};
		step = RTA_ALIGN((size_t)head.rta_len);
		if (step > in.len)
			break;
		in.bytes += step;
		in.len -= step;
	}
	return (struct rtnl_value){NULL, 0};
}

struct rtnl_attrs rtnl_nested(struct rtnl_value v)
{
	return (struct rtnl_attrs){v.bytes, v.len};
}

uint32_t rtnl_u32(struct rtnl_value v)
{
	uint32_t out = 0;

	if (v.len >= sizeof(out))
		memcpy(&out, v.bytes, sizeof(out));
	return out;
}

struct addr rtnl_addr(const uint8_t *bytes, size_t len)
{
	struct addr a = {.port = 0};

	if (len == 4)
		return addr_v4(bytes[0], bytes[1], bytes[2], bytes[3], 0);
	if (len == 16)
		memcpy(a.ip, bytes, 16);
	return a;
}

struct addr rtnl_gateway(struct rtnl_attrs attrs)
{
	const struct rtnl_value gateway = rtnl_find(attrs, RTA_GATEWAY);
	const struct rtnl_value via = rtnl_find(attrs, RTA_VIA);

	if (gateway.bytes != NULL)
		return rtnl_addr(gateway.bytes, gateway.len);
	if (via.len > sizeof(struct rtvia))
		return rtnl_addr(via.bytes + sizeof(struct rtvia), via.len - sizeof(struct rtvia));
	return (struct addr){.port = 0};
}

struct rtnl_attrs rtnl_attrs_after(const uint8_t *message, int len, size_t family_header)
{
	const size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(family_header);

	if ((size_t)len < skip)
		return (struct rtnl_attrs){NULL, 0};
	return (struct rtnl_attrs){message + skip, (size_t)len - skip};
}

/* Return: a socket to which the request has been sent, or a negative errno. */
static int ask(const void *request, size_t len)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc;

	if (fd < 0)
		return -errno;
	if (sendto(fd, request, len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) >= 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* The first message of @left bytes. Return: its length, or a negative errno, if it is an error that
 * one. */
static int check(const uint8_t *message, size_t left)
{
	struct nlmsghdr head;
	int error = -EPROTO;

	if (left < sizeof(head))
		return -EPROTO;
	memcpy(&head, message, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > left)
		return -EPROTO;
	if (head.nlmsg_type != NLMSG_ERROR)
		return (int)head.nlmsg_len;
	if (head.nlmsg_len >= sizeof(head) + sizeof(error))
		memcpy(&error, message + sizeof(head), sizeof(error));
	return error < 0 ? error : -EPROTO;
}

int rtnl_exchange(const void *request, size_t len, uint8_t reply[static RTNL_REPLY_MAX])
{
	const int fd = ask(request, len);
	ssize_t n;
	int rc;

	if (fd < 0)
		return fd;
	n = recv(fd, reply, RTNL_REPLY_MAX, 0);
	rc = n < 0 ? -errno : check(reply, (size_t)n);
	close(fd);
	return rc;
}

/* One datagram of a dump. Return: 1 if that was the last, 0, or a negative errno. */
static int take(const uint8_t *reply, size_t left,
		void (*each)(void *user, const uint8_t *message, int message_len), void *user)
{
	while (left > 0) {
		const int n = check(reply, left);
		struct nlmsghdr head;
		size_t step;

		if (n < 0)
			return n;
		memcpy(&head, reply, sizeof(head));
		if (head.nlmsg_type == NLMSG_DONE)
			return 1;
		each(user, reply, n);
		step = NLMSG_ALIGN((size_t)n);
		if (step >= left)
			break;
		reply += step;
		left -= step;
	}
	return 0;
}

int rtnl_dump(const void *request, size_t len,
	      void (*each)(void *user, const uint8_t *message, int message_len), void *user)
{
	uint8_t reply[RTNL_REPLY_MAX];
	const int fd = ask(request, len);
	int rc = 0;

	if (fd < 0)
		return fd;
	while (rc == 0) {
		const ssize_t n = recv(fd, reply, sizeof(reply), 0);

		rc = n < 0 ? -errno : take(reply, (size_t)n, each, user);
	}
	close(fd);
	return rc < 0 ? rc : 0;
}
