#include "sim/fragments.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define WAITING_MAX  64
#define WAIT         (30 * NK_S)
#define PAYLOAD_MAX  65536
#define BLOCK        8 /* bytes: the unit of offsets */
#define BLOCKS       (PAYLOAD_MAX / BLOCK)
#define V4_ID_AT     4
#define V4_FLAGS_AT  6
#define V4_LENGTH_AT 2
#define V6_LENGTH_AT 4

struct key {
	struct addr from, to;
	uint32_t id;
	uint8_t protocol;
};

/**
 * struct waiting - A packet of which a part has come
 * @used:	False: free
 * @payload:	PAYLOAD_MAX bytes, taken with the first use and kept
 * @have:	Which blocks of @payload are there: @got bytes in all, the furthest up to @reach, of
 *		@total once it is known
 * @header:	Of the first fragment, with which the whole will begin; @header_len 0: not come yet
 */
struct waiting {
	bool used, disordered;
	struct key key;
	nk_time since;
	unsigned count;
	size_t got, reach, total, header_len;
	uint8_t header[FRAGMENTS_HEADER_MAX];
	uint8_t have[BLOCKS / 8];
	uint8_t *payload;
};

struct fragments {
	struct waiting waiting[WAITING_MAX];
};

/**
 * struct part - What a fragment holds
 * @header:	Bytes of headers that precede @data in the whole, without IPv6's fragment header
 * @next:	What follows them
 */
struct part {
	struct ip_header ip;
	uint8_t next;
	size_t header, len;
	const uint8_t *data;
};

struct fragments *fragments_new(void)
{
	return calloc(1, sizeof(struct fragments));
}

void fragments_free(struct fragments *f)
{
	for (unsigned i = 0; f != NULL && i < WAITING_MAX; i++)
		free(f->waiting[i].payload);
	free(f);
}

bool fragments_are(const uint8_t *ip, size_t len)
{
	struct ip_header h;

	return ip_read(&h, ip, len) == 0 && ip_is_fragment(&h);
}

static bool is_v4(const struct ip_header *h)
{
	return addr_family(&h->to) == ADDR_V4;
}

static bool part_read(struct part *p, const uint8_t *ip, size_t len)
{
	size_t begin;

	if (ip_read(&p->ip, ip, len) != 0)
		return false;
	if (p->ip.fragment_at != 0) {
		p->header = p->ip.fragment_at;
		p->next = ip[p->header];
		begin = p->header + IP_FRAGMENT_HEADER;
	} else {
		p->header = p->ip.length;
		p->next = p->ip.protocol;
		begin = p->header;
	}
	p->data = ip + begin;
	p->len = p->ip.total - begin;
	return true;
}

static struct key key_of(const struct part *p)
{
	return (struct key){
		.from = p->ip.from,
		.to = p->ip.to,
		.id = p->ip.id,
		.protocol = is_v4(&p->ip) ? p->ip.protocol : 0, /* RFC 8200 does without */
	};
}

static bool same_key(const struct key *a, const struct key *b)
{
	return addr_same_ip(&a->from, &b->from) && addr_same_ip(&a->to, &b->to) && a->id == b->id &&
	       a->protocol == b->protocol;
}

/* The packet that a fragment belongs to; else a free place, if need be that of the oldest. */
static struct waiting *place_of(struct fragments *f, const struct key *key, nk_time now)
{
	struct waiting *best = &f->waiting[0];

	for (unsigned i = 0; i < WAITING_MAX; i++) {
		struct waiting *w = &f->waiting[i];

		if (w->used && now - w->since > WAIT)
			w->used = false;
		if (w->used && same_key(&w->key, key))
			return w;
		if (best->used && (!w->used || w->since < best->since))
			best = w;
	}
	best->used = false;
	return best;
}

static bool start(struct waiting *w, const struct part *p, const struct key *key, nk_time now)
{
	uint8_t *payload = w->payload != NULL ? w->payload : malloc(PAYLOAD_MAX);

	if (payload == NULL)
		return false;
	*w = (struct waiting){
		.used = true,
		.disordered = p->ip.offset > 0,
		.key = *key,
		.since = now,
		.payload = payload,
	};
	return true;
}

static bool has_block(const struct waiting *w, size_t block)
{
	return (w->have[block / 8] >> block % 8 & 1) != 0;
}

enum fit { FITS, REPEATED, OVERLAPS };

static enum fit fit_of(const struct waiting *w, const struct part *p)
{
	const size_t first = p->ip.offset / BLOCK;
	const size_t count = (p->len + BLOCK - 1) / BLOCK;
	size_t there = 0;

	for (size_t i = 0; i < count; i++)
		there += has_block(w, first + i);
	if (there == 0)
		return FITS;
	return there == count && memcmp(w->payload + p->ip.offset, p->data, p->len) == 0 ? REPEATED
											 : OVERLAPS;
}

static bool is_sound(const struct waiting *w, const struct part *p)
{
	const size_t end = p->ip.offset + p->len;

	if (p->len == 0 || p->len > PAYLOAD_MAX - (size_t)p->ip.offset ||
	    p->header > FRAGMENTS_HEADER_MAX)
		return false;
	if (p->ip.more_fragments)
		return p->len % BLOCK == 0 && (w->total == 0 || end < w->total);
	return w->reach <= end && (w->total == 0 || w->total == end);
}

static void keep(struct waiting *w, const struct part *p, const uint8_t *ip)
{
	const size_t count = (p->len + BLOCK - 1) / BLOCK, end = p->ip.offset + p->len;

	memcpy(w->payload + p->ip.offset, p->data, p->len);
	for (size_t i = p->ip.offset / BLOCK; i < p->ip.offset / BLOCK + count; i++)
		w->have[i / 8] |= (uint8_t)(1 << i % 8);
	w->got += p->len;
	w->reach = end > w->reach ? end : w->reach;
	w->count++;
	if (!p->ip.more_fragments)
		w->total = end;
	if (p->ip.offset > 0)
		return;
	memcpy(w->header, ip, p->header);
	w->header_len = p->header;
	if (p->ip.fragment_at != 0)
		w->header[p->ip.next_at] = p->next;
}

static void finish_v4(uint8_t *ip, size_t header, size_t total)
{
	bytes_put_be16(ip + V4_LENGTH_AT, (uint16_t)total);
	bytes_put_be16(ip + IP_V4_CHECKSUM_AT, 0);
	bytes_put_be16(ip + IP_V4_CHECKSUM_AT, checksum_of(checksum_add(0, ip, header)));
}

static bool complete(struct waiting *w, struct packet *whole)
{
	const size_t total = w->header_len + w->total;
	const bool v4 = addr_family(&w->key.to) == ADDR_V4;

	w->used = false;
	if (total > (v4 ? UINT16_MAX : IP_V6_HEADER + UINT16_MAX) || total > whole->room)
		return false;
	memcpy(whole->data, w->header, w->header_len);
	memcpy(whole->data + w->header_len, w->payload, w->total);
	if (v4) {
		bytes_put_be16(whole->data + V4_FLAGS_AT, 0);
		finish_v4(whole->data, w->header_len, total);
	} else {
		bytes_put_be16(whole->data + V6_LENGTH_AT, (uint16_t)(total - IP_V6_HEADER));
	}
	whole->len = total;
	whole->fragments = w->count;
	whole->disordered = w->disordered;
	return true;
}

bool fragments_add(struct fragments *f, const uint8_t *ip, size_t len, nk_time now,
		   struct packet *whole)
{
	struct waiting *w;
	struct part p;
	struct key key;
	enum fit fit;

	if (!part_read(&p, ip, len))
		return false;
	key = key_of(&p);
	w = place_of(f, &key, now);
	if (!w->used && !start(w, &p, &key, now))
		return false;
	fit = is_sound(w, &p) ? fit_of(w, &p) : OVERLAPS;
	if (fit == OVERLAPS)
		w->used = false;
	if (fit != FITS)
		return false;
	keep(w, &p, ip);
	return w->total != 0 && w->header_len != 0 && w->got == w->total && complete(w, whole);
}

/* Into fragments */

static void split_v4(uint8_t *piece, const struct part *p, uint32_t id, size_t offset, size_t n)
{
	const bool more = offset + n < p->len;

	if (p->ip.id == 0)
		bytes_put_be16(piece + V4_ID_AT, (uint16_t)(id & 0xffff));
	bytes_put_be16(piece + V4_FLAGS_AT, (uint16_t)(offset / BLOCK | (more ? 0x2000 : 0)));
	memcpy(piece + p->header, p->data + offset, n);
	finish_v4(piece, p->header, p->header + n);
}

static void split_v6(uint8_t *piece, const struct part *p, uint32_t id, size_t offset, size_t n)
{
	const bool more = offset + n < p->len;
	struct wr w = wr_make(piece + p->header, IP_FRAGMENT_HEADER + n);

	wr_u8(&w, p->next);
	wr_u8(&w, 0);
	wr_be16(&w, (uint16_t)(offset | (more ? 1 : 0)));
	wr_be32(&w, id);
	wr_bytes(&w, p->data + offset, n);
	piece[p->ip.next_at] = 44; /* a fragment header */
	bytes_put_be16(piece + V6_LENGTH_AT, (uint16_t)(p->header + w.len - IP_V6_HEADER));
}

void fragments_split(const uint8_t *ip, size_t len, uint32_t mtu, uint32_t id, fragments_out *out,
		     void *user)
{
	uint8_t piece[UINT16_MAX];
	struct part p;
	size_t header, room;

	if (len <= mtu || !part_read(&p, ip, len) || p.header > FRAGMENTS_HEADER_MAX) {
		out(user, ip, len);
		return;
	}
	header = p.header + (is_v4(&p.ip) ? 0 : IP_FRAGMENT_HEADER);
	room = mtu > header + BLOCK && mtu <= sizeof(piece) ? (mtu - header) / BLOCK * BLOCK
							    : BLOCK;
	memcpy(piece, ip, p.header);
	for (size_t offset = 0; offset < p.len; offset += room) {
		const size_t n = p.len - offset < room ? p.len - offset : room;

		if (is_v4(&p.ip))
			split_v4(piece, &p, id, offset, n);
		else
			split_v6(piece, &p, id, offset, n);
		out(user, piece, header + n);
	}
}
