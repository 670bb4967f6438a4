#include "wire/icmp_echo.h"

#include "base/bytes.h"
#include "base/err.h"
#include "wire/checksum.h"

/* Types of the two messages. */
static uint8_t type_of(enum addr_family family, bool request)
{
	if (family == ADDR_V4)
		return request ? 8 : 0;
	return request ? 128 : 129;
}

int icmp_echo_read(struct icmp_echo *out, enum addr_family family, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	const uint8_t type = rd_u8(&r);
	const uint8_t code = rd_u8(&r);
	struct icmp_echo e = {.request = type == type_of(family, true)};

	rd_be16(&r); /* checksum */
	e.id = rd_be16(&r);
	e.sequence = rd_be16(&r);
	if (r.bad || code != 0 || type != type_of(family, e.request))
		return NK_ERR_MALFORMED;
	e.len = rd_left(&r);
	e.payload = rd_bytes(&r, e.len);
	*out = e;
	return 0;
}

size_t icmp_echo_finish(uint8_t *bytes, enum addr_family family, const struct icmp_echo *e)
{
	const size_t len = ICMP_ECHO_HEADER + e->len;
	struct wr w = wr_make(bytes, ICMP_ECHO_HEADER);

	wr_u8(&w, type_of(family, e->request));
	wr_u8(&w, 0);
	wr_be16(&w, 0);
	wr_be16(&w, e->id);
	wr_be16(&w, e->sequence);
	if (family == ADDR_V4)
		wr_patch_be16(&w, 2, checksum_of(checksum_add(0, bytes, len)));
	return len;
}
