#include "wire/ip.h"

#include <string.h>

#include "base/err.h"
#include "wire/checksum.h"

#define DONT_FRAGMENT  0x4000
#define MORE_FRAGMENTS 0x2000
#define OFFSET_V4      0x1fff /* in units of 8 bytes */

/* Extension headers that may precede what a packet carries: RFC 8200 section 4. */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

#define EXTENSIONS_MAX 8

static struct addr read_v4(struct rd *r)
{
	struct addr a = addr_v4(0, 0, 0, 0, 0);
	const uint8_t *ip = rd_bytes(r, 4);

	if (ip != NULL)
		memcpy(a.ip + 12, ip, 4);
	return a;
}

static struct addr read_v6(struct rd *r)
{
	struct addr a = {.port = 0};
	const uint8_t *ip = rd_bytes(r, sizeof(a.ip));

	if (ip != NULL)
		memcpy(a.ip, ip, sizeof(a.ip));
	return a;
}

/*
 * 0                   1                   2                   3
 * |Version|  IHL  |Type of Service|          Total Length         |
 * |         Identification        |Flags|      Fragment Offset    |
 * |  Time to Live |    Protocol   |         Header Checksum       |
 * |                       Source, Destination                     |
 */
static bool read_header_v4(struct ip_header *h, struct rd *r)
{
	uint16_t flags;

	h->length = 4 * (size_t)(rd_u8(r) & 0x0f);
	h->tos = rd_u8(r);
	h->total = rd_be16(r);
	h->id = rd_be16(r);
	flags = rd_be16(r);
	h->dont_fragment = (flags & DONT_FRAGMENT) != 0;
	h->more_fragments = (flags & MORE_FRAGMENTS) != 0;
	h->offset = (uint16_t)((flags & OFFSET_V4) * 8);
	h->ttl = rd_u8(r);
	h->protocol = rd_u8(r);
	rd_be16(r); /* checksum */
	h->from = read_v4(r);
	h->to = read_v4(r);
	if (h->length < IP_V4_HEADER)
		return false;
	rd_bytes(r, h->length - IP_V4_HEADER);
	return !r->bad;
}

static void read_fragment_header(struct ip_header *h, struct rd *r)
{
	uint16_t offset;

	rd_u8(r); /* reserved */
	offset = rd_be16(r);
	h->offset = offset & 0xfff8;
	h->more_fragments = (offset & 1) != 0;
	h->id = rd_be32(r);
}

/* What follows the headers so far; a fragment other than the first shows no more of them. */
static bool read_extensions(struct ip_header *h, struct rd *r, const uint8_t *bytes)
{
	h->next_at = 6;
	for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
		const size_t at = (size_t)(r->p - bytes);
		const uint8_t kind = h->protocol;

		if (kind != HOP_BY_HOP && kind != ROUTING && kind != FRAGMENT &&
		    kind != DESTINATION)
			return true;
		h->protocol = rd_u8(r);
		if (kind == FRAGMENT) {
			if (h->fragment_at != 0)
				return false;
			read_fragment_header(h, r);
			h->fragment_at = at;
		} else {
			rd_bytes(r, 8 * (size_t)rd_u8(r) + 6);
		}
		if (r->bad)
			return false;
		if (h->offset > 0)
			return true;
		if (h->fragment_at == 0)
			h->next_at = at;
	}
	return false;
}

/*
 * |Version| Traffic Class |             Flow Label                |
 * |         Payload Length        |  Next Header  |   Hop Limit   |
 * |                       Source, Destination                     |
 */
static bool read_header_v6(struct ip_header *h, struct rd *r, const uint8_t *bytes)
{
	h->tos = (uint8_t)(rd_be32(r) >> 20);
	h->total = IP_V6_HEADER + (size_t)rd_be16(r);
	h->protocol = rd_u8(r);
	h->ttl = rd_u8(r);
	h->from = read_v6(r);
	h->to = read_v6(r);
	/* An IPv4 address in such a header would pass for IPv4. */
	if (r->bad || addr_family(&h->from) == ADDR_V4 || addr_family(&h->to) == ADDR_V4 ||
	    !read_extensions(h, r, bytes))
		return false;
	h->length = (size_t)(r->p - bytes);
	return true;
}

int ip_read_quoted(struct ip_header *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	struct ip_header h = {.offset = 0};
	const uint8_t version = len > 0 ? bytes[0] >> 4 : 0;

	if (version == 4 ? !read_header_v4(&h, &r) : version != 6 || !read_header_v6(&h, &r, bytes))
		return NK_ERR_MALFORMED;
	if (h.total < h.length)
		return NK_ERR_MALFORMED;
	*out = h;
	return 0;
}

int ip_read(struct ip_header *out, const uint8_t *bytes, size_t len)
{
	struct ip_header h;

	if (ip_read_quoted(&h, bytes, len) != 0 || h.total > len)
		return NK_ERR_MALFORMED;
	if (addr_family(&h.to) == ADDR_V4 && checksum_of(checksum_add(0, bytes, h.length)) != 0)
		return NK_ERR_MALFORMED;
	*out = h;
	return 0;
}

bool ip_is_fragment(const struct ip_header *h)
{
	return h->offset > 0 || h->more_fragments;
}

static void write_v4(struct wr *w, const struct ip_header *h)
{
	const size_t at = w->len;
	const unsigned flags = (h->dont_fragment ? DONT_FRAGMENT : 0u) |
			       (h->more_fragments ? MORE_FRAGMENTS : 0u) | h->offset / 8u;

	wr_u8(w, 4 << 4 | IP_V4_HEADER / 4);
	wr_u8(w, h->tos);
	wr_be16(w, (uint16_t)h->total);
	wr_be16(w, (uint16_t)h->id);
	wr_be16(w, (uint16_t)flags);
	wr_u8(w, h->ttl);
	wr_u8(w, h->protocol);
	wr_be16(w, 0);
	wr_bytes(w, h->from.ip + 12, 4);
	wr_bytes(w, h->to.ip + 12, 4);
	if (!w->bad)
		wr_patch_be16(w, at + IP_V4_CHECKSUM_AT,
			      checksum_of(checksum_add(0, w->buf + at, IP_V4_HEADER)));
}

static void write_v6(struct wr *w, const struct ip_header *h)
{
	const bool fragment = ip_is_fragment(h);

	wr_be32(w, 6u << 28 | (uint32_t)h->tos << 20);
	wr_be16(w, (uint16_t)(h->total - IP_V6_HEADER));
	wr_u8(w, fragment ? FRAGMENT : h->protocol);
	wr_u8(w, h->ttl);
	wr_bytes(w, h->from.ip, sizeof(h->from.ip));
	wr_bytes(w, h->to.ip, sizeof(h->to.ip));
	if (!fragment)
		return;
	wr_u8(w, h->protocol);
	wr_u8(w, 0);
	wr_be16(w, (uint16_t)(h->offset | (h->more_fragments ? 1 : 0)));
	wr_be32(w, h->id);
}

void ip_write(struct wr *w, const struct ip_header *h)
{
	if (addr_family(&h->to) == ADDR_V4)
		write_v4(w, h);
	else
		write_v6(w, h);
}

uint64_t ip_pseudo_sum(const struct addr *from, const struct addr *to, uint8_t protocol, size_t len)
{
	const size_t skip = addr_family(to) == ADDR_V4 ? 12 : 0;
	uint64_t sum;

	if (protocol == IP_ICMP)
		return 0;
	sum = checksum_add(protocol + (len >> 16) + (len & 0xffff), from->ip + skip, 16 - skip);
	return checksum_add(sum, to->ip + skip, 16 - skip);
}
