#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <libnet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "face/exit.h"
#include "face/log.h"
#include "wire/ip.h"

#define TTL      64 /* what Linux has by default */
#define SNAP     (SLL_HDR_LEN + IP_V6_HEADER + IP_UDP_HEADER + CORE_DATAGRAM_MAX)
#define BUFFER   (1 << 20) /* bytes of the capture's ring */
#define RAW_ONLY "it takes CAP_NET_RAW: run it as root, or \"setcap cap_net_raw+ep\" it"

/* STUN alone, by its magic cookie: a program's own traffic may be a lot. libpcap looks into UDP for
 * IPv4 only; in IPv6 that is behind 40 bytes of IP and 8 of UDP. */
#define FILTER                                                                              \
	"udp dst port %u and ((ip and udp[12:4] = 0x2112a442) or (ip6 and ip6[6] = 17 and " \
	"ip6[52:4] = 0x2112a442))"

/**
 * struct share - The raw means
 * @out:	By family (0: IPv4); the second is NULL where there is no IPv6
 */
struct share {
	libnet_t *out[2];
	pcap_t *in;
};

static void *refuse(int *status, int which, const char *what, const char *why)
{
	log_line(LEVEL_ERROR, "--share: cannot %s: %s", what, why);
	*status = which;
	return NULL;
}

/* libnet tells what it cannot do in words alone. */
static bool is_permitted(void)
{
	const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EPERM;
}

static bool can_bind(int family, uint16_t port)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const bool is_v4 = family == AF_INET;
	const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound;

	if (fd < 0)
		return true;
	bound = bind(fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
		     is_v4 ? sizeof(v4) : sizeof(v6)) == 0;
	close(fd);
	return bound;
}

/* Programs that the user's command starts are not to have it. */
static bool seal(int fd, const char *interface)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	       (interface == NULL || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
						(socklen_t)strlen(interface)) == 0);
}

static bool open_out(struct share *s, const char *interface, int *status)
{
	static const int kinds[2] = {LIBNET_RAW4, LIBNET_RAW6};
	char why[LIBNET_ERRBUF_SIZE];

	for (unsigned i = 0; i < 2; i++) {
		s->out[i] = libnet_init(kinds[i], NULL, why);
		if (s->out[i] == NULL && i == 0)
			return refuse(status, EXIT_INTERNAL, "send", why);
		if (s->out[i] != NULL && !seal(libnet_getfd(s->out[i]), interface))
			return refuse(status, EXIT_INTERNAL, "send", strerror(errno));
	}
	return true;
}

static bool set_filter(pcap_t *in, uint16_t port)
{
	struct bpf_program program;
	char filter[sizeof(FILTER) + 8];
	bool good;

	snprintf(filter, sizeof(filter), FILTER, port);
	if (pcap_compile(in, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return false;
	good = pcap_setfilter(in, &program) == 0;
	pcap_freecode(&program);
	return good;
}

/* Of all interfaces, since the way in may be another one tomorrow. */
static bool open_in(struct share *s, uint16_t port, int *status)
{
	char why[PCAP_ERRBUF_SIZE];

	s->in = pcap_create("any", why);
	if (s->in == NULL)
		return refuse(status, EXIT_INTERNAL, "look at packets", why);
	if (pcap_set_snaplen(s->in, SNAP) != 0 || pcap_set_buffer_size(s->in, BUFFER) != 0 ||
	    pcap_set_immediate_mode(s->in, 1) != 0 || pcap_activate(s->in) < 0 ||
	    pcap_set_datalink(s->in, DLT_LINUX_SLL) != 0 ||
	    pcap_setdirection(s->in, PCAP_D_IN) != 0 || !set_filter(s->in, port) ||
	    pcap_setnonblock(s->in, 1, why) != 0 || !seal(pcap_fileno(s->in), NULL))
		return refuse(status, EXIT_INTERNAL, "look at packets", pcap_geterr(s->in));
	return true;
}

struct share *share_open(uint16_t port, const char *interface, int *status)
{
	struct share *s;

	if (!is_permitted())
		return refuse(status, EXIT_PERMISSION, "send from another program's port",
			      RAW_ONLY);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return refuse(status, EXIT_INTERNAL, "begin", "no memory");
	if (!open_out(s, interface, status) || !open_in(s, port, status)) {
		share_close(s);
		return NULL;
	}
	return s;
}

void share_tell(uint16_t port)
{
	if (can_bind(AF_INET, port) && can_bind(AF_INET6, port))
		log_line(LEVEL_WARNING, "--share: no program has UDP port %u now", port);
	else
		log_line(LEVEL_INFO,
			 "the program on UDP port %u also gets the answers to what is sent for it",
			 port);
}

void share_close(struct share *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (s->out[i] != NULL)
			libnet_destroy(s->out[i]);
	if (s->in != NULL)
		pcap_close(s->in);
	free(s);
}

int share_fd(const struct share *s)
{
	return pcap_get_selectable_fd(s->in);
}

static bool build_v4(libnet_t *l, const struct addr *from, const struct action *a, uint16_t len)
{
	uint32_t src, dst;

	memcpy(&src, from->ip + 12, sizeof(src));
	memcpy(&dst, a->to.ip + 12, sizeof(dst));
	return libnet_build_ipv4(IP_V4_HEADER + len, 0, 0, 0, a->ttl != 0 ? a->ttl : TTL, IP_UDP, 0,
				 src, dst, NULL, 0, l, 0) >= 0;
}

static bool build_v6(libnet_t *l, const struct addr *from, const struct action *a, uint16_t len)
{
	struct libnet_in6_addr src, dst;

	memcpy(&src, from->ip, sizeof(src));
	memcpy(&dst, a->to.ip, sizeof(dst));
	return libnet_build_ipv6(0, 0, len, IP_UDP, a->ttl != 0 ? a->ttl : TTL, src, dst, NULL, 0,
				 l, 0) >= 0;
}

static int send_raw(void *user, const struct addr *from, const struct action *a)
{
	const bool v4 = addr_family(&a->to) == ADDR_V4;
	const uint16_t len = (uint16_t)(IP_UDP_HEADER + a->len);
	const struct share *s = user;
	libnet_t *l = s->out[!v4];
	int rc = 0;

	if (l == NULL)
		return -EAFNOSUPPORT;
	errno = EINVAL; /* unless it is the kernel that refuses */
	if (libnet_build_udp(from->port, a->to.port, len, 0, a->data, (uint32_t)a->len, l, 0) < 0 ||
	    !(v4 ? build_v4(l, from, a, len) : build_v6(l, from, a, len)) || libnet_write(l) < 0)
		rc = -errno;
	libnet_clear_packet(l);
	return rc;
}

/* Return: true if that is a UDP datagram, as a whole; @ev is set then. */
static bool read_packet(struct event *ev, const uint8_t *bytes, size_t len)
{
	struct ip_header ip;
	struct rd r;
	uint16_t from, to, udp_len;

	if (len < SLL_HDR_LEN || ip_read(&ip, bytes + SLL_HDR_LEN, len - SLL_HDR_LEN) != 0 ||
	    ip.protocol != IP_UDP || ip_is_fragment(&ip))
		return false;
	r = rd_make(bytes + SLL_HDR_LEN + ip.length, ip.total - ip.length);
	from = rd_be16(&r);
	to = rd_be16(&r);
	udp_len = rd_be16(&r);
	rd_be16(&r); /* the checksum, which a virtual link may have left undone */
	if (r.bad || udp_len < IP_UDP_HEADER || udp_len > IP_UDP_HEADER + rd_left(&r))
		return false;
	ev->from = addr_with_port(ip.from, from);
	ev->local = addr_with_port(ip.to, to);
	ev->ttl = ip.ttl;
	ev->len = (size_t)(udp_len - IP_UDP_HEADER);
	ev->data = rd_bytes(&r, ev->len);
	return true;
}

static bool receive_raw(void *user, struct event *ev)
{
	const struct share *s = user;
	struct pcap_pkthdr *head;
	const uint8_t *bytes;

	while (pcap_next_ex(s->in, &head, &bytes) == 1)
		if (read_packet(ev, bytes, head->caplen))
			return true;
	return false;
}

struct run_shared share_callbacks(struct share *s)
{
	return (struct run_shared){.send = send_raw, .receive = receive_raw, .user = s};
}
