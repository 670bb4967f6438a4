#include "core/ice/ice_description.h"

#include <string.h>

static void draw(char *out, size_t len, struct rng *rng)
{
	for (size_t i = 0; i < len; i++)
		out[i] = ICE_CHARS[rng_below(rng, sizeof(ICE_CHARS) - 1)];
	out[len] = '\0';
}

void ice_secret_draw(struct ice_secret *out, struct rng *rng)
{
	draw(out->ufrag, PUNCH_UFRAG, rng);
	draw(out->password, PUNCH_PASSWORD, rng);
}

/* The first address of this machine in the family of @outside, or none. */
static struct addr base_of(const struct candidates *c, const struct addr *outside)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->list[i].kind == CANDIDATE_HOST &&
		    addr_family(&c->list[i].addr) == addr_family(outside))
			return c->list[i].addr;
	return (struct addr){.port = 0};
}

void ice_describe(struct sdp *out, const struct ice_secret *secret, const struct candidates *c)
{
	*out = (struct sdp){.count = c->count};
	memcpy(out->ufrag, secret->ufrag, sizeof(out->ufrag));
	memcpy(out->password, secret->password, sizeof(out->password));
	for (unsigned i = 0; i < c->count; i++) {
		const struct candidate *from = &c->list[i];
		struct sdp_candidate *to = &out->candidates[i];

		to->kind = from->kind == CANDIDATE_HOST ? SDP_HOST : SDP_SERVER_REFLEXIVE;
		to->priority = candidate_priority(from->kind, i);
		to->addr = from->addr;
		if (to->kind != SDP_HOST)
			to->base = base_of(c, &from->addr);
	}
}

static bool is_link_local(const struct addr *a)
{
	return addr_family(a) == ADDR_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

void ice_candidates_of(struct candidates *out, const struct sdp *s)
{
	out->count = 0;
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < s->count && out->count < CANDIDATES_MAX; i++) {
			const struct sdp_candidate *c = &s->candidates[i];
			const bool host = c->kind == SDP_HOST;

			if (host != (turn == 1) || is_link_local(&c->addr))
				continue;
			out->list[out->count++] = (struct candidate){
				.kind = host ? CANDIDATE_HOST : CANDIDATE_SERVER_REFLEXIVE,
				.addr = c->addr,
			};
		}
	}
}

bool ice_is_one_ip(const struct candidates *a, const struct candidates *b)
{
	for (unsigned i = 0; i < a->count; i++)
		for (unsigned k = 0; k < b->count; k++)
			if (a->list[i].kind == CANDIDATE_SERVER_REFLEXIVE &&
			    b->list[k].kind == CANDIDATE_SERVER_REFLEXIVE &&
			    addr_same_ip(&a->list[i].addr, &b->list[k].addr))
				return true;
	return false;
}
