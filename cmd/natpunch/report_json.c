#include "beliefs_file.h"
#include "face/findings.h"
#include "report.h"
#include "words.h"

#define RATE_AFTER (60 * NK_S) /* what the first minute costs is no measure of an hour */

static void put_key(struct js o, const char *name, const uint8_t key[static 32])
{
	char text[CARD_KEY_TEXT];

	js_put_text(o, name, card_key_text(key, text));
}

static void put_addr(struct js o, const char *name, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(o, name, addr_family(a) != ADDR_NONE ? addr_text(a, text) : NULL);
}

/* Milliseconds from @start; null if it never happened. */
static void put_time(struct js o, const char *name, nk_time at, nk_time start)
{
	if (at == NK_NEVER)
		js_put_null(o, name);
	else
		js_put_number(o, name, nk_seconds(at - start) * 1000);
}

static void put_port(struct js o, const char *name, uint16_t port)
{
	if (port == 0)
		js_put_null(o, name);
	else
		js_put_int(o, name, port);
}

static void put_nat(struct js side, const struct nat_hint *h)
{
	struct js nat = js_put_object(side, "nat");

	js_put_text(nat, "mapping", word_of_mapping(h->mapping));
	js_put_text(nat, "ports", word_of_ports(h->ports));
	js_put_int(nat, "step", h->step);
	put_port(nat, "last_port", h->last_port);
	js_put_int(nat, "foreign_per_minute", h->per_minute);
	put_port(nat, "opener_ttl", h->opener_ttl);
	put_port(nat, "broker_hops", h->broker_hops);
}

static void put_candidate(struct js list, enum candidate_kind kind, const struct addr *a)
{
	struct js one = js_add_object(list);

	js_put_text(one, "kind", word_of_candidate(kind));
	put_addr(one, "address", a);
}

static void put_ours(struct js call, const struct call_report *c)
{
	struct js side = js_put_object(call, "ours");
	struct js list = js_put_array(side, "candidates");

	for (unsigned i = 0; i < c->gathered.candidates.count; i++)
		put_candidate(list, c->gathered.candidates.list[i].kind,
			      &c->gathered.candidates.list[i].addr);
	put_nat(side, &c->gathered.hint);
}

static void put_theirs(struct js call, const struct call_report *c)
{
	const struct nat_hint hint = {
		.mapping = (enum hint_mapping)c->peer.nat.mapping,
		.ports = (enum hint_ports)c->peer.nat.ports,
		.step = c->peer.nat.step,
		.last_port = c->peer.nat.last_port,
		.per_minute = c->peer.nat.per_minute,
		.opener_ttl = c->peer.nat.opener_ttl,
		.broker_hops = c->peer.nat.broker_hops,
	};
	struct js side = js_put_object(call, "theirs");
	struct js list = js_put_array(side, "candidates");

	for (unsigned i = 0; i < c->peer.candidate_count; i++)
		put_candidate(list, (enum candidate_kind)c->peer.candidates[i].kind,
			      &c->peer.candidates[i].addr);
	put_nat(side, &hint);
}

/* Why the peer was not told of it, or NULL. */
static const char *why_not_offered(const struct call_mapping *m)
{
	if (m->offered)
		return NULL;
	if (m->found.state == PORTMAP_ASKING)
		return "not-in-time";
	if (m->found.state == PORTMAP_HELD && m->found.why == PORTMAP_OK)
		return "other-address";
	return portmap_why_name(m->found.why);
}

/* What our router had given when the peer was told of our addresses. */
static void put_mapping(struct js call, const struct call_mapping *m)
{
	const bool held = m->found.state == PORTMAP_HELD;
	struct js o;

	if (!m->asked) {
		js_put_null(call, "mapping");
		return;
	}
	o = js_put_object(call, "mapping");
	js_put_text(o, "protocol", held ? portmap_protocol_name(m->found.protocol) : NULL);
	put_port(o, "port", held ? m->found.external.port : 0);
	js_put_bool(o, "offered", m->offered);
	js_put_text(o, "why", why_not_offered(m));
}

static void put_attempts(struct js call, const struct call_report *c)
{
	struct js list = js_put_array(call, "attempts");

	for (unsigned t = 0; t < TACTICS; t++) {
		const struct punch_attempt *a = &c->punch.attempts[t];
		struct js one;

		if (!a->tried)
			continue;
		one = js_add_object(list);
		js_put_text(one, "tactic", tactic_name((enum tactic)t));
		js_put_int(one, "packets_out", a->packets_out);
		js_put_int(one, "packets_in", a->packets_in);
		put_time(one, "first_sent_ms", a->first_sent, c->started);
		put_time(one, "first_heard_ms", a->first_heard, c->started);
		put_time(one, "established_ms", a->established, c->started);
	}
}

static void put_times(struct js call, const struct call_report *c)
{
	struct js times = js_put_object(call, "times");

	put_time(times, "met_ms", c->met, c->started);
	put_time(times, "acknowledged_ms", c->acknowledged, c->started);
	put_time(times, "answered_ms", c->answered, c->started);
	put_time(times, "fire_ms", c->fired, c->started);
	put_time(times, "connected_ms", c->connected, c->started);
}

static void put_punch(struct js call, const struct call_report *c)
{
	const struct punch_result *p = &c->punch;

	js_put_bool(call, "connected", c->connected != NK_NEVER);
	js_put_text(call, "by", p->connected ? tactic_name(p->by) : NULL);
	put_addr(call, "address", &p->peer);
	js_put_bool(call, "first_check", p->connected && p->first_check);
	js_put_bool(call, "relayed", c->relayed);
	js_put_number(call, "relay_likely", p->relay_likely);
	js_put_int(call, "punches", c->punches);
	js_put_int(call, "openers_sent", p->opener_sent);
	js_put_int(call, "checks_heard", p->heard);
	js_put_int(call, "checks_forged", p->forged);
}

static void put_session(struct js call, const struct session_stats *s)
{
	struct js o;

	if (s == NULL) {
		js_put_null(call, "session");
		return;
	}
	o = js_put_object(call, "session");
	js_put_int(o, "messages_out", (int64_t)s->messages_out);
	js_put_int(o, "messages_in", (int64_t)s->messages_in);
	js_put_int(o, "messages_acked", (int64_t)s->messages_acked);
	js_put_int(o, "resent", (int64_t)s->resent);
	js_put_int(o, "datagrams_out", (int64_t)s->datagrams_out);
	js_put_int(o, "datagrams_in", (int64_t)s->datagrams_in);
	js_put_int(o, "packets_out", (int64_t)s->packets_out);
	js_put_int(o, "packets_in", (int64_t)s->packets_in);
	js_put_int(o, "bytes_out", (int64_t)s->bytes_out);
	js_put_int(o, "bytes_in", (int64_t)s->bytes_in);
	js_put_int(o, "rejected", (int64_t)s->rejected);
	put_time(o, "rtt_ms", s->rtt > 0 ? s->rtt : NK_NEVER, 0);
	js_put_int(o, "paths_lost", s->paths_lost);
	js_put_int(o, "paths_changed", s->paths_changed);
	js_put_int(o, "rekeys", s->rekeys);
}

/* What a side believes of its NAT. */
static void put_belief(struct js o, const char *side, const struct keepalive_offer *offer)
{
	struct js belief = js_put_object(o, side);

	if (offer->lower_s > 0)
		js_put_seconds(belief, "lower_s", offer->lower_s);
	else
		js_put_null(belief, "lower_s");
	js_put_bool(belief, "outbound_only", offer->outbound_only);
}

static void put_keepalive(struct js call, const struct call_report *c)
{
	const struct session_stats *s = c->session;
	struct js o;

	if (s == NULL) {
		js_put_null(call, "keepalive");
		return;
	}
	o = js_put_object(call, "keepalive");
	js_put_text(o, "algorithm", keepalive_name((enum keepalive_algorithm)c->terms.algorithm));
	js_put_seconds(o, "interval_s", c->terms.interval_s);
	put_belief(o, "ours", &c->ours);
	put_belief(o, "theirs", &c->theirs);
	js_put_int(o, "packets_out", (int64_t)s->keepalives_out);
	js_put_int(o, "packets_in", (int64_t)s->keepalives_in);
	js_put_int(o, "bytes", (int64_t)s->keepalive_bytes);
	if (s->kept >= RATE_AFTER)
		js_put_number(o, "bytes_per_hour",
			      (double)s->keepalive_bytes * 3600 / nk_seconds(s->kept));
	else
		js_put_null(o, "bytes_per_hour");
}

static void put_call(struct js list, const struct report *r, const struct call_report *c)
{
	const struct contact *peer = contacts_find_key(r->contacts, c->peer_key);
	struct js call = js_add_object(list);

	if (c->tested < TACTICS)
		js_put_text(call, "tested", tactic_name(c->tested));
	put_key(call, "peer_key", c->peer_key);
	js_put_text(call, "peer_name", peer != NULL ? peer->name : NULL);
	js_put_text(call, "result", word_of_end(c->end));
	put_punch(call, c);
	put_times(call, c);
	put_time(call, "broker_rtt_ms", c->broker_rtt > 0 ? c->broker_rtt : NK_NEVER, 0);
	put_ours(call, c);
	put_theirs(call, c);
	put_mapping(call, &c->mapping);
	put_attempts(call, c);
	put_keepalive(call, c);
	put_session(call, c->session);
}

struct js report_json(const struct report *r, bool *failed)
{
	struct js root = findings_report(REPORT_SCHEMA, r->started_unix,
					 nk_seconds(r->ended - r->started), r->complete, failed);
	struct js list, beliefs;
	struct call_report c;

	js_put_text(root, "mode", word_of_mode(r->mode));
	put_key(root, "key", r->key);
	js_put_text(root, "broker_host", r->broker->host);
	js_put_int(root, "broker_port", r->broker->port);
	js_put_text(root, "callee", r->callee);
	js_put_text(root, "result", word_of_end(natpunch_end(r->punch)));
	list = js_put_array(root, "calls");
	for (unsigned i = 0; natpunch_call(r->punch, i, &c); i++)
		put_call(list, r, &c);
	if (r->before != NULL) {
		beliefs = js_put_object(root, "beliefs");
		beliefs_json(js_put_object(beliefs, "before"), r->before, r->started);
		beliefs_json(js_put_object(beliefs, "after"), r->after, r->ended);
	}
	return root;
}
