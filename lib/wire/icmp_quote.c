#include "wire/icmp_quote.h"

#include "base/err.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define IN_TRANSIT 0x0b00 /* type 11, time exceeded, and code 0 */

/* The first 8 bytes of UDP are all that a quote must have. */
static int read_udp(struct icmp_quote *q, const struct ip_header *ip, const uint8_t *bytes,
		    size_t len)
{
	struct rd r = rd_make(bytes, len);

	if (ip->protocol != IP_UDP || ip->offset != 0)
		return NK_ERR_MALFORMED;
	q->from = addr_with_port(ip->from, rd_be16(&r));
	q->to = addr_with_port(ip->to, rd_be16(&r));
	rd_be16(&r); /* length */
	q->checksum = rd_be16(&r);
	q->id = (uint16_t)ip->id;
	return r.bad ? NK_ERR_MALFORMED : 0;
}

int icmp_quote_read(struct icmp_quote *out, const uint8_t *packet, size_t len)
{
	struct icmp_quote q = {.id = 0};
	struct ip_header ip, quoted;
	const uint8_t *inner;
	struct rd r;

	if (ip_read(&ip, packet, len) != 0 || ip.protocol != IP_ICMP || ip_is_fragment(&ip))
		return NK_ERR_MALFORMED;
	r = rd_make(packet + ip.length, ip.total - ip.length);
	if (rd_be16(&r) != IN_TRANSIT)
		return NK_ERR_MALFORMED;
	rd_bytes(&r, IP_ICMP_HEADER - 2);
	len = rd_left(&r);
	inner = rd_bytes(&r, len);
	if (inner == NULL || ip_read_quoted(&quoted, inner, len) != 0 ||
	    read_udp(&q, &quoted, inner + quoted.length, len - quoted.length) != 0)
		return NK_ERR_MALFORMED;
	q.reporter = ip.from;
	*out = q;
	return 0;
}

int icmp_quote_of(struct icmp_quote *out, const uint8_t *packet, size_t len)
{
	struct icmp_quote q = {.id = 0};
	struct ip_header ip;
	const uint8_t *udp;
	uint64_t sum;
	size_t size;

	if (ip_read(&ip, packet, len) != 0 || ip_is_fragment(&ip))
		return NK_ERR_MALFORMED;
	udp = packet + ip.length;
	size = ip.total - ip.length;
	if (read_udp(&q, &ip, udp, size) != 0)
		return NK_ERR_MALFORMED;
	sum = ip_pseudo_sum(&ip.from, &ip.to, IP_UDP, size);
	q.undone = (uint16_t)~checksum_of(sum);
	sum = checksum_add(sum, udp, IP_UDP_CHECKSUM_AT);
	sum = checksum_add(sum, udp + IP_UDP_HEADER, size - IP_UDP_HEADER);
	q.checksum = checksum_of(sum);
	if (q.checksum == 0) /* RFC 768: 0 is none */
		q.checksum = 0xffff;
	*out = q;
	return 0;
}
