#include "fleet_tun.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define FIRST_IP   0x64400002u
#define FIRST_PORT 1024u
#define HEADERS    (IP_V4_HEADER + IP_UDP_HEADER)

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

struct addr fleet_host_addr(uint32_t host)
{
	const uint32_t ip = FIRST_IP + host / FLEET_PORTS;

	return addr_v4((uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip,
		       (uint16_t)(FIRST_PORT + host % FLEET_PORTS));
}

void fleet_tun_open(struct fleet_tun *t, const char *name, const struct addr *server)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	struct ip_header h = {.to = *server, .ttl = 64, .protocol = IP_UDP};
	struct wr w = wr_make(t->out, sizeof(t->out));

	*t = (struct fleet_tun){.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK), .server = *server};
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (t->fd < 0 || ioctl(t->fd, TUNSETIFF, &request) != 0)
		fail(name);
	h.from = addr_any(ADDR_V4, 0);
	ip_write(&w, &h);
	bytes_put_be16(t->out + IP_V4_CHECKSUM_AT, 0);
	t->fixed_sum = checksum_add(0, t->out, IP_V4_HEADER);
	bytes_put_be16(t->out + IP_V4_HEADER + 2, server->port);
}

/* Source and lengths, and the two checksums that cover them. */
static void address(struct fleet_tun *t, uint32_t host, const void *data, size_t len)
{
	const uint32_t ip = FIRST_IP + host / FLEET_PORTS;
	uint8_t *udp = t->out + IP_V4_HEADER;
	uint64_t sum;

	bytes_put_be16(t->out + 2, (uint16_t)(HEADERS + len));
	bytes_put_be16(t->out + 12, (uint16_t)(ip >> 16));
	bytes_put_be16(t->out + 14, (uint16_t)ip);
	bytes_put_be16(udp, (uint16_t)(FIRST_PORT + host % FLEET_PORTS));
	bytes_put_be16(udp + IP_UDP_LENGTH_AT, (uint16_t)(IP_UDP_HEADER + len));
	bytes_put_be16(udp + IP_UDP_CHECKSUM_AT, 0);
	memcpy(udp + IP_UDP_HEADER, data, len);

	sum = checksum_add(t->fixed_sum, t->out + 2, 2);
	sum = checksum_add(sum, t->out + 12, 4);
	bytes_put_be16(t->out + IP_V4_CHECKSUM_AT, checksum_of(sum));
	/* Addresses, protocol and length are the pseudo-header. */
	sum = checksum_add(IP_UDP + IP_UDP_HEADER + len, t->out + 12, 8);
	bytes_put_be16(udp + IP_UDP_CHECKSUM_AT,
		       checksum_of(checksum_add(sum, udp, IP_UDP_HEADER + len)));
}

void fleet_tun_send(struct fleet_tun *t, uint32_t host, const void *data, size_t len)
{
	address(t, host, data, len);
	if (write(t->fd, t->out, HEADERS + len) < 0)
		fail("tun");
	t->sent++;
	t->bytes_out += HEADERS + len;
}

/* Whether a packet is a datagram of the server to a host. */
static bool take(struct fleet_tun *t, const uint8_t *p, size_t n, struct fleet_datagram *out)
{
	const uint8_t *udp = p + IP_V4_HEADER;
	uint32_t ip, port;

	if (n < HEADERS || p[0] != 0x45 || p[9] != IP_UDP ||
	    memcmp(p + 12, t->server.ip + 12, 4) != 0)
		return false;
	ip = ((uint32_t)bytes_be16(p + 16) << 16 | bytes_be16(p + 18)) - FIRST_IP;
	port = bytes_be16(udp + 2) - FIRST_PORT;
	if (ip >= FLEET_HOSTS / FLEET_PORTS || port >= FLEET_PORTS)
		return false;
	*out = (struct fleet_datagram){ip * FLEET_PORTS + port, udp + IP_UDP_HEADER, n - HEADERS};
	t->received++;
	t->bytes_in += n;
	return true;
}

bool fleet_tun_receive(struct fleet_tun *t, struct fleet_datagram *out)
{
	static uint8_t in[FLEET_PACKET];

	for (;;) {
		const ssize_t n = read(t->fd, in, sizeof(in));

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0)
			fail("tun");
		if (take(t, in, (size_t)n, out))
			return true;
	}
}

uint64_t fleet_tun_answers(void)
{
	FILE *f = fopen("/proc/net/snmp", "r");
	char line[512];
	uint64_t sent = 0;

	if (f == NULL)
		fail("/proc/net/snmp");
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "Udp: %*u %*u %*u %" SCNu64, &sent);
	fclose(f);
	return sent;
}
