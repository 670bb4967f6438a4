#include "wire/ice_msg.h"

#include <string.h>

#include "base/err.h"

static bool read_role(struct ice_check *c, const struct stun_msg *m)
{
	struct rd v;

	c->controlling = stun_find(m, ICE_CONTROLLING, &v);
	if (!c->controlling && !stun_find(m, ICE_CONTROLLED, &v))
		return false;
	c->tie_breaker = rd_be64(&v);
	return !v.bad && rd_left(&v) == 0;
}

static bool is_understood(const struct stun_msg *m)
{
	for (unsigned i = 0; i < m->unknown_count; i++)
		if (m->unknown[i] != ICE_PRIORITY && m->unknown[i] != ICE_USE_CANDIDATE)
			return false;
	return true;
}

int ice_check_read(struct ice_check *out, const struct stun_msg *m)
{
	struct ice_check c = {.heard = NULL};
	struct rd v;

	if (!is_understood(m) || !stun_find(m, ICE_PRIORITY, &v))
		return NK_ERR_MALFORMED;
	c.priority = rd_be32(&v);
	if (v.bad || rd_left(&v) > 0 || !read_role(&c, m))
		return NK_ERR_MALFORMED;
	c.use_candidate = stun_find(m, ICE_USE_CANDIDATE, &v);
	if (stun_find(m, ICE_HEARD, &v)) {
		if (rd_left(&v) != STUN_TID)
			return NK_ERR_MALFORMED;
		c.heard = v.p;
	}
	*out = c;
	return 0;
}

static size_t seal(struct wr *w, const char *password)
{
	stun_put_integrity(w, password, strlen(password));
	stun_put_fingerprint(w);
	return stun_end(w);
}

size_t ice_check_write(uint8_t *out, size_t cap, const struct ice_check *c,
		       const uint8_t tid[static STUN_TID], const char *username,
		       const char *password)
{
	struct wr w = wr_make(out, cap);
	uint8_t tie[8];
	struct wr t = wr_make(tie, sizeof(tie));

	wr_be64(&t, c->tie_breaker);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put_bytes(&w, STUN_USERNAME, username, strlen(username));
	stun_put_u32(&w, ICE_PRIORITY, c->priority);
	if (c->use_candidate)
		stun_put_bytes(&w, ICE_USE_CANDIDATE, tie, 0);
	stun_put_bytes(&w, c->controlling ? ICE_CONTROLLING : ICE_CONTROLLED, tie, sizeof(tie));
	if (c->heard != NULL)
		stun_put_bytes(&w, ICE_HEARD, c->heard, STUN_TID);
	return seal(&w, password);
}

size_t ice_answer_write(uint8_t *out, size_t cap, const uint8_t tid[static STUN_TID],
			const struct addr *from, uint16_t error, const char *password)
{
	struct wr w = wr_make(out, cap);

	stun_begin(&w, STUN_BINDING, error == 0 ? STUN_SUCCESS : STUN_ERROR, tid);
	if (error == 0)
		stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, from);
	else
		stun_put_error(&w, error, "Role Conflict");
	return seal(&w, password);
}

size_t ice_keepalive_write(uint8_t *out, size_t cap, const uint8_t tid[static STUN_TID])
{
	struct wr w = wr_make(out, cap);

	stun_begin(&w, STUN_BINDING, STUN_INDICATION, tid);
	stun_put_fingerprint(&w);
	return stun_end(&w);
}
