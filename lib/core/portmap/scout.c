#include "core/portmap/scout.h"

#include <stdlib.h>

#include "core/portmap/scout_parts.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"
#include "wire/ssdp.h"

#define SEARCHES 4 /* in a round: by the group and directly, for IGD 1 and 2 */

/* As RFC 6886 section 3.1 has it, and for PCP too: the 3 s of RFC 6887 are more than a scout has. */
static const struct retry_plan plan = {.first = 250 * NK_MS, .most = 64 * NK_S, .tries = 9};

void scout_settle(struct scout *s, enum portmap_protocol p, enum portmap_why why)
{
	s->result.offer[p].why = why;
	s->result.offer[p].usable =
		s->result.offer[p].answers && (why == PORTMAP_OK || why == PORTMAP_PRIVATE);
	s->known[p] = true;
	retry_stop(&s->ask[p]);
	if (p == PORTMAP_UPNP)
		s->described_until = NK_NEVER;
}

/* Nothing more is waited for: it may have answered all the same, if not in full. */
static void settle_unheard(struct scout *s, enum portmap_protocol p)
{
	const struct portmap_offer *o = &s->result.offer[p];

	scout_settle(s, p, o->answers ? o->why : PORTMAP_SILENT);
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
	s->no_direct = false;
	s->described_until = NK_NEVER;
	for (unsigned i = 0; i < SCOUT_SOCKETS; i++)
		door_renew(&s->doors[i]);
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		s->known[p] = false;
		s->asked[p] = now;
		retry_start(&s->ask[p], &plan, now);
		if (!can_ask(s, p))
			scout_settle(s, p, PORTMAP_UNASKED);
	}
	if (!s->known[PORTMAP_NAT_PMP] && addr_family(&s->config.gateway) == ADDR_V6)
		scout_settle(s, PORTMAP_NAT_PMP, PORTMAP_UNSUPPORTED);
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
			settle_unheard(s, p);
}

void scout_free(struct scout *s)
{
	free(s);
}

static void control_refused(struct scout *s)
{
	for (unsigned p = PORTMAP_PCP; p <= PORTMAP_NAT_PMP; p++)
		if (!s->known[p])
			scout_settle(s, p, PORTMAP_SILENT);
}

static void door_changed(struct scout *s, unsigned door)
{
	if (s->doors[door].state != DOOR_FAILED)
		return;
	if (door == CONTROL)
		control_refused(s);
	else if (!s->known[PORTMAP_UPNP])
		scout_settle(s, PORTMAP_UPNP, PORTMAP_SILENT);
}

bool scout_input(struct scout *s, const struct event *ev, nk_time now)
{
	const unsigned door = ev->id - s->config.first_socket;

	if (door >= SCOUT_SOCKETS || door_is_shut(&s->doors[door]))
		return false;
	if (door_input(&s->doors[door], ev))
		door_changed(s, door);
	else if (ev->kind == EVENT_DATAGRAM && door == CONTROL)
		scout_hear_control(s, ev, now);
	else if (ev->kind == EVENT_DATAGRAM)
		scout_hear_search(s, ev, now);
	else if (ev->kind != EVENT_ICMP_ERROR)
		return false;
	/* Nobody is at that port; of SSDP the group may yet answer. */
	else if (addr_same_ip(&ev->from, &s->config.gateway)) {
		s->no_direct |= door == SEARCH;
		if (door == CONTROL)
			control_refused(s);
	}
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

/* The group and the gateway itself take turns. */
static void next_search(struct scout *s, unsigned steps)
{
	s->search = (s->search + steps) % SEARCHES;
	if (s->no_direct && s->search % 2 != 0)
		s->search = (s->search + 1) % SEARCHES;
}

static void ask_search(struct scout *s, struct action *action)
{
	const struct addr host = addr_with_port(s->config.gateway, SSDP_PORT);
	struct addr to;

	next_search(s, 0);
	to = s->search % 2 == 0 ? ssdp_group(addr_family(&s->config.gateway)) : host;

	door_send(&s->doors[SEARCH], action, to);
	action->len = ssdp_search_write(action->data, 1 + s->search / 2, &to);
	next_search(s, 1);
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

static bool is_silent(const struct scout *s)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (s->result.offer[p].answers)
			return false;
	return true;
}

/* Until when a protocol may be silent. A gateway that has answered nothing yet may be busy. */
static nk_time end_of(const struct scout *s, unsigned p)
{
	return s->ends + (p == PORTMAP_UPNP || is_silent(s) ? s->config.patience : 0);
}

static void give_up(struct scout *s, nk_time now)
{
	for (unsigned p = 0; p < PORTMAP_PROTOCOLS; p++) {
		const bool located = p == PORTMAP_UPNP && s->location[0] != '\0';

		if (!s->known[p] && now >= (located ? s->described_until : end_of(s, p)))
			settle_unheard(s, p);
	}
}

static void take_description(struct scout *s, nk_time now)
{
	struct upnp_reply reply = {.result = UPNP_RESULT_GONE};

	if (s->known[PORTMAP_UPNP] || s->location[0] == '\0')
		return;
	if (s->describe == 0 || upnp_line_take(s->config.upnp, s->describe, &reply))
		scout_described(s, &reply, now);
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
