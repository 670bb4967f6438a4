#include "sim/packet_ip.h"

#include "base/err.h"
#include "sim/packet_bytes.h"
#include "sim/packet_icmp.h"
#include "wire/checksum.h"

/**
 * struct carried - What an IP header is followed by
 * @icmp:	If it is ICMP
 * @header:	Length of its own header
 */
struct carried {
	enum packet_kind kind;
	uint16_t from_port, to_port;
	bool reply;
	uint8_t flags, protocol;
	uint32_t seq, ack;
	struct icmp_code icmp;
	size_t header;
};

static void read_udp(struct carried *c, struct rd *r, bool quoted)
{
	const size_t room = rd_left(r);
	uint16_t len;

	c->kind = PACKET_UDP;
	c->header = IP_UDP_HEADER;
	c->from_port = rd_be16(r);
	c->to_port = rd_be16(r);
	len = rd_be16(r);
	if (!quoted && (len < IP_UDP_HEADER || len > room))
		r->bad = true;
}

static void read_tcp(struct carried *c, struct rd *r, bool quoted)
{
	const size_t room = rd_left(r);

	c->kind = PACKET_TCP;
	c->from_port = rd_be16(r);
	c->to_port = rd_be16(r);
	c->seq = rd_be32(r);
	if (quoted)
		return;
	c->ack = rd_be32(r);
	c->header = 4 * (size_t)(rd_u8(r) >> 4);
	c->flags = rd_u8(r);
	if (c->header < IP_TCP_HEADER || c->header > room)
		r->bad = true;
}

static void read_icmp(struct carried *c, struct rd *r, enum addr_family family, bool quoted)
{
	c->icmp.type = rd_u8(r);
	c->icmp.code = rd_u8(r);
	rd_be16(r); /* checksum */
	c->from_port = rd_be16(r);
	c->seq = rd_be16(r);
	c->header = IP_ICMP_HEADER;
	if (icmp_is_echo(family, c->icmp, &c->reply)) {
		c->kind = PACKET_QUERY;
		c->to_port = c->from_port;
		return;
	}
	c->from_port = 0;
	c->seq = 0;
	c->kind = !quoted && icmp_is_error(family, c->icmp.type) ? PACKET_ERROR : PACKET_OTHER;
}

/* @r: what follows the IP header. Return: false if it is broken. */
static bool read_carried(struct carried *c, const struct ip_header *h, struct rd r, bool quoted)
{
	const enum addr_family family = addr_family(&h->to);

	*c = (struct carried){.kind = PACKET_OTHER, .protocol = h->protocol};
	if (h->offset > 0)
		return true;
	if (h->protocol == IP_UDP)
		read_udp(c, &r, quoted);
	else if (h->protocol == IP_TCP)
		read_tcp(c, &r, quoted);
	else if (h->protocol == icmp_protocol(family))
		read_icmp(c, &r, family, quoted);
	return !r.bad;
}

static bool read_quote(struct packet_quote *out, const uint8_t *bytes, size_t len)
{
	struct ip_header h;
	struct carried c;

	if (ip_read_quoted(&h, bytes, len) != 0 ||
	    !read_carried(&c, &h, rd_make(bytes + h.length, len - h.length), true))
		return false;
	*out = (struct packet_quote){
		.kind = c.kind,
		.from = addr_with_port(h.from, c.from_port),
		.to = addr_with_port(h.to, c.to_port),
		.reply = c.reply,
		.protocol = c.protocol,
		.seq = c.seq,
		.size = h.total,
	};
	return true;
}

/* @bytes: the ICMP message. The quote must be of the same family as the error. */
static bool read_error(struct packet *p, const struct ip_header *h, const struct carried *c,
		       const uint8_t *bytes)
{
	const enum addr_family family = addr_family(&h->to);
	const size_t len = h->total - h->length;
	struct rd r = rd_make(bytes, len);
	uint32_t word;

	rd_be32(&r);
	word = rd_be32(&r);
	p->error = icmp_error_of(family, c->icmp);
	p->mtu = family == ADDR_V4 ? word & 0xffff : word;
	if (checksum_of(checksum_add(ip_pseudo_sum(&h->from, &h->to, h->protocol, len), bytes,
				     len)) != 0)
		return false;
	return read_quote(&p->quote, r.p, rd_left(&r)) && addr_family(&p->quote.to) == family;
}

int packet_read(struct packet *p)
{
	struct ip_header h;
	struct carried c;
	struct packet out;

	if (ip_read(&h, p->data, p->len) != 0 || ip_is_fragment(&h) ||
	    !read_carried(&c, &h, rd_make(p->data + h.length, h.total - h.length), false))
		return NK_ERR_MALFORMED;
	out = (struct packet){
		.kind = c.kind,
		.from = addr_with_port(h.from, c.from_port),
		.to = addr_with_port(h.to, c.to_port),
		.ttl = h.ttl,
		.dont_fragment = h.dont_fragment,
		.reply = c.reply,
		.flags = c.flags,
		.protocol = c.protocol,
		.seq = c.seq,
		.ack = c.ack,
		.fragments = p->fragments,
		.disordered = p->disordered,
		.raw = true,
		.size = h.total,
		.data = p->data,
		.len = h.total,
		.room = p->room,
		.payload = h.length + c.header,
	};
	if (c.kind == PACKET_ERROR && !read_error(&out, &h, &c, p->data + h.length))
		return NK_ERR_MALFORMED;
	*p = out;
	return 0;
}

size_t packet_write(const struct packet *p, uint8_t *out, size_t room)
{
	return p->raw ? packet_patch(p, out, room) : packet_build(p, out, room);
}
