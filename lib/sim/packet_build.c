#include "sim/packet_bytes.h"

#include "sim/packet_icmp.h"
#include "wire/checksum.h"

#define WINDOW 0 /* the only segments that are made here reset */

static void write_ip(struct wr *w, const struct addr *from, const struct addr *to, uint8_t ttl,
		     bool dont_fragment, uint16_t id, uint8_t protocol, size_t total)
{
	const struct ip_header h = {
		.from = *from,
		.to = *to,
		.ttl = ttl,
		.dont_fragment = dont_fragment,
		.id = id,
		.protocol = protocol,
		.total = total,
	};

	ip_write(w, &h);
}

static uint8_t protocol_of(enum packet_kind kind, const struct addr *to, uint8_t other)
{
	switch (kind) {
	case PACKET_UDP:
		return IP_UDP;
	case PACKET_TCP:
		return IP_TCP;
	case PACKET_QUERY:
	case PACKET_ERROR:
		return icmp_protocol(addr_family(to));
	case PACKET_OTHER:
	default:
		return other;
	}
}

/* That of a quoted packet, as it is with the addresses and ports it has now. */
static uint16_t udp_checksum(const struct packet_quote *q, size_t len)
{
	uint16_t sum;

	if (!q->summed)
		return 0;
	sum = checksum_update(q->sum, 0,
			      ip_pseudo_sum(&q->from, &q->to, IP_UDP, len) + q->from.port +
				      q->to.port);
	return sum == 0 ? 0xffff : sum; /* RFC 768: 0 means that there is none */
}

/* The eight bytes with which UDP, TCP and echo begin; checksums are left 0 where they are not
 * known. */
static void write_first(struct wr *w, const struct packet_quote *q, size_t len)
{
	const struct icmp_code echo = icmp_echo_code(addr_family(&q->to), q->reply);

	switch (q->kind) {
	case PACKET_UDP:
		wr_be16(w, q->from.port);
		wr_be16(w, q->to.port);
		wr_be16(w, (uint16_t)len);
		wr_be16(w, udp_checksum(q, len));
		break;
	case PACKET_TCP:
		wr_be16(w, q->from.port);
		wr_be16(w, q->to.port);
		wr_be32(w, q->seq);
		break;
	case PACKET_QUERY:
		wr_u8(w, echo.type);
		wr_u8(w, echo.code);
		wr_be16(w, 0);
		wr_be16(w, q->from.port);
		wr_be16(w, (uint16_t)q->seq);
		break;
	default:
		wr_zeros(w, 8);
	}
}

static void write_quote(struct wr *w, const struct packet_quote *q)
{
	const size_t header = addr_family(&q->to) == ADDR_V4 ? IP_V4_HEADER : IP_V6_HEADER;

	write_ip(w, &q->from, &q->to, 1, false, q->id, protocol_of(q->kind, &q->to, q->protocol),
		 q->size);
	write_first(w, q, q->size - header);
}

static void write_error(struct wr *w, const struct packet *p)
{
	const enum addr_family family = addr_family(&p->to);
	const struct icmp_code c = icmp_code_of(family, p->error);

	wr_u8(w, c.type);
	wr_u8(w, c.code);
	wr_be16(w, 0);
	wr_be32(w, p->mtu);
	write_quote(w, &p->quote);
}

static void write_carried(struct wr *w, const struct packet *p, size_t len)
{
	const struct packet_quote as = {
		.kind = p->kind, .from = p->from, .to = p->to, .reply = p->reply, .seq = p->seq};

	if (p->kind == PACKET_ERROR) {
		write_error(w, p);
		return;
	}
	if (p->kind != PACKET_OTHER)
		write_first(w, &as, len);
	if (p->kind == PACKET_TCP) {
		wr_be32(w, p->ack);
		wr_be16(w, (uint16_t)(IP_TCP_HEADER / 4 << 12 | p->flags));
		wr_be16(w, WINDOW);
		wr_be32(w, 0); /* checksum, urgent pointer */
	}
	wr_bytes(w, p->data, p->len);
}

static size_t checksum_at(enum packet_kind kind)
{
	switch (kind) {
	case PACKET_UDP:
		return IP_UDP_CHECKSUM_AT;
	case PACKET_TCP:
		return IP_TCP_CHECKSUM_AT;
	default:
		return IP_ICMP_CHECKSUM_AT;
	}
}

size_t packet_build(const struct packet *p, uint8_t *out, size_t room)
{
	const uint8_t protocol = protocol_of(p->kind, &p->to, p->protocol);
	const size_t header = packet_ip_header(p);
	const size_t len = p->size - header;
	struct wr w = wr_make(out, room);
	uint16_t sum;

	write_ip(&w, &p->from, &p->to, p->ttl, p->dont_fragment, 0, protocol, p->size);
	write_carried(&w, p, len);
	if (w.bad || w.len != p->size)
		return 0;
	if (p->kind == PACKET_OTHER)
		return w.len;
	sum = checksum_of(
		checksum_add(ip_pseudo_sum(&p->from, &p->to, protocol, len), out + header, len));
	if (p->kind == PACKET_UDP && sum == 0)
		sum = 0xffff; /* RFC 768: 0 means that there is none */
	wr_patch_be16(&w, header + checksum_at(p->kind), sum);
	return w.len;
}
