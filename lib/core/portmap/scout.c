#include "core/portmap/scout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/portmap/door.h"
#include "core/portmap/reasons.h"
#include "core/portmap/retry.h"
#include "core/portmap/upnp_line.h"
#include "wire/ssdp.h"

#define DESCRIBED_WITHIN (5 * NK_S) /* from when the description's place is known */
#define SEARCHES         4          /* in a round: by the group and directly, for IGD 1 and 2 */

/* As RFC 6886 section 3.1 has it, and for PCP too: the 3 s of RFC 6887 are more than a scout has. */
static const struct retry_plan plan = {.first = 250 * NK_MS, .most = 64 * NK_S, .tries = 9};

enum { CONTROL, SEARCH }; /* sockets: to the gateway's port 5351, and for SSDP */

/**
 * struct scout - A look at one gateway
 * @known:	By protocol: nothing more is waited for
 * @asked:	When first; @ask: when again
 * @search:	Of a round of SEARCHES, which is next
 * @describe:	Id of the request to the worker, or 0; @described_until: it is given up
 */
struct scout {
	struct scout_config config;
	struct rng *rng;
	struct portmap_gateway result;
	nk_time ends;
	struct door doors[SCOUT_SOCKETS];
	bool known[PORTMAP_PROTOCOLS];
	nk_time asked[PORTMAP_PROTOCOLS];
	struct retry ask[PORTMAP_PROTOCOLS];
	unsigned search;
	char location[UPNP_URL];
	uint32_t describe;
	nk_time described_until;
};

static_assert(SSDP_URL <= UPNP_URL, "a location found is one that can be asked for");

static void settle(struct scout *s, enum portmap_protocol p, enum portmap_why why)
{
	s->result.offer[p].why = why;
	s->result.offer[p].usable =
		s->result.offer[p].answers && (why == PORTMAP_OK || why == PORTMAP_PRIVATE);
	s->known[p] = true;
	retry_stop(&s->ask[p]);
	if (p == PORTMAP_UPNP)
		s->described_until = NK_NEVER;
}

static bool can_ask(const struct scout *s, enum portmap_protocol p)
{
	if (p == PORTMAP_UPNP && s->config.upnp == NULL)
		return false;
	return (s->config.protocols & PORTMAP_BIT(p)) != 0;
}

void scout_again(struct scout *s, nk_time now)
{
	s->result =
		(struct portmap_gateway){.gateway = s->config.gateway, .local = s->config.local};
	s->ends = now + s->config.limit;
	s->location[0] = '\0';
	s->search = 0;
	s->described_until = NK_NEVER;
	for (unsigned i = 0; i < SCOUT_SOCKETS; i++)
		door_retry(&s->doors[i]);
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		s->known[p] = false;
		s->asked[p] = now;
		retry_start(&s->ask[p], &plan, now);
		if (!can_ask(s, p))
			settle(s, p, PORTMAP_SILENT);
	}
	if (!s->known[PORTMAP_NAT_PMP] && addr_family(&s->config.gateway) == ADDR_V6)
		settle(s, PORTMAP_NAT_PMP, PORTMAP_UNSUPPORTED);
}

struct scout *scout_new(const struct scout_config *config, struct rng *rng, nk_time now)
{
	struct scout *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->config = *config;
	s->rng = rng;
	for (unsigned i = 0; i < SCOUT_SOCKETS; i++)
		s->doors[i] = (struct door){.id = config->first_socket + i,
					    .local = addr_with_port(config->local, 0)};
	scout_again(s, now);
	return s;
}

void scout_stop(struct scout *s)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (!s->known[p])
			settle(s, p, PORTMAP_SILENT);
}

void scout_free(struct scout *s)
{
	free(s);
}

/* An offer that answers now. */
static struct portmap_offer *hear(struct scout *s, enum portmap_protocol p, nk_time now)
{
	struct portmap_offer *o = &s->result.offer[p];

	if (!o->answers) {
		o->answers = true;
		o->rtt = now - s->asked[p];
	}
	return o;
}

/* A broken answer is remembered; a better one may yet come. */
static void hear_broken(struct scout *s, enum portmap_protocol p, nk_time now)
{
	hear(s, p, now)->why = PORTMAP_MALFORMED;
}

static void hear_pcp(struct scout *s, const struct pcp_msg *m, nk_time now)
{
	struct portmap_offer *o;

	if (!m->response || m->opcode != PCP_ANNOUNCE)
		return;
	if (m->result == PCP_UNSUPP_VERSION) { /* the version of our NAT-PMP request */
		if (!s->known[PORTMAP_NAT_PMP])
			settle(s, PORTMAP_NAT_PMP, PORTMAP_UNSUPPORTED);
		return;
	}
	if (s->known[PORTMAP_PCP])
		return;
	o = hear(s, PORTMAP_PCP, now);
	o->version = PCP_VERSION;
	o->code = m->result;
	o->epoch_s = m->epoch_s;
	/* To have no announcements is not to have no mappings. */
	settle(s, PORTMAP_PCP,
	       m->result == PCP_UNSUPP_OPCODE ? PORTMAP_OK : reason_of_pcp(m->result));
}

static void hear_natpmp(struct scout *s, const struct natpmp_msg *m, nk_time now)
{
	struct portmap_offer *o;
	enum portmap_why why;

	if (!m->response || m->opcode != NATPMP_ADDRESS)
		return;
	if (m->result == NATPMP_UNSUPP_VERSION) { /* that of our PCP request */
		if (!s->known[PORTMAP_PCP])
			settle(s, PORTMAP_PCP, PORTMAP_UNSUPPORTED);
		return;
	}
	if (s->known[PORTMAP_NAT_PMP])
		return;
	o = hear(s, PORTMAP_NAT_PMP, now);
	o->version = NATPMP_VERSION;
	o->code = m->result;
	o->epoch_s = m->epoch_s;
	why = reason_of_natpmp(m->result);
	if (why == PORTMAP_OK) {
		o->external = m->external;
		why = reason_of_address(&m->external);
	}
	settle(s, PORTMAP_NAT_PMP, why);
}

static void hear_control(struct scout *s, const struct event *ev, nk_time now)
{
	const bool natpmp = ev->len > 0 && ev->data[0] == NATPMP_VERSION;
	const enum portmap_protocol p = natpmp ? PORTMAP_NAT_PMP : PORTMAP_PCP;
	struct natpmp_msg n;
	struct pcp_msg m;

	if (!addr_same_ip(&ev->from, &s->config.gateway)) {
		s->result.offer[p].source = addr_with_port(ev->from, 0);
		return;
	}
	if (ev->from.port != PCP_PORT)
		return;
	if (natpmp && natpmp_read(&n, ev->data, ev->len) == 0)
		hear_natpmp(s, &n, now);
	else if (!natpmp && pcp_read(&m, ev->data, ev->len) == 0)
		hear_pcp(s, &m, now);
	else if (!s->known[p])
		hear_broken(s, p, now);
}

static void describe(struct scout *s, nk_time now)
{
	struct upnp_request r = {.op = UPNP_DESCRIBE, .client = s->config.local};

	memcpy(r.location, s->location, sizeof(r.location));
	s->describe = upnp_line_ask(s->config.upnp, &r);
	s->described_until = now + DESCRIBED_WITHIN;
	retry_stop(&s->ask[PORTMAP_UPNP]);
	s->result.offer[PORTMAP_UPNP].why = PORTMAP_TIMED_OUT; /* until it is not */
}

/*
 * Whom a search may find: the gateway. One for IPv6 is known by its link-local address, and tells of itself by
 * another, of the network that we have ours of.
 */
static bool is_gateway(const struct scout *s, const struct addr *a)
{
	const struct addr theirs = addr_prefix(a, 32, 64);
	const struct addr ours = addr_prefix(&s->config.local, 32, 64);

	return addr_same_ip(a, &s->config.gateway) ||
	       (addr_family(a) == ADDR_V6 && addr_same_ip(&theirs, &ours));
}

static void hear_search(struct scout *s, const struct event *ev, nk_time now)
{
	struct portmap_offer *o = &s->result.offer[PORTMAP_UPNP];
	char url[SSDP_URL];
	struct addr host;

	if (s->known[PORTMAP_UPNP] || s->location[0] != '\0')
		return;
	if (!is_gateway(s, &ev->from)) {
		if (ssdp_answer_read(url, ev->data, ev->len) == 0)
			o->source = addr_with_port(ev->from, 0);
		return;
	}
	if (ssdp_answer_read(url, ev->data, ev->len) != 0) {
		hear_broken(s, PORTMAP_UPNP, now);
		return;
	}
	hear(s, PORTMAP_UPNP, now);
	if (ssdp_url_host(&host, url) && is_gateway(s, &host)) {
		memcpy(s->location, url, sizeof(url));
		describe(s, now);
	} else {
		o->why = PORTMAP_LIED;
	}
}

static void described(struct scout *s, const struct upnp_reply *r, nk_time now)
{
	struct portmap_offer *o = &s->result.offer[PORTMAP_UPNP];
	enum portmap_why why = reason_of_upnp(r->result);

	o->rtt = now - s->asked[PORTMAP_UPNP];
	o->code = r->result;
	if (why == PORTMAP_OK) {
		o->version = r->igd;
		o->pinholes = r->pinholes;
		memcpy(o->device, r->device, sizeof(r->device));
		o->external = addr_with_port(r->external, 0);
		why = r->connected ? reason_of_address(&o->external) : PORTMAP_NETWORK_FAILURE;
		if (addr_family(&s->config.gateway) == ADDR_V6)
			why = r->pinholes ? PORTMAP_OK : PORTMAP_UNSUPPORTED;
	}
	settle(s, PORTMAP_UPNP, why);
}

static void control_refused(struct scout *s)
{
	for (unsigned p = PORTMAP_PCP; p <= PORTMAP_NAT_PMP; p++)
		if (!s->known[p])
			settle(s, p, PORTMAP_SILENT);
}

static void door_changed(struct scout *s, unsigned door)
{
	if (s->doors[door].state != DOOR_FAILED)
		return;
	if (door == CONTROL)
		control_refused(s);
	else if (!s->known[PORTMAP_UPNP])
		settle(s, PORTMAP_UPNP, PORTMAP_SILENT);
}

bool scout_input(struct scout *s, const struct event *ev, nk_time now)
{
	const unsigned door = ev->id - s->config.first_socket;

	if (door >= SCOUT_SOCKETS || door_is_shut(&s->doors[door]))
		return false;
	if (door_input(&s->doors[door], ev))
		door_changed(s, door);
	else if (ev->kind == EVENT_DATAGRAM && door == CONTROL)
		hear_control(s, ev, now);
	else if (ev->kind == EVENT_DATAGRAM)
		hear_search(s, ev, now);
	else if (ev->kind != EVENT_ICMP_ERROR)
		return false;
	/* Nobody is at that port; of SSDP the group may yet answer. */
	else if (door == CONTROL && addr_same_ip(&ev->from, &s->config.gateway))
		control_refused(s);
	return true;
}

static void ask_control(struct scout *s, enum portmap_protocol p, struct action *action)
{
	const struct pcp_msg announce = {.opcode = PCP_ANNOUNCE, .client = s->config.local};
	const struct natpmp_msg address = {.opcode = NATPMP_ADDRESS};

	door_send(&s->doors[CONTROL], action, addr_with_port(s->config.gateway, PCP_PORT));
	action->len = p == PORTMAP_PCP ? pcp_write(action->data, &announce)
				       : natpmp_write(action->data, &address);
}

static void ask_search(struct scout *s, struct action *action)
{
	const struct addr host = addr_with_port(s->config.gateway, SSDP_PORT);
	const struct addr to =
		s->search % 2 == 0 ? ssdp_group(addr_family(&s->config.gateway)) : host;

	door_send(&s->doors[SEARCH], action, to);
	action->len = ssdp_search_write(action->data, 1 + s->search / 2, &to);
	s->search = (s->search + 1) % SEARCHES;
}

static unsigned door_of(enum portmap_protocol p)
{
	return p == PORTMAP_UPNP ? SEARCH : CONTROL;
}

static bool ask(struct scout *s, struct action *action, nk_time now)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		struct retry *r = &s->ask[p];

		if (s->doors[door_of(p)].state != DOOR_OPEN || !retry_to_send(r, now))
			continue;
		if (r->sent == 0)
			s->asked[p] = now;
		if (p == PORTMAP_UPNP)
			ask_search(s, action);
		else
			ask_control(s, p, action);
		if (p != PORTMAP_UPNP || s->search == 0)
			retry_sent(r, s->rng, now);
		return true;
	}
	return false;
}

static bool is_wanted(const struct scout *s, unsigned door)
{
	if (door == SEARCH)
		return !s->known[PORTMAP_UPNP] && s->location[0] == '\0';
	return !s->known[PORTMAP_PCP] || !s->known[PORTMAP_NAT_PMP];
}

/* Until when a protocol may be silent. */
static nk_time end_of(const struct scout *s, unsigned p)
{
	return s->ends + (p == PORTMAP_UPNP ? s->config.patience : 0);
}

static void give_up(struct scout *s, nk_time now)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		const struct portmap_offer *o = &s->result.offer[p];
		const bool located = p == PORTMAP_UPNP && s->location[0] != '\0';

		if (!s->known[p] && now >= (located ? s->described_until : end_of(s, p)))
			settle(s, p, o->answers ? o->why : PORTMAP_SILENT);
	}
}

static void take_description(struct scout *s, nk_time now)
{
	struct upnp_reply reply = {.result = UPNP_RESULT_GONE};

	if (s->known[PORTMAP_UPNP] || s->location[0] == '\0')
		return;
	if (s->describe == 0 || upnp_line_take(s->config.upnp, s->describe, &reply))
		described(s, &reply, now);
}

bool scout_output(struct scout *s, struct action *action, nk_time now)
{
	take_description(s, now);
	give_up(s, now);
	for (unsigned i = 0; i < SCOUT_SOCKETS; i++)
		if (door_move(&s->doors[i], is_wanted(s, i), action))
			return true;
	return ask(s, action, now);
}

nk_time scout_deadline(const struct scout *s)
{
	nk_time at = s->described_until;

	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		if (s->known[p])
			continue;
		if (p != PORTMAP_UPNP || s->location[0] == '\0')
			at = nk_min(at, end_of(s, p));
		if (s->doors[door_of(p)].state == DOOR_OPEN)
			at = nk_min(at, s->ask[p].due);
	}
	return at;
}

bool scout_knows(const struct scout *s, enum portmap_protocol p)
{
	return s->known[p];
}

int scout_status(const struct scout *s)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (!s->known[p])
			return CORE_BUSY;
	for (unsigned i = 0; i < SCOUT_SOCKETS; i++)
		if (!door_is_shut(&s->doors[i]))
			return CORE_BUSY;
	return CORE_DONE;
}

const struct portmap_gateway *scout_result(const struct scout *s)
{
	return &s->result;
}

const char *scout_location(const struct scout *s)
{
	return s->location[0] != '\0' ? s->location : NULL;
}
