#include "map_words.h"

#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "core/natmap/signs.h"
#include "face/plot.h"

#define LITTLE 0.015 /* more than what was wished */
#define SURE   0.9   /* from here on the verdict is spoken of as a fact */

static unsigned stateful_hops(const struct path_result *path)
{
	unsigned n = 0;

	for (unsigned i = 0; i < path->count; i++)
		n += path->hops[i].state == HOP_STATEFUL;
	return n;
}

enum box map_box(const struct natmap_result *r, unsigned i)
{
	static const enum box boxes[] = {[HOP_UNKNOWN] = BOX_UNKNOWN,
					 [HOP_STATELESS] = BOX_ROUTER,
					 [HOP_STATEFUL] = BOX_STATEFUL,
					 [HOP_HIDDEN] = BOX_HIDDEN};
	const struct natmap_evidence *beside = signs_find(r, SIGN_HOP_BESIDE_PUBLIC);
	const enum box b = boxes[r->path.hops[i].state];

	if (r->carrier_hop == i + 1)
		return BOX_CARRIER_NAT;
	if (b != BOX_STATEFUL)
		return b;
	if (r->verdict == NATMAP_FIREWALL)
		return BOX_FIREWALL;
	if (r->verdict == NATMAP_ONE_NAT && map_is_sure(r) && beside != NULL)
		return i + 1 < beside->hop ? BOX_NAT : BOX_STATEFUL;
	/* Each of them is one only if there are as many, surely; else one may be a firewall. */
	return stateful_hops(&r->path) > r->nats || (r->nats > 1 && !map_is_sure(r)) ? BOX_STATEFUL
										     : BOX_NAT;
}

static bool is_gateway(const struct natmap_result *r, const struct addr *a)
{
	for (unsigned i = 0; i < r->gateway_count; i++)
		if (!addr_is_any(a) && addr_same_ip(&r->gateways[i].gateway, a))
			return true;
	return false;
}

const char *map_hop_name(const struct natmap_result *r, unsigned i)
{
	static const char *const names[BOXES] = {
		[BOX_UNKNOWN] = "",
		[BOX_ROUTER] = "router",
		[BOX_HIDDEN] = "",
		[BOX_STATEFUL] = "NAT or firewall",
		[BOX_FIREWALL] = "firewall",
		[BOX_NAT] = "NAT",
		[BOX_CARRIER_NAT] = "carrier's NAT",
	};
	const enum box b = map_box(r, i);
	const char *name = names[b];

	/* A NAT that was not found may have a longer timer than what was looked for. */
	if (b == BOX_ROUTER && (r->nats_at_least || r->nats > stateful_hops(&r->path)))
		name = "";

	if (b == BOX_CARRIER_NAT && !map_is_sure(r))
		return "carrier's NAT, perhaps";

	if (name[0] == '\0' && r->path.hops[i].by_route)
		return "gateway, which sent no ICMP error";
	return name[0] == '\0' && is_gateway(r, &r->path.hops[i].address) ? "gateway" : name;
}

const struct addr *map_local(const struct natmap_result *r)
{
	return addr_is_any(&r->local) ? &r->ways[0].local : &r->local;
}

const struct addr *map_public(const struct natmap_result *r)
{
	for (unsigned i = 0; i < r->public_count; i++)
		if (addr_same_ip(&r->locals[i], map_local(r)))
			return &r->public_addrs[i];
	return NULL;
}

const char *map_interface(const struct natmap_result *r)
{
	for (unsigned i = 0; i < r->gateway_count; i++)
		if (addr_same_ip(&r->ways[i].local, map_local(r)))
			return r->ways[i].interface;
	return "";
}

bool map_is_sure(const struct natmap_result *r)
{
	return r->p >= SURE;
}

/* What was tried was as long as somebody wished, or little longer: a round number. */
static const char *limit_words(char *out, size_t size, double seconds)
{
	const double unit = seconds < 59 ? 1 : 60, whole = unit * floor((seconds + 0.05) / unit);

	if (whole > 0 && seconds - whole < LITTLE * seconds)
		return plot_tick_text(out, size, whole);
	return plot_time_text(out, size, seconds);
}

const char *map_rtt_words(char *out, size_t size, double ms)
{
	out[0] = '\0';
	if (ms > 0)
		snprintf(out, size, ms < 999.5 ? "%.3g ms" : "%.0f ms", ms);
	return out;
}

const char *map_time_words(char *out, size_t size, const struct measured *m)
{
	const struct plot_series s = {
		.known = m->known, .median = m->value, .lo = m->lo, .hi = m->hi};
	char longest[32];

	if (m->known || !(m->at_least > 0))
		return plot_label(out, size, &s);
	snprintf(out, size, "more than %s", limit_words(longest, sizeof(longest), m->at_least));
	return out;
}

static void put_stateful(char *out, size_t size, const struct hop *h)
{
	char time[96];

	snprintf(out, size, "keeps a UDP flow for %s%s",
		 map_time_words(time, sizeof(time), &h->timeout),
		 h->outbound_only  ? ", refreshed from inside only"
		 : h->inbound_only ? ", refreshed from outside only"
				   : "");
}

const char *map_hop_words(char *out, size_t size, const struct natmap_result *r, unsigned i)
{
	const struct hop *h = &r->path.hops[i];
	char time[96];

	out[0] = '\0';
	switch (h->state) {
	case HOP_STATEFUL:
		put_stateful(out, size, h);
		break;
	case HOP_STATELESS:
		if (h->timeout.at_least > 0)
			snprintf(out, size, "keeps no state, or for %s",
				 map_time_words(time, sizeof(time), &h->timeout));
		else
			snprintf(out, size, "keeps no state");
		break;
	case HOP_HIDDEN:
		snprintf(out, size, "hidden behind hop %u, whose state ends first", h->behind);
		break;
	case HOP_UNKNOWN:
		if (r->path.enumerated && h->why != NULL)
			snprintf(out, size, "not known: %s", h->why);
		break;
	}
	return out;
}

const char *map_quote_words(char *out, size_t size, const struct natmap_result *r, unsigned i)
{
	const struct hop *h = &r->path.hops[i];
	bool checksum = h->quote_checksum, id = h->quote_id;

	for (unsigned k = 0; k < i; k++) {
		checksum = checksum && !r->path.hops[k].quote_checksum;
		id = id && !r->path.hops[k].quote_id;
	}
	out[0] = '\0';
	if (checksum || id)
		snprintf(out, size, "got our packet with another %s%s%s",
			 checksum ? "checksum" : "", checksum && id ? " and another " : "",
			 id ? "identification" : "");
	return out;
}

const char *map_silence_words(char *out, size_t size, const struct natmap_result *r)
{
	char by[ADDR_TEXT];

	if (addr_is_any(&r->server))
		snprintf(out, size, "none to ask");
	else if (r->path.refused_why == NULL)
		snprintf(out, size, "no answer");
	else
		snprintf(out, size, "no answer (%s, says %s)", r->path.refused_why,
			 addr_is_any(&r->path.refused_by) ? "this machine"
							  : addr_text_ip(&r->path.refused_by, by));
	return out;
}

static void put_usable(char *out, size_t size, const struct portmap_offer *o,
		       enum portmap_protocol p)
{
	char external[ADDR_TEXT + 32] = "", addr[ADDR_TEXT], version[32] = "";

	if (p == PORTMAP_UPNP)
		snprintf(version, sizeof(version), " (IGD %u)", o->version);
	else if (p == PORTMAP_PCP)
		snprintf(version, sizeof(version), " (version %u)", o->version);
	if (!addr_is_any(&o->external))
		snprintf(external, sizeof(external), ", its own address outside is %s",
			 addr_text_ip(&o->external, addr));
	snprintf(out, size, "opens ports%s%s%s%s%s",
		 o->pinholes && p == PORTMAP_UPNP ? ", IPv6 ones too" : "", version, external,
		 o->device[0] != '\0' ? ": " : "", o->device);
}

/* What is between "answers" and being of use. */
static const char *but_words(enum portmap_why why)
{
	if (why == PORTMAP_UNSUPPORTED)
		return ", but opens no ports";
	return why == PORTMAP_SILENT ? " who looks for it, but then no more" : NULL;
}

const char *map_offer_words(char *out, size_t size, const struct portmap_offer *o,
			    enum portmap_protocol p)
{
	const char *but = but_words(o->why);
	char code[32] = "", addr[ADDR_TEXT];

	if (o->code != 0)
		snprintf(code, sizeof(code), " (error %u)", o->code);
	if (!o->answers && !addr_is_any(&o->source))
		snprintf(out, size, "answered by %s, who was not asked",
			 addr_text_ip(&o->source, addr));
	else if (!o->answers && o->why == PORTMAP_UNSUPPORTED)
		snprintf(out, size, "this gateway does not speak it");
	else if (o->why == PORTMAP_UNASKED)
		snprintf(out, size, "not asked");
	else if (!o->answers)
		snprintf(out, size, "no answer%s", o->why == PORTMAP_UNHEARD ? " in time" : "");
	else if (!o->usable)
		snprintf(out, size, "answers%s%s%s", but != NULL ? "" : ", but ",
			 but != NULL ? but : portmap_why_text(o->why), code);
	else
		put_usable(out, size, o, p);
	return out;
}

const char *map_verdict_words(char *out, size_t size, const struct natmap_result *r)
{
	static const char *const words[NATMAP_VERDICTS] = {
		[NATMAP_UNKNOWN] = "Not known",
		[NATMAP_OPEN] = "No NAT and no firewall",
		[NATMAP_FIREWALL] = "No NAT, but a firewall",
		[NATMAP_ONE_NAT] = "One NAT",
		[NATMAP_DOUBLE_NAT] = "NAT behind NAT",
		[NATMAP_CARRIER_NAT] = "A carrier's NAT",
		[NATMAP_NAT64] = "NAT64: IPv4 is reached through a translator",
	};
	char nats[48] = "", sure[24] = "";

	if (r->nats > 1)
		snprintf(nats, sizeof(nats), ", %s%u NATs in all",
			 r->nats_at_least ? "at least " : "", r->nats);
	else if (r->nats == 1 && r->nats_at_least && r->verdict != NATMAP_NAT64)
		snprintf(nats, sizeof(nats), ", or more");
	if (r->p > 0)
		snprintf(sure, sizeof(sure), " (%.3g %%)", fmin(r->p * 100, 99.9));
	snprintf(out, size, "%s%s%s%s", words[r->verdict], nats,
		 r->vpn ? ", beyond a tunnel (VPN)" : "", sure);
	return out;
}

/* On the way that is mapped. */
static bool any_usable(const struct natmap_result *r)
{
	for (unsigned i = 0; i < r->gateway_count; i++)
		for (int p = 0; p < PORTMAP_PROTOCOLS; p++)
			if (r->gateways[i].offer[p].usable &&
			    addr_same_ip(&r->gateways[i].local, map_local(r)))
				return true;
	return false;
}

static const char unsure_advice[] =
	"A port that is opened on a router of your own may not be reached from outside: \"natmap "
	"open\" looks whether it is. natpunch(1) gets through without.";

static const char *meaning_of_one_nat(bool usable, bool sure)
{
	if (usable)
		return sure ? "\"natmap open\" makes a port reachable from outside."
			    : "\"natmap open\" opens a port on it, and looks whether it can be "
			      "reached from outside: another NAT or a firewall may lie beyond.";
	return sure ? "It opens no ports on request: they are to be forwarded in its settings. "
		      "natpunch(1) gets through without."
		    : "It opens no ports on request: to forward them in its settings is of use "
		      "if no other NAT lies beyond. natpunch(1) gets through without.";
}

const char *map_meaning(const struct natmap_result *r)
{
	const bool usable = any_usable(r), sure = map_is_sure(r);

	if (r->vpn && r->nats > 0 && !usable)
		return "That is at the other end of the tunnel: a port that is opened on a router "
		       "of your own is not reached through it. natpunch(1) gets through without.";
	switch (r->verdict) {
	case NATMAP_OPEN:
		return sure ? "Programs on this machine can be reached from outside as they are."
			    : "Programs on this machine can perhaps be reached from outside as "
			      "they "
			      "are.";
	case NATMAP_FIREWALL:
		return usable ? "\"natmap open\" makes a hole in it for a port."
			      : "It opens no ports on request: that is to be done in its settings.";
	case NATMAP_ONE_NAT:
		return meaning_of_one_nat(usable, sure && stateful_hops(&r->path) < 2);
	case NATMAP_DOUBLE_NAT:
		return sure ? "A port that is opened on the nearer one cannot be reached from "
			      "outside, unless the one beyond forwards it, too. natpunch(1) gets "
			      "through without."
			    : unsure_advice;
	case NATMAP_CARRIER_NAT:
		return sure ? "A port that is opened on a router of your own cannot be reached "
			      "from "
			      "outside. natpunch(1) gets through without."
			    : unsure_advice;
	default:
		return "";
	}
}

const char *map_cut_words(const struct natmap_result *r)
{
	return r->cut_why != 0 ? err_text(r->cut_why) : "this machine had not what it takes";
}
