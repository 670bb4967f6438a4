#include "wire/probe_msg.h"

#include "base/err.h"

#define STATE_LEN 16

/* The value of an attribute that must be @len bytes long; an empty one, which reads as zeros, if
 * it is absent. */
static struct rd take(const struct stun_msg *m, uint16_t type, size_t len, bool *has, bool *bad)
{
	struct rd v;

	if (!stun_find(m, type, &v))
		return rd_make(NULL, 0);
	if (rd_left(&v) != len)
		*bad = true;
	*has = true;
	return v;
}

/* The value of an attribute that is a list of entries of @size bytes, @count of them. */
static struct rd take_list(const struct stun_msg *m, uint16_t type, size_t size, unsigned *count,
			   bool *bad)
{
	struct rd v;

	if (!stun_find(m, type, &v))
		return rd_make(NULL, 0);
	if (rd_left(&v) % size != 0 || rd_left(&v) / size > PROBE_TRIALS_MAX)
		*bad = true;
	else
		*count = (unsigned)(rd_left(&v) / size);
	return v;
}

static void read_lists(struct probe_msg *p, const struct stun_msg *m, bool *bad)
{
	struct rd v = take_list(m, PROBE_ATTR_TRIALS, 4, &p->trial_count, bad);

	for (unsigned i = 0; i < p->trial_count; i++)
		p->trials[i] = rd_be32(&v);

	v = take_list(m, PROBE_ATTR_TRIAL_STATES, STATE_LEN, &p->state_count, bad);
	for (unsigned i = 0; i < p->state_count; i++) {
		struct probe_trial_state *s = &p->states[i];

		s->trial = rd_be32(&v);
		s->flags = rd_be16(&v);
		s->port = rd_be16(&v) ^ (STUN_COOKIE >> 16);
		s->last_us = rd_be64(&v);
	}
}

int probe_read(struct probe_msg *out, const struct stun_msg *m)
{
	struct probe_msg p = {.trial_count = 0};
	bool bad = false, told;
	struct rd v;

	v = take(m, PROBE_ATTR_COOKIE, 8, &p.has_cookie, &bad);
	p.cookie = rd_be64(&v);
	v = take(m, PROBE_ATTR_TOKEN, 8, &p.has_token, &bad);
	p.token = rd_be64(&v);
	v = take(m, PROBE_ATTR_TRIAL, 4, &p.has_trial, &bad);
	p.trial = rd_be32(&v);
	v = take(m, PROBE_ATTR_TIME, 8, &p.has_time, &bad);
	p.time_us = rd_be64(&v);
	v = take(m, PROBE_ATTR_ROUND, 4, &p.has_round, &bad);
	p.round = rd_u8(&v);
	v = take(m, PROBE_ATTR_COPIES, 8, &p.has_copies, &bad);
	p.copies = rd_u8(&v);
	rd_u8(&v);
	p.spacing_ms = rd_be16(&v);
	p.delay_ms = rd_be32(&v);
	v = take(m, PROBE_ATTR_LIMITS, 8, &p.has_limits, &bad);
	p.max_trials = rd_be16(&v);
	p.max_copies_per_s = rd_be16(&v);
	p.max_keep_s = rd_be32(&v);
	v = take(m, PROBE_ATTR_ABILITIES, 4, &told, &bad);
	p.abilities = rd_be32(&v);
	read_lists(&p, m, &bad);

	if (bad)
		return NK_ERR_MALFORMED;
	*out = p;
	return 0;
}

static void put_head(struct wr *w, uint16_t type, size_t len)
{
	wr_be16(w, type);
	wr_be16(w, (uint16_t)len);
}

static void put_u64(struct wr *w, uint16_t type, uint64_t value)
{
	put_head(w, type, 8);
	wr_be64(w, value);
}

void probe_put_cookie(struct wr *w, uint64_t cookie)
{
	put_u64(w, PROBE_ATTR_COOKIE, cookie);
}

void probe_put_token(struct wr *w, uint64_t token)
{
	put_u64(w, PROBE_ATTR_TOKEN, token);
}

void probe_put_trial(struct wr *w, uint32_t trial)
{
	stun_put_u32(w, PROBE_ATTR_TRIAL, trial);
}

void probe_put_trials(struct wr *w, const uint32_t *trials, unsigned count)
{
	if (count > PROBE_TRIALS_MAX)
		w->bad = true;
	put_head(w, PROBE_ATTR_TRIALS, 4 * (size_t)count);
	for (unsigned i = 0; !w->bad && i < count; i++)
		wr_be32(w, trials[i]);
}

void probe_put_states(struct wr *w, const struct probe_trial_state *states, unsigned count)
{
	if (count > PROBE_TRIALS_MAX)
		w->bad = true;
	put_head(w, PROBE_ATTR_TRIAL_STATES, STATE_LEN * (size_t)count);
	for (unsigned i = 0; !w->bad && i < count; i++) {
		wr_be32(w, states[i].trial);
		wr_be16(w, states[i].flags);
		wr_be16(w, states[i].port ^ (STUN_COOKIE >> 16));
		wr_be64(w, states[i].last_us);
	}
}

void probe_put_copies(struct wr *w, uint8_t copies, uint16_t spacing_ms, uint32_t delay_ms)
{
	put_head(w, PROBE_ATTR_COPIES, 8);
	wr_u8(w, copies);
	wr_u8(w, 0);
	wr_be16(w, spacing_ms);
	wr_be32(w, delay_ms);
}

void probe_put_time(struct wr *w, uint64_t time_us)
{
	put_u64(w, PROBE_ATTR_TIME, time_us);
}

void probe_put_limits(struct wr *w, uint16_t trials, uint16_t copies_per_s, uint32_t keep_s)
{
	put_head(w, PROBE_ATTR_LIMITS, 8);
	wr_be16(w, trials);
	wr_be16(w, copies_per_s);
	wr_be32(w, keep_s);
}

void probe_put_round(struct wr *w, uint8_t round)
{
	stun_put_u32(w, PROBE_ATTR_ROUND, (uint32_t)round << 24);
}

void probe_put_abilities(struct wr *w, uint32_t abilities)
{
	stun_put_u32(w, PROBE_ATTR_ABILITIES, abilities);
}
