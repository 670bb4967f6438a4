#include "wire/pcp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	RESPONSE = 0x80,
	THIRD_PARTY = 1,
	PREFER_FAILURE = 2,
	FILTER = 3,
	FILTER_LEN = 20,
	ADDRESS_LEN = 16,
};

static void read_ip(struct rd *r, struct addr *out)
{
	const uint8_t *ip = rd_bytes(r, ADDRESS_LEN);

	if (ip != NULL)
		memcpy(out->ip, ip, ADDRESS_LEN);
}

static void write_ip(struct wr *w, const struct addr *a)
{
	wr_bytes(w, a->ip, ADDRESS_LEN);
}

/* RFC 6887 sections 11.1 and 12.1. */
static void read_body(struct rd *r, struct pcp_msg *m)
{
	const uint8_t *nonce = rd_bytes(r, PCP_NONCE);

	if (nonce != NULL)
		memcpy(m->nonce, nonce, PCP_NONCE);
	m->protocol = rd_u8(r);
	rd_bytes(r, 3);
	m->internal_port = rd_be16(r);
	m->external.port = rd_be16(r);
	read_ip(r, &m->external);
	if (m->opcode == PCP_PEER) {
		m->remote.port = rd_be16(r);
		rd_be16(r);
		read_ip(r, &m->remote);
	}
	m->has_body = true;
}

static void write_body(struct wr *w, const struct pcp_msg *m)
{
	wr_bytes(w, m->nonce, PCP_NONCE);
	wr_u8(w, m->protocol);
	wr_zeros(w, 3);
	wr_be16(w, m->internal_port);
	wr_be16(w, m->external.port);
	write_ip(w, &m->external);
	if (m->opcode == PCP_PEER) {
		wr_be16(w, m->remote.port);
		wr_be16(w, 0);
		write_ip(w, &m->remote);
	}
}

static void read_filter(struct rd *value, struct pcp_msg *m)
{
	struct pcp_filter f = {.bits = 0};

	rd_u8(value);
	f.bits = rd_u8(value);
	f.remote.port = rd_be16(value);
	read_ip(value, &f.remote);
	value->bad |= f.bits > 128;
	if (!value->bad && m->filter_count < PCP_FILTERS)
		m->filters[m->filter_count++] = f;
}

/* RFC 6887 section 7.3. */
static bool read_option(struct rd *r, struct pcp_msg *m)
{
	const uint8_t code = rd_u8(r);
	uint16_t len;
	struct rd value;

	rd_u8(r);
	len = rd_be16(r);
	value = rd_sub(r, len);
	rd_bytes(r, (4u - len % 4u) % 4u);
	switch (code) {
	case THIRD_PARTY:
		read_ip(&value, &m->third_party);
		break;
	case PREFER_FAILURE:
		m->prefer_failure = true;
		break;
	case FILTER:
		read_filter(&value, m);
		break;
	default:
		return !r->bad;
	}
	return !r->bad && !value.bad && rd_left(&value) == 0;
}

static void write_option(struct wr *w, uint8_t code, uint16_t len)
{
	wr_u8(w, code);
	wr_u8(w, 0);
	wr_be16(w, len);
}

static void write_options(struct wr *w, const struct pcp_msg *m)
{
	if (addr_family(&m->third_party) != ADDR_NONE) {
		write_option(w, THIRD_PARTY, ADDRESS_LEN);
		write_ip(w, &m->third_party);
	}
	if (m->prefer_failure)
		write_option(w, PREFER_FAILURE, 0);
	for (unsigned i = 0; i < m->filter_count; i++) {
		write_option(w, FILTER, FILTER_LEN);
		wr_u8(w, 0);
		wr_u8(w, m->filters[i].bits);
		wr_be16(w, m->filters[i].remote.port);
		write_ip(w, &m->filters[i].remote);
	}
}

/* What follows the first two bytes: RFC 6887 sections 7.1 and 7.2. */
static void read_header(struct rd *r, struct pcp_msg *m)
{
	rd_u8(r);
	m->result = rd_u8(r);
	m->lifetime_s = rd_be32(r);
	if (m->response) {
		m->epoch_s = rd_be32(r);
		rd_bytes(r, 12);
	} else {
		m->result = 0;
		read_ip(r, &m->client);
	}
}

int pcp_read(struct pcp_msg *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	const uint8_t version = rd_u8(&r), opcode = rd_u8(&r);
	struct pcp_msg m = {
		.response = (opcode & RESPONSE) != 0,
		.opcode = (enum pcp_opcode)(opcode & ~RESPONSE & 0xff),
	};

	if (!r.bad && version != PCP_VERSION)
		return NK_ERR_BAD_INPUT;
	read_header(&r, &m);
	if (r.bad || len > PCP_MAX || len % 4 != 0 || m.opcode >= PCP_OPCODES)
		return NK_ERR_MALFORMED;
	if (m.opcode != PCP_ANNOUNCE && (rd_left(&r) > 0 || m.result == PCP_SUCCESS))
		read_body(&r, &m);
	while (!r.bad && rd_left(&r) > 0)
		if (!read_option(&r, &m))
			return NK_ERR_MALFORMED;
	if (r.bad)
		return NK_ERR_MALFORMED;
	*out = m;
	return 0;
}

size_t pcp_write(uint8_t out[static PCP_MAX], const struct pcp_msg *m)
{
	struct wr w = wr_make(out, PCP_MAX);

	wr_u8(&w, PCP_VERSION);
	wr_u8(&w, (uint8_t)(m->opcode | (m->response ? RESPONSE : 0)));
	wr_u8(&w, 0);
	wr_u8(&w, m->response ? m->result : 0);
	wr_be32(&w, m->lifetime_s);
	if (m->response) {
		wr_be32(&w, m->epoch_s);
		wr_zeros(&w, 12);
	} else {
		write_ip(&w, &m->client);
	}
	if (m->opcode != PCP_ANNOUNCE)
		write_body(&w, m);
	write_options(&w, m);
	return w.len;
}
