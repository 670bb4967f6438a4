#include "wire/upnp_msg.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

#define RESULT_LAST 899 /* of UPnP's error codes */

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* A byte of length, and what is printable of @text. */
static void put_text(struct wr *w, const char *text, size_t size)
{
	uint8_t *len = wr_room(w, 1);
	size_t n = 0;

	for (size_t i = 0; i < size - 1 && text[i] != '\0'; i++) {
		if (is_printable(text[i])) {
			wr_u8(w, (uint8_t)text[i]);
			n++;
		}
	}
	if (len != NULL)
		*len = (uint8_t)n;
}

static void get_text(struct rd *r, char *out, size_t size)
{
	const size_t n = rd_u8(r);
	const uint8_t *text = rd_bytes(r, n);

	if (text == NULL || n >= size) {
		r->bad = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		r->bad |= !is_printable((char)text[i]);
	memcpy(out, text, n);
	memset(out + n, 0, size - n);
}

static void put_addr(struct wr *w, const struct addr *a)
{
	wr_bytes(w, a->ip, sizeof(a->ip));
	wr_be16(w, a->port);
}

static struct addr get_addr(struct rd *r)
{
	const uint8_t *ip = rd_bytes(r, sizeof((struct addr){0}.ip));
	struct addr a = {.port = rd_be16(r)};

	if (ip != NULL)
		memcpy(a.ip, ip, sizeof(a.ip));
	return a;
}

static bool get_bool(struct rd *r)
{
	const uint8_t v = rd_u8(r);

	r->bad |= v > 1;
	return v == 1;
}

static enum upnp_op get_op(struct rd *r)
{
	const uint8_t op = rd_u8(r);

	r->bad |= op < UPNP_DESCRIBE || op >= UPNP_OPS;
	return (enum upnp_op)op;
}

size_t upnp_request_write(uint8_t out[static UPNP_MSG_MAX], const struct upnp_request *r)
{
	struct wr w = wr_make(out, UPNP_MSG_MAX);

	wr_be32(&w, r->id);
	wr_u8(&w, (uint8_t)r->op);
	put_text(&w, r->location, sizeof(r->location));
	wr_u8(&w, r->protocol);
	put_addr(&w, &r->client);
	put_addr(&w, &r->remote);
	wr_be16(&w, r->external_port);
	wr_be16(&w, r->index);
	wr_be16(&w, r->pinhole);
	wr_be32(&w, r->lifetime_s);
	wr_u8(&w, r->hold);
	put_text(&w, r->description, sizeof(r->description));
	return w.len;
}

int upnp_request_read(struct upnp_request *out, const uint8_t *data, size_t len)
{
	struct rd r = rd_make(data, len);
	struct upnp_request q = {.id = rd_be32(&r)};

	q.op = get_op(&r);
	get_text(&r, q.location, sizeof(q.location));
	q.protocol = rd_u8(&r);
	q.client = get_addr(&r);
	q.remote = get_addr(&r);
	q.external_port = rd_be16(&r);
	q.index = rd_be16(&r);
	q.pinhole = rd_be16(&r);
	q.lifetime_s = rd_be32(&r);
	q.hold = get_bool(&r);
	get_text(&r, q.description, sizeof(q.description));
	if (r.bad || rd_left(&r) > 0)
		return NK_ERR_MALFORMED;
	*out = q;
	return 0;
}

size_t upnp_reply_write(uint8_t out[static UPNP_MSG_MAX], const struct upnp_reply *r)
{
	struct wr w = wr_make(out, UPNP_MSG_MAX);

	wr_be32(&w, r->id);
	wr_u8(&w, (uint8_t)r->op);
	wr_be16(&w, r->result);
	wr_u8(&w, r->connected);
	wr_u8(&w, r->pinholes);
	wr_u8(&w, r->igd);
	wr_u8(&w, r->protocol);
	put_addr(&w, &r->external);
	put_addr(&w, &r->client);
	wr_be16(&w, r->pinhole);
	wr_be32(&w, r->lifetime_s);
	put_text(&w, r->description, sizeof(r->description));
	put_text(&w, r->device, sizeof(r->device));
	return w.len;
}

int upnp_reply_read(struct upnp_reply *out, const uint8_t *data, size_t len)
{
	struct rd r = rd_make(data, len);
	struct upnp_reply a = {.id = rd_be32(&r)};

	a.op = get_op(&r);
	a.result = rd_be16(&r);
	a.connected = get_bool(&r);
	a.pinholes = get_bool(&r);
	a.igd = rd_u8(&r);
	a.protocol = rd_u8(&r);
	a.external = get_addr(&r);
	a.client = get_addr(&r);
	a.pinhole = rd_be16(&r);
	a.lifetime_s = rd_be32(&r);
	get_text(&r, a.description, sizeof(a.description));
	get_text(&r, a.device, sizeof(a.device));
	if (r.bad || rd_left(&r) > 0 || a.result > RESULT_LAST)
		return NK_ERR_MALFORMED;
	*out = a;
	return 0;
}
