#include "wire/probe_msg.h"

#include "base/err.h"

#define STATE_LEN 16

/* How many entries of @size bytes a list has. Return: 0, or NK_ERR_MALFORMED. */
static int count_list(const struct rd *v, size_t size, unsigned *count)
{
	if (rd_left(v) % size != 0 || rd_left(v) / size > PROBE_TRIALS_MAX)
		return NK_ERR_MALFORMED;
	*count = (unsigned)(rd_left(v) / size);
	return 0;
}

static int read_trials(struct probe_msg *p, struct rd v)
{
	const int err = count_list(&v, 4, &p->trial_count);

	for (unsigned i = 0; i < p->trial_count; i++)
		p->trials[i] = rd_be32(&v);
	return err;
}

static int read_states(struct probe_msg *p, struct rd v)
{
	const int err = count_list(&v, STATE_LEN, &p->state_count);

	for (unsigned i = 0; i < p->state_count; i++) {
		struct probe_trial_state *s = &p->states[i];

		s->trial = rd_be32(&v);
		s->flags = rd_be16(&v);
		s->port = rd_be16(&v) ^ (STUN_COOKIE >> 16);
		s->last_us = rd_be64(&v);
	}
	return err;
}

static void read_copies(struct probe_msg *p, struct rd *v)
{
	p->has_copies = true;
	p->copies = rd_u8(v);
	rd_u8(v);
	p->spacing_ms = rd_be16(v);
	p->delay_ms = rd_be32(v);
}

static void read_limits(struct probe_msg *p, struct rd *v)
{
	p->has_limits = true;
	p->max_trials = rd_be16(v);
	p->max_copies_per_s = rd_be16(v);
	p->max_keep_s = rd_be32(v);
}

static void read_hold(struct probe_msg *p, struct rd *v)
{
	p->has_hold = true;
	p->hold.ttl = rd_u8(v);
	rd_u8(v);
	p->hold.interval_ms = rd_be16(v);
	p->hold.lease_ms = rd_be32(v);
}

static void read_visit(struct probe_msg *p, struct rd *v)
{
	p->has_visit = true;
	p->visit.protocol = rd_u8(v);
	p->visit.reach = rd_u8(v);
	p->visit.port = rd_be16(v);
}

/* Return: 0, or NK_ERR_MALFORMED if it has not the length that it must have. */
static int read_attr(struct probe_msg *p, uint16_t type, struct rd v)
{
	switch (type) {
	case PROBE_ATTR_TRIALS:
		return read_trials(p, v);
	case PROBE_ATTR_TRIAL_STATES:
		return read_states(p, v);
	case PROBE_ATTR_COOKIE:
		p->has_cookie = true;
		p->cookie = rd_be64(&v);
		break;
	case PROBE_ATTR_TOKEN:
		p->has_token = true;
		p->token = rd_be64(&v);
		break;
	case PROBE_ATTR_TRIAL:
		p->has_trial = true;
		p->trial = rd_be32(&v);
		break;
	case PROBE_ATTR_TIME:
		p->has_time = true;
		p->time_us = rd_be64(&v);
		break;
	case PROBE_ATTR_ROUND:
		p->has_round = true;
		p->round = rd_u8(&v);
		rd_bytes(&v, 3);
		break;
	case PROBE_ATTR_COPIES:
		read_copies(p, &v);
		break;
	case PROBE_ATTR_LIMITS:
		read_limits(p, &v);
		break;
	case PROBE_ATTR_ABILITIES:
		p->abilities = rd_be32(&v);
		break;
	case PROBE_ATTR_HOLD:
		read_hold(p, &v);
		break;
	case PROBE_ATTR_REACH:
		read_visit(p, &v);
		break;
	default:
		return 0;
	}
	return v.bad || rd_left(&v) > 0 ? NK_ERR_MALFORMED : 0;
}

int probe_read(struct probe_msg *out, const struct stun_msg *m)
{
	struct probe_msg p = {.trial_count = 0};
	struct rd at = stun_attributes(m), value;
	uint32_t seen = 0; /* the first of a kind counts */
	uint16_t type;

	while (stun_next(m, &at, &type, &value)) {
		const unsigned kind = type - PROBE_ATTR_COOKIE;

		if (type < PROBE_ATTR_COOKIE || type > PROBE_ATTR_REACH || (seen >> kind & 1) != 0)
			continue;
		seen |= 1u << kind;
		if (read_attr(&p, type, value) != 0)
			return NK_ERR_MALFORMED;
	}
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

void probe_put_hold(struct wr *w, const struct probe_hold *hold)
{
	put_head(w, PROBE_ATTR_HOLD, 8);
	wr_u8(w, hold->ttl);
	wr_u8(w, 0);
	wr_be16(w, hold->interval_ms);
	wr_be32(w, hold->lease_ms);
}

void probe_put_visit(struct wr *w, const struct probe_visit *visit)
{
	put_head(w, PROBE_ATTR_REACH, 4);
	wr_u8(w, visit->protocol);
	wr_u8(w, visit->reach);
	wr_be16(w, visit->port);
}
