/* Bounds-checked reading and writing of packet bytes, big-endian, at any alignment. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two bytes that are known to be there. */
static inline uint16_t bytes_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void bytes_put_be16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/**
 * struct rd - A reader over borrowed bytes
 * @p:		Next byte
 * @end:	One past the last byte
 * @bad:	Set by the first read past the end, and never cleared
 *
 * A read past the end yields zeros and moves nothing, so that a decoder may
 * read all its fields and look at @bad once.
 */
struct rd {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

struct rd rd_make(const void *bytes, size_t len);

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

/* The next @n bytes, or NULL (and @bad) if there are fewer. Borrowed from the reader's bytes. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > rd_left(r)) {
		r->bad = true;
		return NULL;
	}
	if (n > 0)
		r->p += n;
	return p;
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p != NULL ? *p : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);

	return p != NULL ? bytes_be16(p) : 0;
}

uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);

/* A reader confined to the next @n bytes, which @r skips; empty and bad if there are fewer. */
struct rd rd_sub(struct rd *r, size_t n);

/**
 * struct wr - A writer into the caller's buffer
 * @buf:	Where it writes
 * @cap:	Size of @buf in bytes
 * @len:	Bytes written
 * @bad:	Set by the first write that does not fit; from then on nothing is written
 */
struct wr {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool bad;
};

struct wr wr_make(void *buf, size_t cap);

/* Room for @n more bytes, which the caller is to write; NULL once anything has failed to fit. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	uint8_t *p = w->buf + w->len;

	if (w->bad || n > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	w->len += n;
	return p;
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);

	if (p != NULL)
		*p = v;
}

static inline void wr_be16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_room(w, 2);

	if (p != NULL)
		bytes_put_be16(p, v);
}

void wr_be32(struct wr *w, uint32_t v);
void wr_be64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *bytes, size_t n);
void wr_zeros(struct wr *w, size_t n);

/* Overwrites two bytes at @at, which must have been written already. */
void wr_patch_be16(struct wr *w, size_t at, uint16_t v);

#endif
