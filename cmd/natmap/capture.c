#include "capture.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "wire/ip.h"

#define SNAP     (SLL_HDR_LEN + IP_V4_HEADER + IP_UDP_HEADER + CORE_DATAGRAM_MAX)
#define BUFFER   (1 << 20) /* bytes of the capture's ring */
#define EXCEEDED "icmp[icmptype] = icmp-timxceed"

struct capture {
	pcap_t *in;
};

static bool set_filter(pcap_t *in, const char *filter)
{
	struct bpf_program program;
	bool good;

	if (pcap_compile(in, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return false;
	good = pcap_setfilter(in, &program) == 0;
	pcap_freecode(&program);
	return good;
}

struct capture *capture_open(void)
{
	struct capture *c = calloc(1, sizeof(*c));
	char why[PCAP_ERRBUF_SIZE];

	if (c == NULL)
		return NULL;
	c->in = pcap_create("any", why);
	if (c->in == NULL || pcap_set_snaplen(c->in, SNAP) != 0 ||
	    pcap_set_buffer_size(c->in, BUFFER) != 0 || pcap_set_immediate_mode(c->in, 1) != 0 ||
	    pcap_activate(c->in) < 0 || pcap_set_datalink(c->in, DLT_LINUX_SLL) != 0 ||
	    !set_filter(c->in, EXCEEDED) || pcap_setnonblock(c->in, 1, why) != 0 ||
	    fcntl(pcap_fileno(c->in), F_SETFD, FD_CLOEXEC) != 0) {
		capture_close(c);
		return NULL;
	}
	return c;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	if (c->in != NULL)
		pcap_close(c->in);
	free(c);
}

void capture_follow(struct capture *c, const struct natmap_options *options)
{
	char filter[sizeof(EXCEEDED) + NATMAP_SERVERS_MAX * (ADDR_TEXT + 32)] = EXCEEDED;
	char to[ADDR_TEXT];
	size_t n = strlen(filter);

	for (unsigned i = 0; i < options->server_count; i++)
		if (addr_family(&options->servers[i]) == ADDR_V4)
			n += (size_t)snprintf(filter + n, sizeof(filter) - n,
					      " or (udp and dst host %s)",
					      addr_text_ip(&options->servers[i], to));
	set_filter(c->in, filter);
}

void capture_read(struct capture *c, struct quotes *q)
{
	struct pcap_pkthdr *head;
	const uint8_t *bytes;
	struct icmp_quote quote;

	while (pcap_next_ex(c->in, &head, &bytes) == 1) {
		const size_t len = head->caplen - SLL_HDR_LEN;

		if (head->caplen < SLL_HDR_LEN)
			continue;
		if (icmp_quote_read(&quote, bytes + SLL_HDR_LEN, len) == 0)
			quotes_add_seen(q, &quote);
		else if (icmp_quote_of(&quote, bytes + SLL_HDR_LEN, len) == 0)
			quotes_add_sent(q, &quote);
	}
}
