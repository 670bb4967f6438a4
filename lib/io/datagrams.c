#include "io/datagrams.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h> /* wants struct timespec */

void datagrams_init(struct datagrams_in *in)
{
	for (unsigned i = 0; i < DATAGRAMS_BATCH; i++) {
		in->iov[i] = (struct iovec){in->data[i], sizeof(in->data[i])};
		in->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &in->names[i],
			.msg_namelen = sizeof(in->names[i]),
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = in->control[i],
			.msg_controllen = sizeof(in->control[i]),
		};
	}
}

int datagrams_read(struct datagrams_in *in, int fd)
{
	const int n = recvmmsg(fd, in->msgs, DATAGRAMS_BATCH, MSG_DONTWAIT, NULL);

	return n < 0 ? -errno : n;
}

static uint8_t hops(const struct cmsghdr *c)
{
	int v;

	memcpy(&v, CMSG_DATA(c), sizeof(v));
	return (uint8_t)v;
}

/* The address a packet came to and its TTL; the kernel writes these, not the network. */
static void read_control(struct event *ev, struct msghdr *m, uint16_t port)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			/* spec_dst, not addr: the latter may be a broadcast address, from
			 * which no answer could be sent. */
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ev->local = sockaddr_v4_addr(&info.ipi_spec_dst, port);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ev->local = sockaddr_v6_addr(&info.ipi6_addr, port);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			ev->ttl = hops(c);
		}
	}
}

void datagrams_event(struct event *ev, struct datagrams_in *in, unsigned i,
		     const struct addr *bound)
{
	struct msghdr *m = &in->msgs[i].msg_hdr;

	ev->kind = EVENT_DATAGRAM;
	ev->from = sockaddr_to_addr(&in->names[i]);
	ev->local = *bound;
	ev->data = in->data[i];
	ev->len = in->msgs[i].msg_len;
	read_control(ev, m, bound->port);

	/* The kernel has put the lengths used where it reads the room there is. */
	m->msg_namelen = sizeof(in->names[i]);
	m->msg_controllen = sizeof(in->control[i]);
}

bool datagrams_skip_ip_header(struct event *ev)
{
	const size_t header = ev->len > 0 ? 4 * (size_t)(ev->data[0] & 0x0f) : 0;

	if (header < 20 || header > ev->len)
		return false;
	ev->data += header;
	ev->len -= header;
	return true;
}

static bool is_icmp(const struct cmsghdr *c, struct sock_extended_err *err)
{
	if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
	    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
		return false;
	memcpy(err, CMSG_DATA(c), sizeof(*err));
	return err->ee_origin == SO_EE_ORIGIN_ICMP || err->ee_origin == SO_EE_ORIGIN_ICMP6;
}

/* Who sent the error follows what it says; no address at all is none. */
static struct addr offender_of(const struct cmsghdr *c)
{
	const size_t skip = CMSG_LEN(sizeof(struct sock_extended_err));
	union sockaddr_ip sa = {.sa = {.sa_family = AF_UNSPEC}};
	const size_t len = c->cmsg_len > skip ? c->cmsg_len - skip : 0;

	memcpy(&sa, (const uint8_t *)c + skip, len < sizeof(sa) ? len : sizeof(sa));
	return addr_with_port(sockaddr_to_addr(&sa), 0);
}

bool datagrams_icmp_error(struct event *ev, int fd)
{
	for (;;) {
		union sockaddr_ip to = {.sa = {.sa_family = AF_UNSPEC}};
		alignas(struct cmsghdr) uint8_t control[DATAGRAMS_CONTROL];
		struct msghdr m = {
			.msg_name = &to,
			.msg_namelen = sizeof(to),
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		struct sock_extended_err err;

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return false;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
			if (!is_icmp(c, &err))
				continue;
			ev->kind = EVENT_ICMP_ERROR;
			ev->error = (int)err.ee_errno;
			ev->from = sockaddr_to_addr(&to);
			ev->reporter = offender_of(c);
			ev->icmp_type = err.ee_type;
			ev->icmp_code = err.ee_code;
			return true;
		}
	}
}

/* Appends one control message to @m, whose buffer has room for all that put_control() writes. */
static void put_cmsg(struct msghdr *m, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
	m->msg_controllen += CMSG_SPACE(len);
}

static void put_control(struct msghdr *m, const struct action *send)
{
	const bool v4 = addr_family(&send->to) == ADDR_V4;
	const int ttl = send->ttl;

	if (!addr_is_any(&send->local) && v4) {
		struct in_pktinfo info = {.ipi_ifindex = 0};

		memcpy(&info.ipi_spec_dst, send->local.ip + 12, sizeof(info.ipi_spec_dst));
		put_cmsg(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (!addr_is_any(&send->local)) {
		struct in6_pktinfo info = {.ipi6_ifindex = 0};

		memcpy(&info.ipi6_addr, send->local.ip, sizeof(info.ipi6_addr));
		put_cmsg(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (ttl != 0)
		put_cmsg(m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, &ttl,
			 sizeof(ttl));
}

int datagrams_write(int fd, const struct datagram_out *first, unsigned scope)
{
	struct mmsghdr msgs[DATAGRAMS_BATCH];
	struct iovec iov[DATAGRAMS_BATCH];
	union sockaddr_ip names[DATAGRAMS_BATCH];
	alignas(struct cmsghdr) uint8_t control[DATAGRAMS_BATCH][64];
	unsigned count = 0;
	int n;

	for (const struct datagram_out *d = first; d != NULL && count < DATAGRAMS_BATCH;
	     d = d->next, count++) {
		const struct action *a = &d->send;
		struct msghdr m = {
			.msg_name = &names[count],
			.msg_namelen = sockaddr_from(&names[count], &a->to, scope),
			.msg_iov = &iov[count],
			.msg_iovlen = 1,
			.msg_control = control[count],
		};

		iov[count] = (struct iovec){(void *)(uintptr_t)a->data, a->len};
		put_control(&m, a);
		msgs[count] = (struct mmsghdr){.msg_hdr = m};
	}
	n = sendmmsg(fd, msgs, count, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}
