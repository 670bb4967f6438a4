#include "field.h"

#include <stddef.h>
#include <stdio.h>

static enum outcome judge_public(const struct probe_result *r, const struct truth *t)
{
	const struct addr *is = t->nat.translate ? t->nat.external : &r->local;
	const unsigned count = t->nat.translate ? t->nat.external_count : 1;

	for (unsigned i = 0; i < r->public_count; i++) {
		bool known = false;

		for (unsigned k = 0; k < count; k++)
			known |= addr_same_ip(&r->public_addrs[i], &is[k]);
		if (!known)
			return WRONG;
	}
	return r->public_count == 0 ? UNKNOWN : RIGHT;
}

static enum outcome judge_nat(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->nat, t->nat.translate);
}

static enum outcome judge_firewall(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->firewall, t->nat.filtering != NAT_EI);
}

static enum outcome judge_mapping(const struct probe_result *r, const struct truth *t)
{
	return judge_class(&r->mapping, t->nat.translate ? t->nat.mapping : NAT_EI);
}

static enum outcome judge_filtering(const struct probe_result *r, const struct truth *t)
{
	return judge_class(&r->filtering, t->nat.filtering);
}

static bool is_in_range(const struct ports_finding *f, const struct nat_spec *n)
{
	return (f->lo >= n->port_lo && f->hi <= n->port_hi) || f->hi - f->lo < n->port_block;
}

static enum outcome judge_ports(const struct probe_result *r, const struct truth *t)
{
	static const enum port_pattern patterns[] = {PORTS_PRESERVED, PORTS_SEQUENTIAL,
						     PORTS_RANDOM};
	const struct ports_finding *f = &r->ports;
	const struct nat_spec *n = &t->nat;

	switch (f->pattern) {
	case PORTS_UNKNOWN:
		return UNKNOWN;
	case PORTS_PARITY:
		return n->port_parity ? RIGHT : WRONG;
	case PORTS_RANGE:
		return n->ports == NAT_PORTS_RANDOM && is_in_range(f, n) ? RIGHT : WRONG;
	case PORTS_SEQUENTIAL:
		if (f->step != (n->port_step == 0 ? 1 : n->port_step))
			return WRONG;
		break;
	default:
		break;
	}
	return f->pattern == (n->translate ? patterns[n->ports] : PORTS_PRESERVED) ? RIGHT : WRONG;
}

static enum outcome judge_pooling(const struct probe_result *r, const struct truth *t)
{
	const bool arbitrary = t->nat.arbitrary_pooling && t->nat.external_count > 1;

	if (r->pooling == POOL_UNKNOWN)
		return UNKNOWN;
	return (r->pooling == POOL_ARBITRARY) == arbitrary ? RIGHT : WRONG;
}

static enum outcome judge_hairpin(const struct probe_result *r, const struct truth *t)
{
	if (r->hairpin.answer == TRI_YES &&
	    r->hairpin_internal_source != (t->nat.hairpin == NAT_HAIRPIN_INTERNAL))
		return WRONG;
	return judge_fact(&r->hairpin, !t->nat.translate || t->nat.hairpin != NAT_HAIRPIN_NONE);
}

static enum outcome judge_alg(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->alg, t->nat.alg);
}

static enum outcome judge_solitary(const struct probe_result *r, const struct truth *t)
{
	return judge_span(&r->timeouts[STATE_SOLITARY], truth_of_timer(t, STATE_SOLITARY));
}

static enum outcome judge_replied(const struct probe_result *r, const struct truth *t)
{
	return judge_span(&r->timeouts[STATE_REPLIED], truth_of_timer(t, STATE_REPLIED));
}

static enum outcome judge_stream(const struct probe_result *r, const struct truth *t)
{
	return judge_span(&r->timeouts[STATE_STREAM], truth_of_timer(t, STATE_STREAM));
}

static enum outcome judge_refresh_out(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->refresh_out, t->nat.refresh_out);
}

static enum outcome judge_refresh_in(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->refresh_in, t->nat.refresh_in);
}

/* natprobe counts flows; a NAT that counts mappings, or gives out a block of ports, allows a few
 * more of them. */
static enum outcome judge_quota(const struct probe_result *r, const struct truth *t)
{
	const struct quota_finding *f = &r->quota;
	const struct nat_spec *n = &t->nat;
	const unsigned quota = n->quota > 0 ? n->quota : n->port_block;
	const bool refuses = n->quota == 0 || n->quota_policy == NAT_QUOTA_REFUSE;
	const double most = n->flow_timers && n->quota > 0 ? 1.05 : 1.25;

	if (f->policy == QUOTA_UNKNOWN)
		return UNKNOWN;
	if (f->policy == QUOTA_NONE_SEEN)
		return quota == 0 || t->held_peak < quota ? RIGHT : WRONG;
	if (quota == 0 || (f->policy == QUOTA_REFUSES) != refuses)
		return WRONG;
	return f->value >= 0.95 * quota && f->value <= most * quota ? RIGHT : WRONG;
}

static enum outcome judge_fragments_out(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->fragments_out, t->nat.fragments != NAT_FRAGMENTS_DROP);
}

static enum outcome judge_fragments_in(const struct probe_result *r, const struct truth *t)
{
	return judge_fact(&r->fragments_in, t->nat.fragments != NAT_FRAGMENTS_DROP);
}

/* It is tried with few packets, and given up when the UDP timers are known: a wide interval is
 * right if it holds the truth. */
static enum outcome judge_icmp(const struct probe_result *r, const struct truth *t)
{
	const nk_time set = t->nat.t_icmp > 0 ? t->nat.t_icmp : NAT_ICMP_DEFAULT;
	const struct span truth = {nk_seconds(set), nk_seconds(set + t->nat.sweep)};
	const enum outcome o = judge_span(&r->icmp_query, truth);

	return o == WRONG && judge_holds(&r->icmp_query, truth) ? RIGHT : o;
}

/* What the report says */

static void fact_text(const void *field, char text[static FIELD_TEXT])
{
	static const char *const answers[] = {
		[TRI_UNKNOWN] = "unknown", [TRI_YES] = "yes", [TRI_NO] = "no"};
	const struct fact *f = field;

	snprintf(text, FIELD_TEXT, "%s, p %.3f, %u trials; %s", answers[f->answer], f->p, f->trials,
		 f->why);
}

static void class_text(const void *field, char text[static FIELD_TEXT])
{
	const struct class_finding *f = field;

	snprintf(text, FIELD_TEXT, "%s, votes %u/%u/%u, void %u; %s", nat_class_name(f->cls),
		 f->votes[CLASS_ENDPOINT_INDEPENDENT], f->votes[CLASS_ADDRESS_DEPENDENT],
		 f->votes[CLASS_ADDRESS_AND_PORT_DEPENDENT], f->votes[CLASS_UNKNOWN], f->why);
}

static void ports_text(const void *field, char text[static FIELD_TEXT])
{
	const struct ports_finding *f = field;

	snprintf(text, FIELD_TEXT, "%s, step %d, kept %u of %u, %u to %u; %s",
		 port_pattern_name(f->pattern), f->step, f->kept, f->trials, f->lo, f->hi, f->why);
}

static void pooling_text(const void *field, char text[static FIELD_TEXT])
{
	snprintf(text, FIELD_TEXT, "%s", pooling_name(*(const enum pooling *)field));
}

static void public_text(const void *field, char text[static FIELD_TEXT])
{
	const struct addr *all = field;
	char addr[ADDR_TEXT];
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < PROBE_PUBLIC_MAX && addr_family(&all[i]) != ADDR_NONE; i++)
		len += (size_t)snprintf(text + len, FIELD_TEXT - len, "%s ",
					addr_text_ip(&all[i], addr));
}

static void time_text(const void *field, char text[static FIELD_TEXT])
{
	const struct measured *m = field;

	if (m->known)
		snprintf(text, FIELD_TEXT, "%.3f s [%.3f, %.3f], %u trials", m->value, m->lo, m->hi,
			 m->trials);
	else
		snprintf(text, FIELD_TEXT, "unknown, at least %.3f s, %u trials; %s", m->at_least,
			 m->trials, m->why);
}

static void quota_text(const void *field, char text[static FIELD_TEXT])
{
	const struct quota_finding *f = field;

	snprintf(text, FIELD_TEXT, "%s %u, held %u, p %.3f", quota_policy_name(f->policy), f->value,
		 f->held, f->p);
}

#define AT(member) offsetof(struct probe_result, member)

static const struct {
	const char *name;
	enum outcome (*judge)(const struct probe_result *r, const struct truth *t);
	void (*text)(const void *field, char text[static FIELD_TEXT]);
	size_t offset;
} fields[FIELD_COUNT] = {
	[FIELD_PUBLIC] = {"public", judge_public, public_text, AT(public_addrs)},
	[FIELD_NAT] = {"nat", judge_nat, fact_text, AT(nat)},
	[FIELD_FIREWALL] = {"firewall", judge_firewall, fact_text, AT(firewall)},
	[FIELD_MAPPING] = {"mapping", judge_mapping, class_text, AT(mapping)},
	[FIELD_FILTERING] = {"filtering", judge_filtering, class_text, AT(filtering)},
	[FIELD_PORTS] = {"ports", judge_ports, ports_text, AT(ports)},
	[FIELD_POOLING] = {"pooling", judge_pooling, pooling_text, AT(pooling)},
	[FIELD_HAIRPIN] = {"hairpin", judge_hairpin, fact_text, AT(hairpin)},
	[FIELD_ALG] = {"alg", judge_alg, fact_text, AT(alg)},
	[FIELD_SOLITARY] = {"solitary", judge_solitary, time_text, AT(timeouts[STATE_SOLITARY])},
	[FIELD_REPLIED] = {"replied", judge_replied, time_text, AT(timeouts[STATE_REPLIED])},
	[FIELD_STREAM] = {"stream", judge_stream, time_text, AT(timeouts[STATE_STREAM])},
	[FIELD_REFRESH_OUT] = {"refresh out", judge_refresh_out, fact_text, AT(refresh_out)},
	[FIELD_REFRESH_IN] = {"refresh in", judge_refresh_in, fact_text, AT(refresh_in)},
	[FIELD_QUOTA] = {"quota", judge_quota, quota_text, AT(quota)},
	[FIELD_FRAGMENTS_OUT] = {"frag out", judge_fragments_out, fact_text, AT(fragments_out)},
	[FIELD_FRAGMENTS_IN] = {"frag in", judge_fragments_in, fact_text, AT(fragments_in)},
	[FIELD_ICMP] = {"icmp query", judge_icmp, time_text, AT(icmp_query)},
};

enum outcome field_judge(const struct probe_result *r, const struct truth *t, enum field f)
{
	return fields[f].judge(r, t);
}

void field_text(const struct probe_result *r, enum field f, char text[static FIELD_TEXT])
{
	fields[f].text((const char *)r + fields[f].offset, text);
}

const char *field_name(enum field f)
{
	return fields[f].name;
}
