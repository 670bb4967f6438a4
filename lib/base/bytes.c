#include "base/bytes.h"

#include <string.h>

struct rd rd_make(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	return (struct rd){.p = p, .end = len > 0 ? p + len : p};
}

static uint64_t rd_be(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint32_t rd_be32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

uint64_t rd_be64(struct rd *r)
{
	return rd_be(r, 8);
}

struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	if (p == NULL)
		return (struct rd){.bad = r->bad};
	return rd_make(p, n);
}

struct wr wr_make(void *buf, size_t cap)
{
	return (struct wr){.buf = buf, .cap = cap};
}

static void put_be32(uint8_t *at, uint32_t v)
{
	bytes_put_be16(at, (uint16_t)(v >> 16));
	bytes_put_be16(at + 2, (uint16_t)v);
}

void wr_be32(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_room(w, 4);

	if (p != NULL)
		put_be32(p, v);
}

void wr_be64(struct wr *w, uint64_t v)
{
	uint8_t *p = wr_room(w, 8);

	if (p == NULL)
		return;
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p != NULL && n > 0)
		memcpy(p, bytes, n);
}

void wr_zeros(struct wr *w, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p != NULL && n > 0)
		memset(p, 0, n);
}

void wr_patch_be16(struct wr *w, size_t at, uint16_t v)
{
	if (!w->bad)
		bytes_put_be16(w->buf + at, v);
}
