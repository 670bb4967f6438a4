#include "wire/natpmp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

enum { RESPONSE = 0x80 };

static void read_mapping(struct rd *r, struct natpmp_msg *m)
{
	m->internal_port = rd_be16(r);
	m->external.port = rd_be16(r);
	m->lifetime_s = rd_be32(r);
}

static void write_mapping(struct wr *w, const struct natpmp_msg *m)
{
	wr_be16(w, m->internal_port);
	wr_be16(w, m->external.port);
	wr_be32(w, m->lifetime_s);
}

static void read_address(struct rd *r, struct natpmp_msg *m)
{
	const uint8_t *ip = rd_bytes(r, 4);

	if (ip != NULL)
		m->external = addr_v4(ip[0], ip[1], ip[2], ip[3], 0);
}

/* RFC 6886 sections 3.2 and 3.3. */
static void read_response(struct rd *r, struct natpmp_msg *m)
{
	m->result = rd_be16(r);
	m->epoch_s = rd_be32(r);
	m->has_body = rd_left(r) > 0 || m->result == NATPMP_SUCCESS;
	if (m->has_body && m->opcode == NATPMP_ADDRESS)
		read_address(r, m);
	else if (m->has_body)
		read_mapping(r, m);
}

/* RFC 6886 section 3.5: whoever does not know a request's version answers with opcode 0. */
static void read_other_version(struct rd *r, struct natpmp_msg *m)
{
	m->response = true;
	read_response(r, m);
	r->bad |= m->result != NATPMP_UNSUPP_VERSION;
}

int natpmp_read(struct natpmp_msg *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	const uint8_t version = rd_u8(&r), opcode = rd_u8(&r);
	struct natpmp_msg m = {
		.response = (opcode & RESPONSE) != 0,
		.opcode = (enum natpmp_opcode)(opcode & ~RESPONSE & 0xff),
	};

	if (!r.bad && version != NATPMP_VERSION)
		return NK_ERR_BAD_INPUT;
	if (r.bad || m.opcode >= NATPMP_OPCODES)
		return NK_ERR_MALFORMED;
	if (m.response) {
		read_response(&r, &m);
	} else if (m.opcode != NATPMP_ADDRESS) {
		rd_be16(&r);
		read_mapping(&r, &m);
	} else if (rd_left(&r) > 0) {
		read_other_version(&r, &m);
	}
	if (r.bad || rd_left(&r) > 0)
		return NK_ERR_MALFORMED;
	*out = m;
	return 0;
}

size_t natpmp_write(uint8_t out[static NATPMP_MAX], const struct natpmp_msg *m)
{
	struct wr w = wr_make(out, NATPMP_MAX);

	wr_u8(&w, NATPMP_VERSION);
	wr_u8(&w, (uint8_t)(m->opcode | (m->response ? RESPONSE : 0)));
	if (m->response) {
		wr_be16(&w, m->result);
		wr_be32(&w, m->epoch_s);
		if (m->result == NATPMP_UNSUPP_VERSION)
			return w.len;
	}
	if (m->opcode != NATPMP_ADDRESS) {
		if (!m->response)
			wr_be16(&w, 0);
		write_mapping(&w, m);
	} else if (m->response) {
		wr_bytes(&w, m->external.ip + 12, 4);
	}
	return w.len;
}
