#include <string.h>

#include "base/bytes.h"
#include "sim/packet_bytes.h"
#include "sim/packet_icmp.h"
#include "wire/checksum.h"

/**
 * struct patch - A packet, or the beginning of one that an error quotes, on its way into other bytes
 * @was:	Its header as it was read from @in
 * @as:		What it is to be
 * @header:	Length of its new header
 * @in, @in_len: The bytes that are there
 */
struct patch {
	struct ip_header was;
	const struct packet_quote *as;
	size_t header;
	const uint8_t *in;
	size_t in_len;
};

static bool is_v4(const struct addr *a)
{
	return addr_family(a) == ADDR_V4;
}

/* Sums of what was replaced and of what it was replaced by. */
struct swap {
	uint64_t less, more;
};

static void swap16(struct swap *s, uint8_t *at, uint16_t v)
{
	s->less += bytes_be16(at);
	s->more += v;
	bytes_put_be16(at, v);
}

static void swap_bytes(struct swap *s, uint8_t *at, const uint8_t *v, size_t n)
{
	s->less = checksum_add(s->less, at, n);
	s->more = checksum_add(s->more, v, n);
	memcpy(at, v, n);
}

static bool stays_in_family(const struct patch *x)
{
	return is_v4(&x->was.to) == is_v4(&x->as->to);
}

/* Return: false if there is no header, or nothing is known of what another family would make of it. */
static bool begin(struct patch *x, const struct packet_quote *as, const uint8_t *in, size_t in_len)
{
	x->as = as;
	x->in = in;
	x->in_len = in_len;
	if (ip_read_quoted(&x->was, in, in_len) != 0)
		return false;
	if (stays_in_family(x))
		x->header = x->was.length;
	else
		x->header = is_v4(&as->to) ? IP_V4_HEADER : IP_V6_HEADER;
	return stays_in_family(x) || as->kind != PACKET_OTHER;
}

/* Whether there is room for @n bytes behind the header; IPv4 counts both in 16 bits. */
static bool has_room(const struct patch *x, size_t n, size_t room)
{
	const size_t most = is_v4(&x->as->to) && room > UINT16_MAX ? UINT16_MAX : room;

	return x->header <= most && n <= most - x->header;
}

static uint8_t new_protocol(const struct patch *x)
{
	const uint8_t was = x->was.protocol;

	return was == icmp_protocol(addr_family(&x->was.to))
		       ? icmp_protocol(addr_family(&x->as->to))
		       : was;
}

/* The header as it was, with other addresses. */
static void patch_header(const struct patch *x, uint8_t *out, uint8_t ttl)
{
	struct swap s = {0, 0};

	memcpy(out, x->in, x->header);
	if (!is_v4(&x->as->to)) {
		out[7] = ttl;
		memcpy(out + 8, x->as->from.ip, 16);
		memcpy(out + 24, x->as->to.ip, 16);
		return;
	}
	swap16(&s, out + 8, (uint16_t)(ttl << 8 | out[9]));
	swap_bytes(&s, out + 12, x->as->from.ip + 12, 4);
	swap_bytes(&s, out + 16, x->as->to.ip + 12, 4);
	bytes_put_be16(out + IP_V4_CHECKSUM_AT,
		       checksum_update(bytes_be16(out + IP_V4_CHECKSUM_AT), s.less, s.more));
}

/* RFC 7915 sections 4.1 and 5.1. @length: of what follows the header in the whole packet. */
static void write_header(const struct patch *x, uint8_t *out, uint8_t ttl, bool dont_fragment,
			 size_t length)
{
	const struct ip_header h = {
		.from = x->as->from,
		.to = x->as->to,
		.tos = x->was.tos,
		.ttl = ttl,
		.protocol = new_protocol(x),
		.dont_fragment = dont_fragment,
		.total = x->header + length,
	};
	struct wr w = wr_make(out, x->header);

	ip_write(&w, &h);
}

static void put_header(const struct patch *x, uint8_t *out, uint8_t ttl, bool dont_fragment,
		       size_t length)
{
	if (stays_in_family(x))
		patch_header(x, out, ttl);
	else
		write_header(x, out, ttl, dont_fragment, length);
}

/* Where the checksum of what an IP packet carries is, 0 if there is none that could change. */
static size_t checksum_at(const struct patch *x)
{
	switch (x->was.offset > 0 ? -1 : x->was.protocol) {
	case IP_UDP:
		return IP_UDP_CHECKSUM_AT;
	case IP_TCP:
		return IP_TCP_CHECKSUM_AT;
	case IP_ICMP:
	case IP_ICMPV6:
		return IP_ICMP_CHECKSUM_AT;
	default:
		return 0;
	}
}

/* Ports, or the type and identifier of an echo. */
static void put_fields(const struct patch *x, struct swap *s, uint8_t *out)
{
	const struct packet_quote *as = x->as;
	const struct icmp_code echo = icmp_echo_code(addr_family(&as->to), as->reply);

	if (as->kind == PACKET_UDP || as->kind == PACKET_TCP) {
		swap16(s, out, as->from.port);
		swap16(s, out + 2, as->to.port);
	} else if (as->kind == PACKET_QUERY) {
		swap16(s, out, (uint16_t)(echo.type << 8 | echo.code));
		swap16(s, out + 4, as->from.port);
	}
}

/* @length: of what follows the header. UDP says for itself where it ends: there may be padding. */
static uint16_t whole_checksum(const struct patch *x, const uint8_t *out, size_t length)
{
	if (x->was.protocol == IP_UDP && bytes_be16(out + IP_UDP_LENGTH_AT) < length)
		length = bytes_be16(out + IP_UDP_LENGTH_AT);

	const uint64_t sum = ip_pseudo_sum(&x->as->from, &x->as->to, new_protocol(x), length);

	return checksum_of(checksum_add(sum, out, length));
}

/* What an IP packet carries, with its checksum; @anew if that is not known to be right before. */
static void put_carried(const struct patch *x, uint8_t *out, size_t n, bool quoted, bool anew)
{
	const size_t length = x->was.total - x->was.length;
	const size_t at = checksum_at(x);
	struct swap s = {
		.less = ip_pseudo_sum(&x->was.from, &x->was.to, x->was.protocol, length),
		.more = ip_pseudo_sum(&x->as->from, &x->as->to, new_protocol(x), length),
	};
	bool none, udp;
	uint16_t sum;

	memcpy(out, x->in + x->was.length, n);
	put_fields(x, &s, out);
	if (at == 0 || n < at + 2)
		return;
	udp = x->was.protocol == IP_UDP;
	none = udp && bytes_be16(out + at) == 0;
	if (none && (quoted || stays_in_family(x)))
		return;
	if (none || anew) { /* RFC 7915 section 4.5: IPv6 must have one */
		bytes_put_be16(out + at, 0);
		sum = whole_checksum(x, out, n);
	} else {
		sum = checksum_update(bytes_be16(out + at), s.less, s.more);
	}
	bytes_put_be16(out + at, udp && sum == 0 ? 0xffff : sum);
}

/* Return: length of the quote in @out, or 0 if there is too little room. */
static size_t patch_quote(const struct packet_quote *as, const uint8_t *in, size_t in_len,
			  uint8_t *out, size_t room)
{
	struct patch x;
	size_t n;

	if (!begin(&x, as, in, in_len))
		return 0;
	n = in_len - x.was.length;
	if (!has_room(&x, n, room))
		return 0;
	put_header(&x, out, x.was.ttl, x.was.dont_fragment, x.was.total - x.was.length);
	put_carried(&x, out + x.header, n, true, false);
	return x.header + n;
}

static void put_error_code(const struct patch *x, const struct packet *p, uint8_t *out)
{
	const enum addr_family family = addr_family(&p->to);
	const struct icmp_code c = icmp_code_of(family, p->error);

	memcpy(out, x->in + x->was.length, IP_ICMP_HEADER);
	if (!stays_in_family(x)) {
		memset(out, 0, IP_ICMP_HEADER);
		out[0] = c.type;
		out[1] = c.code;
	}
	if (p->error != PACKET_TOO_BIG)
		return;
	bytes_put_be16(out + 6, (uint16_t)p->mtu);
	if (family != ADDR_V4)
		bytes_put_be16(out + 4, (uint16_t)(p->mtu >> 16));
}

/* An error, whose quote changes too. Its checksum was right when it was read. */
static size_t patch_error(const struct patch *x, const struct packet *p, uint8_t *out, size_t room)
{
	const uint8_t *quote = x->in + x->was.length + IP_ICMP_HEADER;
	const size_t before = x->header + IP_ICMP_HEADER;
	uint8_t *icmp = out + x->header;
	size_t n;

	if (!stays_in_family(x) && p->error == PACKET_ERROR_OTHER)
		return 0;
	n = room < before ? 0
			  : patch_quote(&p->quote, quote, (size_t)(x->in + x->in_len - quote),
					out + before, room - before);
	if (n == 0)
		return 0;
	n += IP_ICMP_HEADER;
	put_error_code(x, p, icmp);
	put_header(x, out, p->ttl, p->dont_fragment, n);
	bytes_put_be16(icmp + IP_ICMP_CHECKSUM_AT, 0);
	bytes_put_be16(icmp + IP_ICMP_CHECKSUM_AT, whole_checksum(x, icmp, n));
	return x->header + n;
}

size_t packet_patch(const struct packet *p, uint8_t *out, size_t room)
{
	const struct packet_quote as = {
		.kind = p->kind, .from = p->from, .to = p->to, .reply = p->reply};
	struct patch x;
	size_t n;

	if (!begin(&x, &as, p->data, p->len))
		return 0;
	if (p->kind == PACKET_ERROR)
		return patch_error(&x, p, out, room);
	n = x.in_len - x.was.length;
	if (!has_room(&x, n, room))
		return 0;
	put_header(&x, out, p->ttl, p->dont_fragment, n);
	put_carried(&x, out + x.header, n, false, p->altered);
	return x.header + n;
}
