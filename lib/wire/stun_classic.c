#include "wire/stun_classic.h"

#include "wire/stun.h"

#define REQUEST 0x0001
#define SUCCESS 0x0101

const uint8_t *stun_classic_asks(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_make(bytes, len);
	const uint16_t type = rd_be16(&r);
	const uint16_t body = rd_be16(&r);
	const uint8_t *tid = rd_bytes(&r, STUN_CLASSIC_TID);

	if (r.bad || type != REQUEST || body != rd_left(&r))
		return NULL;
	while (rd_left(&r) > 0) {
		const uint16_t attr = rd_be16(&r);

		rd_bytes(&r, rd_be16(&r));
		if (r.bad || attr < STUN_COMPREHENSION_OPTIONAL)
			return NULL;
	}
	return tid;
}

void stun_classic_put_answer(struct wr *w, const uint8_t tid[static STUN_CLASSIC_TID],
			     const struct addr *mapped)
{
	wr_be16(w, SUCCESS);
	wr_be16(w, 0); /* stun_end() has the length */
	wr_bytes(w, tid, STUN_CLASSIC_TID);
	stun_put_addr(w, STUN_MAPPED_ADDRESS, mapped);
}
