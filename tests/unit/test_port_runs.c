/*
 * Runs of several gateways, held, watched, listed and closed, against a puppet in virtual time: it speaks NAT-PMP, and
 * tells by UPnP what is in its table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/portmap/announced.h"
#include "core/portmap/closer.h"
#include "core/portmap/lister.h"
#include "core/portmap/lookout.h"
#include "core/portmap/porter.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"
#include "wire/ssdp.h"

#define GATEWAYS 2
#define EVENTS   64
#define TABLE    4
#define STREAM   1
#define DELAY    (2 * NK_MS)

static const uint8_t seed[32] = {7};

struct told {
	nk_time at;
	struct event ev;
	uint8_t data[CORE_DATAGRAM_MAX];
};

/* @opcode: As it was made; NATPMP_ADDRESS: it is free. */
struct mapping {
	enum natpmp_opcode opcode;
	uint16_t internal, external;
};

/* One gateway: 192.0.2.1 and 192.0.2.2. */
struct gateway {
	bool speaks;
	nk_time booted;
	struct addr external;
	struct mapping table[TABLE];
	unsigned asked;
};

static struct world {
	const struct core_ops *ops;
	void *core;
	nk_time now;
	struct gateway gateways[GATEWAYS];
	struct told told[EVENTS];
	unsigned count, listed;
	bool upnp;
	uint32_t late; /* not 0: replies to an earlier asker come first, from this id on */
} w;

static struct addr gateway_addr(unsigned i)
{
	return addr_v4(192, 0, 2, (uint8_t)(i + 1), 0);
}

static struct addr our_addr(uint16_t port)
{
	return addr_v4(192, 0, 2, 10, port);
}

static void begin(const struct core_ops *ops, void *core)
{
	assert_non_null(core);
	w.ops = ops;
	w.core = core;
}

static int reset(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.now = 5000 * NK_S;
	for (unsigned i = 0; i < GATEWAYS; i++) {
		w.gateways[i].speaks = true;
		w.gateways[i].external = addr_v4(198, 51, 100, (uint8_t)(i + 1), 0);
	}
	return 0;
}

static void tell(nk_time after, const struct event *ev, const void *data, size_t len)
{
	struct told *t = &w.told[w.count++];

	assert_in_range(w.count, 1, EVENTS);
	t->at = w.now + after;
	t->ev = *ev;
	t->ev.len = len;
	if (len > 0)
		memcpy(t->data, data, len);
}

static uint32_t epoch_of(const struct gateway *g)
{
	return (uint32_t)((w.now - g->booted) / NK_S);
}

static struct mapping *find(struct gateway *g, enum natpmp_opcode opcode, uint16_t internal)
{
	for (unsigned i = 0; i < TABLE; i++)
		if (g->table[i].opcode == opcode && g->table[i].internal == internal)
			return &g->table[i];
	return NULL;
}

static void map(struct gateway *g, const struct natpmp_msg *m, struct natpmp_msg *answer)
{
	struct mapping *e = find(g, m->opcode, m->internal_port);

	answer->internal_port = m->internal_port;
	answer->lifetime_s = m->lifetime_s;
	if (m->lifetime_s == 0) {
		if (e != NULL)
			*e = (struct mapping){.opcode = NATPMP_ADDRESS};
		return;
	}
	if (e == NULL)
		e = find(g, NATPMP_ADDRESS, 0);
	assert_non_null(e);
	*e = (struct mapping){m->opcode, m->internal_port, m->external.port};
	answer->external.port = m->external.port;
}

static void answer_natpmp(struct gateway *g, const struct action *a)
{
	struct natpmp_msg m, answer = {.response = true};
	struct event ev = {.kind = EVENT_DATAGRAM, .id = a->id, .from = a->to};
	uint8_t bytes[NATPMP_MAX] = {0};

	if (!g->speaks || natpmp_read(&m, a->data, a->len) != 0)
		return;
	g->asked++;
	answer.opcode = m.opcode;
	answer.epoch_s = epoch_of(g);
	answer.external = g->external;
	if (m.opcode != NATPMP_ADDRESS) {
		answer.external = (struct addr){.port = 0};
		map(g, &m, &answer);
	}
	answer.has_body = true;
	tell(DELAY, &ev, bytes, natpmp_write(bytes, &answer));
}

/* To a search, as the only gateway with UPnP. */
static void answer_search(const struct action *a)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n"
				   "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
				   "LOCATION: http://192.0.2.1:5000/desc.xml\r\n\r\n";
	const struct event ev = {.kind = EVENT_DATAGRAM,
				 .id = a->id,
				 .from = addr_with_port(gateway_addr(0), SSDP_PORT)};

	if (w.upnp)
		tell(DELAY, &ev, text, sizeof(text) - 1);
}

static void list(const struct upnp_request *r, struct upnp_reply *reply)
{
	w.listed++;
	if (r->index >= 3) {
		reply->result = 713; /* SpecifiedArrayIndexInvalid */
		return;
	}
	reply->protocol = 6;
	reply->external = (struct addr){.port = (uint16_t)(9000 + r->index)};
	reply->client = our_addr((uint16_t)(8000 + r->index));
	snprintf(reply->description, sizeof(reply->description), "entry %u", r->index);
}

static void tell_reply(nk_time after, const struct upnp_reply *reply)
{
	uint8_t bytes[UPNP_MSG_MAX] = {0};

	tell(after, &(struct event){.kind = EVENT_STREAM_DATA, .id = STREAM}, bytes,
	     upnp_reply_write(bytes, reply));
}

static void answer_worker(const struct action *a)
{
	struct upnp_request r;
	struct upnp_reply reply = {.connected = true, .igd = 1};

	assert_int_equal(upnp_request_read(&r, a->data, a->len), 0);
	reply.id = r.id;
	reply.op = r.op;
	if (r.op == UPNP_DESCRIBE)
		reply.external = w.gateways[0].external;
	else if (r.op == UPNP_LIST)
		list(&r, &reply);
	else
		reply.result = UPNP_RESULT_SILENT;
	tell_reply(DELAY, &reply);
	if (w.late == 0)
		return;
	reply.id = w.late++;
	reply.result = 0;
	tell_reply(DELAY / 2, &reply);
}

static void send(const struct action *a)
{
	if (a->id == STREAM) {
		answer_worker(a);
	} else if (a->to.port == PCP_PORT) {
		for (unsigned i = 0; i < GATEWAYS; i++)
			if (a->to.ip[15] == i + 1)
				answer_natpmp(&w.gateways[i], a);
	} else if (a->to.port == SSDP_PORT) {
		answer_search(a);
	}
}

static void act(void)
{
	struct action a = {.kind = ACTION_CLOSE};

	while (w.ops->output(w.core, &a, w.now)) {
		if (a.kind == ACTION_OPEN)
			tell(0,
			     &(struct event){
				     .kind = EVENT_OPENED, .id = a.id, .local = our_addr(5)},
			     NULL, 0);
		else if (a.kind == ACTION_SEND)
			send(&a);
	}
}

/* The first that is due. */
static unsigned next_told(void)
{
	unsigned first = 0;

	for (unsigned i = 1; i < w.count; i++)
		if (w.told[i].at < w.told[first].at)
			first = i;
	return first;
}

/* Lets so much time pass, or until the core is done. */
static void pass(nk_time t)
{
	const nk_time end = w.now + t;

	act();
	while (w.ops->status(w.core) == CORE_BUSY) {
		const unsigned i = next_told();
		const nk_time due = w.count > 0 ? w.told[i].at : NK_NEVER;
		const nk_time at = nk_min(due, w.ops->deadline(w.core));

		if (at > end)
			break;
		w.now = nk_max(w.now, at);
		if (due <= w.now) {
			struct told told = w.told[i];

			w.told[i] = w.told[--w.count];
			told.ev.data = told.data;
			w.ops->input(w.core, &told.ev, w.now);
		}
		act();
	}
	if (w.ops->status(w.core) == CORE_BUSY)
		w.now = end;
}

static void say(enum event_kind kind)
{
	w.ops->input(w.core, &(struct event){.kind = kind}, w.now);
}

static unsigned entries_of(unsigned gateway)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TABLE; i++)
		n += w.gateways[gateway].table[i].opcode != NATPMP_ADDRESS;
	return n;
}

/* Held by two gateways */

static struct porter *hold_both(bool verify)
{
	struct porter_options o = {.gate_count = GATEWAYS};
	struct porter *p;

	for (unsigned i = 0; i < GATEWAYS; i++)
		o.gates[i] = (struct gate_config){
			.map = {.gateway = gateway_addr(i),
				.internal = our_addr(8080),
				.ip_protocol = 6,
				.external_port = (uint16_t)(8080 + i),
				.lifetime_s = 3600,
				.protocols = PORTMAP_ALL,
				.nonce = {1},
				.limit = NK_S},
			.verify = verify,
		};
	p = porter_new(&o, seed);
	begin(&porter_ops, p);
	return p;
}

/* Return: true if such an event comes; those before it are dropped. */
static bool comes(struct porter *p, unsigned gate, enum gate_state state)
{
	struct porter_event e;

	while (porter_event(p, &e))
		if (e.gate == gate && e.now.state == state)
			return true;
	return false;
}

static void holds_by_two_gateways(void **state)
{
	struct porter *p = hold_both(true);

	(void)state;
	pass(5 * NK_S);
	assert_int_equal(porter_gate(p, 0)->state, GATE_UNVERIFIED);
	assert_int_equal(porter_gate(p, 1)->state, GATE_UNVERIFIED);
	assert_int_equal(porter_gate(p, 1)->mapping.external.port, 8081);
	assert_int_equal(entries_of(0) + entries_of(1), 2);
	assert_true(comes(p, 1, GATE_UNVERIFIED));
	pass(2000 * NK_S);
	assert_true(porter_gate(p, 0)->mapping.renewals >= 1);
	assert_true(comes(p, 0, GATE_UNVERIFIED)); /* that it was renewed is an event, too */
	say(EVENT_STOP);
	pass(10 * NK_S);
	assert_int_equal(porter_ops.status(p), CORE_DONE);
	assert_int_equal(entries_of(0) + entries_of(1), 0);
	assert_true(comes(p, 0, GATE_REMOVED));
	porter_free(p);
}

static void one_gateway_of_two_is_enough(void **state)
{
	struct porter *p = hold_both(false);

	(void)state;
	w.gateways[0].speaks = false;
	pass(10 * NK_S);
	assert_true(comes(p, 0, GATE_FAILED));
	assert_int_equal(porter_gate(p, 1)->state, GATE_UNVERIFIED);
	assert_int_equal(porter_ops.status(p), CORE_BUSY);
	say(EVENT_STOP);
	pass(10 * NK_S);
	assert_int_equal(porter_ops.status(p), CORE_DONE);
	assert_int_equal(entries_of(1), 0);
	porter_free(p);
}

/* The gateway tells all hosts that it has begun anew (RFC 6886 section 3.2.1). */
static void announce(unsigned gateway)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = announced_socket(ANNOUNCED_V4),
		.from = addr_with_port(gateway_addr(gateway), PCP_PORT),
	};
	const struct natpmp_msg m = {.response = true,
				     .opcode = NATPMP_ADDRESS,
				     .epoch_s = epoch_of(&w.gateways[gateway]),
				     .has_body = true,
				     .external = w.gateways[gateway].external};
	uint8_t bytes[NATPMP_MAX] = {0};

	tell(0, &ev, bytes, natpmp_write(bytes, &m));
}

static void reboot(unsigned gateway)
{
	memset(w.gateways[gateway].table, 0, sizeof(w.gateways[gateway].table));
	w.gateways[gateway].booted = w.now;
}

static void an_announcement_brings_it_back(void **state)
{
	struct porter *p = hold_both(true);

	(void)state;
	pass(100 * NK_S);
	reboot(1);
	announce(1);
	pass(30 * NK_S); /* those who have lost mappings do not ask all at once */
	assert_int_equal(entries_of(1), 1);
	assert_int_equal(porter_gate(p, 1)->mapping.recreated, 1);
	assert_int_equal(porter_gate(p, 0)->mapping.recreated, 0);
	porter_free(p);
}

/* Watched */

static struct lookout *watch(void)
{
	struct lookout_options o = {
		.count = GATEWAYS, .protocols = PORTMAP_ALL, .interval = 60 * NK_S, .limit = NK_S};
	struct lookout *l;

	for (unsigned i = 0; i < GATEWAYS; i++) {
		o.gateways[i] = gateway_addr(i);
		o.locals[i] = our_addr(0);
	}
	l = lookout_new(&o, seed, w.now);
	begin(&lookout_ops, l);
	return l;
}

static unsigned count_of(struct lookout *l, unsigned gateway, enum lookout_kind kind)
{
	struct lookout_event e;
	unsigned n = 0;

	while (lookout_event(l, &e))
		n += e.gateway == gateway && e.kind == kind;
	return n;
}

static void watches_what_changes(void **state)
{
	struct lookout *l;
	struct lookout_event e;

	(void)state;
	w.gateways[1].speaks = false;
	l = watch();
	pass(30 * NK_S);
	assert_true(lookout_event(l, &e));
	assert_int_equal(e.kind, LOOKOUT_THERE);
	assert_int_equal(e.protocol, PORTMAP_NAT_PMP);
	assert_true(addr_same_ip(&e.external, &w.gateways[0].external));
	assert_int_equal(count_of(l, 1, LOOKOUT_NONE), 1);
	pass(600 * NK_S);
	assert_false(lookout_event(l, &e)); /* nothing happens */
	w.gateways[0].external = addr_v4(198, 51, 100, 77, 0);
	w.gateways[1].speaks = true;
	pass(90 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_ADDRESS), 1);
	w.gateways[1].speaks = false;
	pass(90 * NK_S);
	assert_int_equal(count_of(l, 1, LOOKOUT_GONE), 1);
	say(EVENT_STOP);
	pass(NK_S);
	assert_int_equal(w.ops->status(w.core), CORE_DONE);
	lookout_free(l);
}

/* The machine is in another network: the gateway there is watched, from our address there. */
static void watches_where_it_has_moved(void **state)
{
	struct lookout_options o = {.count = 1,
				    .protocols = PORTMAP_ALL,
				    .interval = 60 * NK_S,
				    .limit = NK_S,
				    .gateways = {gateway_addr(0)},
				    .locals = {our_addr(0)}};
	const struct addr other = addr_v4(192, 0, 2, 11, 0), to = gateway_addr(1);
	struct lookout *l = lookout_new(&o, seed, w.now);
	struct lookout_event e;

	(void)state;
	begin(&lookout_ops, l);
	pass(10 * NK_S);
	count_of(l, 0, LOOKOUT_THERE);
	lookout_move(l, 0, &o.gateways[0], &other, w.now);
	pass(5 * NK_S);
	assert_true(addr_same_ip(&lookout_gateway(l, 0)->local, &other));
	assert_false(lookout_event(l, &e)); /* the gateway is the same */
	pass(58 * NK_S);
	lookout_move(l, 0, &to, &other, w.now); /* in mid-round */
	assert_true(lookout_event(l, &e));
	assert_int_equal(e.kind, LOOKOUT_GONE);
	assert_true(addr_same_ip(&e.address, &o.gateways[0]));
	pass(5 * NK_S);
	assert_true(lookout_event(l, &e));
	assert_int_equal(e.kind, LOOKOUT_THERE);
	assert_true(addr_same_ip(&e.address, &to));
	assert_true(addr_same_ip(&e.external, &w.gateways[1].external));
	lookout_move(l, 0, &o.gateways[0], &other, w.now);
	say(EVENT_STOP);
	pass(NK_S);
	assert_int_equal(w.ops->status(w.core), CORE_DONE);
	lookout_free(l);
}

/* Not to be told of an address is not another address, nor is the same one told again. */
static void no_address_is_no_other_address(void **state)
{
	struct lookout *l = watch();
	const struct addr external = w.gateways[0].external;

	(void)state;
	pass(10 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_THERE), 1);
	w.gateways[0].external = addr_v4(0, 0, 0, 0, 0);
	pass(120 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_ADDRESS), 0);
	w.gateways[0].external = external;
	pass(120 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_ADDRESS), 0);
	w.gateways[0].external = addr_v4(198, 51, 100, 77, 0);
	pass(120 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_ADDRESS), 1);
	lookout_free(l);
}

/* All that one start makes a gateway say, at once and in the seconds after it. */
static void one_start_is_told_once(void **state)
{
	struct lookout *l = watch();
	struct lookout_event e;
	unsigned announced = 0, lost = 0;

	(void)state;
	pass(10 * NK_S);
	count_of(l, 0, LOOKOUT_THERE);
	reboot(0);
	for (unsigned i = 0; i < 24; i++) {
		announce(0);
		if (i >= 14)
			pass(2 * NK_S);
	}
	pass(5 * NK_S);
	while (lookout_event(l, &e)) {
		announced += e.kind == LOOKOUT_ANNOUNCED;
		lost += e.kind == LOOKOUT_LOST;
	}
	assert_int_equal(announced, 1);
	assert_int_equal(lost, 1);
	lookout_free(l);
}

static void an_announcement_is_looked_into_at_once(void **state)
{
	struct lookout *l = watch();
	const unsigned before = w.gateways[0].asked;

	(void)state;
	pass(10 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_THERE), 1);
	reboot(0);
	announce(0);
	pass(5 * NK_S);
	assert_int_equal(count_of(l, 0, LOOKOUT_LOST), 1);
	assert_true(w.gateways[0].asked > before);
	lookout_free(l);
}

/* A flood of announcements, which anyone on the link can forge, makes few questions. */
static void forged_announcements_are_no_lever(void **state)
{
	struct lookout *l = watch();
	unsigned before;

	(void)state;
	pass(10 * NK_S);
	before = w.gateways[0].asked;
	for (unsigned i = 0; i < 1000; i++) {
		announce(0);
		pass(10 * NK_MS);
	}
	assert_in_range(w.gateways[0].asked - before, 1, 12); /* in ten seconds */
	assert_in_range(count_of(l, 0, LOOKOUT_ANNOUNCED), 1, 6);
	lookout_free(l);
}

/* Listed */

static void lists_until_there_is_no_more(void **state)
{
	struct lister_options o = {.gateways = {gateway_addr(0), gateway_addr(1)},
				   .locals = {our_addr(0), our_addr(0)},
				   .count = 2,
				   .protocols = PORTMAP_ALL,
				   .limit = NK_S,
				   .upnp = true};
	const struct lister_entry *entries;
	struct lister *l;
	unsigned count;
	bool cut;

	(void)state;
	w.upnp = true;
	l = lister_new(&o, seed, w.now);
	begin(&lister_ops, l);
	pass(30 * NK_S);
	assert_int_equal(w.ops->status(l), CORE_DONE);
	entries = lister_entries(l, &count, &cut);
	assert_int_equal(count, 3);
	assert_false(cut);
	assert_int_equal(w.listed, 4);
	assert_int_equal(entries[2].gateway, 0);
	assert_int_equal(entries[2].external_port, 9002);
	assert_string_equal(entries[2].description, "entry 2");
	assert_true(lister_gateway(l, 1)->offer[PORTMAP_NAT_PMP].answers);
	assert_false(lister_gateway(l, 1)->offer[PORTMAP_UPNP].answers);
	lister_free(l);
}

/* Closed */

static void closes_what_it_is_told(void **state)
{
	static struct closer_job jobs[12];
	struct closer *c;

	(void)state;
	w.gateways[0].table[0] = (struct mapping){NATPMP_MAP_TCP, 8080, 8080};
	w.gateways[0].table[1] = (struct mapping){NATPMP_MAP_UDP, 8080, 8080};
	w.gateways[1].speaks = false;
	for (unsigned i = 0; i < 12; i++)
		jobs[i] = (struct closer_job){
			.map = {.gateway = gateway_addr(i == 11),
				.internal = our_addr((uint16_t)(i == 11 ? 8080 : 8080 + i)),
				.ip_protocol = 6,
				.protocols = PORTMAP_BIT(PORTMAP_NAT_PMP),
				.limit = NK_S},
			.protocol = PORTMAP_NAT_PMP,
			.external_port = 8080,
		};
	c = closer_new(jobs, 12, false, seed);
	begin(&closer_ops, c);
	pass(60 * NK_S);
	assert_int_equal(w.ops->status(c), CORE_DONE);
	for (unsigned i = 0; i < 11; i++)
		assert_true(jobs[i].done && !jobs[i].left);
	assert_true(jobs[11].done && jobs[11].left); /* its gateway is silent */
	assert_int_not_equal(jobs[11].why, PORTMAP_OK);
	assert_null(find(&w.gateways[0], NATPMP_MAP_TCP, 8080));
	assert_non_null(find(&w.gateways[0], NATPMP_MAP_UDP, 8080)); /* is another's */
	closer_free(c);
}

static void what_is_not_begun_is_not_done(void **state)
{
	struct closer_job job = {.map = {.gateway = gateway_addr(0),
					 .internal = our_addr(8080),
					 .ip_protocol = 6,
					 .limit = NK_S},
				 .protocol = PORTMAP_NAT_PMP};
	struct closer *c = closer_new(&job, 1, false, seed);

	(void)state;
	begin(&closer_ops, c);
	say(EVENT_STOP);
	pass(NK_S);
	assert_int_equal(w.ops->status(c), CORE_DONE);
	assert_false(job.done);
	assert_int_equal(w.gateways[0].asked, 0);
	closer_free(c);
}

/* The worker may still be at what was asked of it before, by whoever has given up waiting. */
static void takes_no_answer_of_others(void **state)
{
	struct closer_job job = {.map = {.gateway = gateway_addr(0),
					 .internal = our_addr(8080),
					 .ip_protocol = 6,
					 .protocols = PORTMAP_BIT(PORTMAP_UPNP),
					 .limit = NK_S},
				 .protocol = PORTMAP_UPNP,
				 .external_port = 8080};
	struct closer *c = closer_new(&job, 1, true, seed);

	(void)state;
	w.upnp = true;
	w.late = 1;
	begin(&closer_ops, c);
	pass(60 * NK_S);
	assert_int_equal(w.ops->status(c), CORE_DONE);
	assert_true(w.late > 1);
	assert_true(job.done && job.left);
	closer_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(holds_by_two_gateways, reset),
		cmocka_unit_test_setup(one_gateway_of_two_is_enough, reset),
		cmocka_unit_test_setup(an_announcement_brings_it_back, reset),
		cmocka_unit_test_setup(watches_what_changes, reset),
		cmocka_unit_test_setup(watches_where_it_has_moved, reset),
		cmocka_unit_test_setup(no_address_is_no_other_address, reset),
		cmocka_unit_test_setup(one_start_is_told_once, reset),
		cmocka_unit_test_setup(an_announcement_is_looked_into_at_once, reset),
		cmocka_unit_test_setup(forged_announcements_are_no_lever, reset),
		cmocka_unit_test_setup(lists_until_there_is_no_more, reset),
		cmocka_unit_test_setup(closes_what_it_is_told, reset),
		cmocka_unit_test_setup(what_is_not_begun_is_not_done, reset),
		cmocka_unit_test_setup(takes_no_answer_of_others, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
