/*
 * The readers of IP packets and of fragments, and their writers.
 *
 * Each input is read as it is, and again with lengths and checksums that have
 * been put right: bytes that chance would hardly find. What was read is written
 * unchanged, then as a NAT changes it, then for the other family.
 */
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "sim/fragments.h"
#include "sim/packet_ip.h"
#include "wire/checksum.h"
#include "wire/icmp_quote.h"
#include "wire/ip.h"

#define IP_MAX  4096
#define ROOM    (IP_MAX + 256) /* headers of the other family are longer */
#define MTU     576
#define AT_ONCE 64

static const struct addr v4 = {.ip = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 1}, .port = 4321};
static const struct addr v6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 4321};

/* Lengths, and the checksums of IPv4 and ICMP, are made right. */
static void put_right(uint8_t *ip, size_t len)
{
	const bool is_v4 = len >= IP_V4_HEADER && ip[0] >> 4 == 4;
	struct ip_header h;

	if (is_v4) {
		const size_t header = 4 * (size_t)(ip[0] & 0x0f);

		bytes_put_be16(ip + 2, (uint16_t)len);
		bytes_put_be16(ip + IP_V4_CHECKSUM_AT, 0);
		if (header <= len)
			bytes_put_be16(ip + IP_V4_CHECKSUM_AT,
				       checksum_of(checksum_add(0, ip, header)));
	} else if (len >= IP_V6_HEADER) {
		bytes_put_be16(ip + 4, (uint16_t)(len - IP_V6_HEADER));
	}
	if (ip_read(&h, ip, len) != 0 || h.total < h.length + IP_ICMP_HEADER ||
	    h.protocol != (is_v4 ? IP_ICMP : IP_ICMPV6))
		return;
	bytes_put_be16(ip + h.length + IP_ICMP_CHECKSUM_AT, 0);
	bytes_put_be16(ip + h.length + IP_ICMP_CHECKSUM_AT,
		       checksum_of(checksum_add(
			       ip_pseudo_sum(&h.from, &h.to, h.protocol, h.total - h.length),
			       ip + h.length, h.total - h.length)));
}

static void check_unchanged(const struct packet *p)
{
	uint8_t out[ROOM];

	must(p->payload <= p->len);
	must(packet_write(p, out, sizeof(out)) == p->len);
	must(memcmp(out, p->data, p->len) == 0 || p->kind == PACKET_ERROR);
	must(packet_write(p, out, p->len - 1) == 0);
}

/* As whatever NAT would change it: what was set is read back. */
static void check_changed(const struct packet *p)
{
	const bool is_v4 = addr_family(&p->to) == ADDR_V4;
	const bool ports = p->kind == PACKET_UDP || p->kind == PACKET_TCP;
	struct packet to = *p, back = {.fragments = 1};
	uint8_t out[ROOM];

	to.from = addr_with_port(is_v4 ? v4 : v6, ports ? v4.port : p->from.port);
	to.ttl = 7;
	if (p->kind == PACKET_ERROR)
		to.quote.to = addr_with_port(to.from, p->quote.to.port);
	back.data = out;
	back.len = packet_write(&to, out, sizeof(out));
	must(back.len == p->len);
	must(packet_read(&back) == 0);
	must(back.kind == p->kind && back.ttl == 7 && back.payload == p->payload);
	must(addr_eq(&back.from, &to.from) && addr_eq(&back.to, &to.to));
	must(addr_eq(&back.quote.from, &to.quote.from) && addr_eq(&back.quote.to, &to.quote.to));
}

static void check_translated(const struct packet *p)
{
	const bool is_v4 = addr_family(&p->to) == ADDR_V4;
	const struct addr *other = is_v4 ? &v6 : &v4;
	struct packet to = *p, back = {.fragments = 1};
	uint8_t out[ROOM];

	to.from = addr_with_port(*other, p->from.port);
	to.to = addr_with_port(*other, p->to.port);
	to.quote.from = addr_with_port(*other, p->quote.from.port);
	to.quote.to = addr_with_port(*other, p->quote.to.port);
	back.data = out;
	back.len = packet_write(&to, out, sizeof(out));
	if (back.len == 0)
		return;
	must(packet_read(&back) == 0);
	must(back.kind == p->kind && addr_eq(&back.from, &to.from) && addr_eq(&back.to, &to.to));
}

static void take_piece(void *user, const uint8_t *ip, size_t len)
{
	struct fragments *f = user;
	static uint8_t room[FRAGMENTS_WHOLE_MAX];
	struct packet whole = {.data = room, .room = sizeof(room)};

	must(len <= MTU);
	if (fragments_add(f, ip, len, 0, &whole))
		must(packet_read(&whole) == 0);
}

static void check_split(const struct packet *p)
{
	struct fragments *f = fragments_new();

	must(f != NULL);
	if (p->len > MTU && p->payload <= FRAGMENTS_HEADER_MAX)
		fragments_split(p->data, p->len, MTU, 1, take_piece, f);
	fragments_free(f);
}

/* What is quoted of UDP, and what can be said of a datagram that leaves: never both. */
static void check_quote(const uint8_t *ip, size_t len)
{
	struct icmp_quote q;

	if (icmp_quote_read(&q, ip, len) == 0)
		must(q.reporter.port == 0 && icmp_quote_of(&q, ip, len) != 0);
	else if (icmp_quote_of(&q, ip, len) == 0)
		must(q.checksum != 0);
}

static void check(uint8_t *ip, size_t len)
{
	struct packet p = {.fragments = 1, .data = ip, .len = len, .room = len};

	check_quote(ip, len);
	if (packet_read(&p) != 0)
		return;
	check_unchanged(&p);
	check_changed(&p);
	check_translated(&p);
	check_split(&p);
}

/* The input as several fragments, each with its length before it. */
static void check_fragments(const uint8_t *data, size_t size)
{
	static uint8_t room[FRAGMENTS_WHOLE_MAX];
	struct fragments *f = fragments_new();
	struct rd r = rd_make(data, size);

	must(f != NULL);
	for (unsigned i = 0; i < AT_ONCE && rd_left(&r) > 2; i++) {
		struct packet whole = {.data = room, .room = sizeof(room)};
		const size_t said = rd_be16(&r);
		const size_t len = said < rd_left(&r) ? said : rd_left(&r);
		uint8_t *ip = malloc(len + 1);

		must(ip != NULL);
		memcpy(ip, rd_bytes(&r, len), len);
		put_right(ip, len);
		if (fragments_add(f, ip, len, i, &whole)) {
			must(whole.len <= sizeof(room) && whole.fragments > 0);
			packet_read(&whole);
		}
		free(ip);
	}
	fragments_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *ip;

	if (size > IP_MAX)
		return 0;
	ip = malloc(size + 1);
	must(ip != NULL);
	memcpy(ip, data, size);
	check(ip, size);
	put_right(ip, size);
	check(ip, size);
	free(ip);
	check_fragments(data, size);
	return 0;
}
