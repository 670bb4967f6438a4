/* A mapping by UPnP: leases without an end, ports of others, a worker that fails, and the line to it. */
#include "portmap_rig.h"

static void start(struct rig *r)
{
	r->config.protocols = PORTMAP_BIT(PORTMAP_UPNP);
	rig_start(r);
	rig_pass(r, 500 * NK_MS);
}

/* Error 725: it does not end by itself, so we look now and then whether it is there, and remove it. */
static void test_only_permanent(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.only_permanent = true;
	start(&r);
	assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	assert_int_equal(rig_result(&r)->lease_s, 0);
	assert_true(rig_result(&r)->expires == NK_NEVER);
	rig_reboot(&r);
	rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
	assert_int_equal(rig_mappings(&r), 1);
	assert_int_equal(rig_result(&r)->recreated, 1);
	rig_end_clean(&r);
}

/* The gateway has begun anew, and its description is elsewhere: it is searched for. */
static void test_other_location(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.only_permanent = true;
	start(&r);
	rig_reboot(&r);
	r.location = "http://192.0.2.1:6666/desc.xml";
	rig_run(&r, rig_result(&r)->renew_at + 10 * NK_S);
	assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	assert_int_equal(rig_mappings(&r), 1);
	assert_int_equal(rig_result(&r)->recreated, 1);
	rig_end_clean(&r);
}

/* What is to outlive us must end by itself. */
static void test_no_permanent_detached(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned silent = 0; silent < 2; silent++) {
		rig_init(&r);
		r.only_permanent = !silent;
		r.gives_lease = silent; /* of 0, though another was asked for */
		r.config.detach = true;
		start(&r);
		assert_int_equal(r.requests[RIG_IGD], silent ? 2 : 1); /* and a removal */
		rig_check_failed(&r, PORTMAP_LEASE_REFUSED);
	}
}

static void test_no_lease_at_all(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.igd_result = 725;
	start(&r);
	assert_int_equal(r.requests[RIG_IGD], 2);
	assert_int_equal(r.last_igd.lifetime_s, 0);
	rig_check_failed(&r, PORTMAP_LEASE_REFUSED);
}

/* Whatever lease was asked for, what the gateway says that there is counts. */
static void test_other_lease(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.gives_lease = true;
	r.give_lease = 60;
	start(&r);
	assert_in_range(rig_result(&r)->lease_s, 59, 60);
	rig_pass(&r, 600 * NK_S);
	assert_int_equal(rig_result(&r)->state, PORTMAP_HELD);
	assert_int_equal(rig_result(&r)->recreated, 0);
	rig_end_clean(&r);
}

/* Not all that call themselves version 2 are. */
static void test_no_add_any(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.igd = 2;
	r.igd_result = 401;
	start(&r);
	assert_int_equal(r.requests[RIG_IGD], 2);
	assert_int_equal(r.last_igd.op, UPNP_ADD);
	rig_check_failed(&r, PORTMAP_UNSUPPORTED);
}

static void test_gives_port_0(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.igd = 2;
	r.gives_port = true;
	start(&r);
	rig_check_failed(&r, PORTMAP_LIED);
}

/* All ports are taken, it says: there is an end to our tries. */
static void test_endless_conflict(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.igd_result = 718;
	start(&r);
	assert_in_range(r.requests[RIG_IGD], 5, 10);
	rig_check_failed(&r, PORTMAP_CONFLICT);

	rig_init(&r);
	r.igd_result = 724;
	start(&r);
	rig_check_failed(&r, PORTMAP_REFUSED);
}

/* The gateway has agreed, but nothing is there, or another's: that one is not touched. */
static void test_agrees_in_vain(void **state)
{
	const struct addr other = addr_v4(192, 0, 2, 66, 8081);
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_put(&r, 6, &other, 8080, 3600);
	r.igd_result = UPNP_RESULT_GARBAGE;
	start(&r);
	assert_int_equal(rig_result(&r)->state, PORTMAP_FAILED);
	assert_int_equal(rig_result(&r)->why, PORTMAP_LIED);
	assert_false(rig_result(&r)->left_behind);
	assert_true(addr_eq(&rig_at_port(&r, 8080)->client, &other));
	rig_end(&r);
}

/* The worker's result is not known: a mapping may be there, and is removed. */
static void test_slow(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.igd_result = UPNP_RESULT_SLOW;
	rig_put(&r, 6, &r.config.internal, 8080, 3600); /* in truth it has been made */
	start(&r);
	rig_check_failed(&r, PORTMAP_TIMED_OUT);
}

static void test_broken_worker(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.broken_worker = true;
	start(&r);
	assert_int_equal(rig_result(&r)->tried[PORTMAP_UPNP], PORTMAP_SILENT);
	rig_check_failed(&r, PORTMAP_SILENT);

	/* In the middle: it has removed what was held, which we cannot see. */
	rig_init(&r);
	start(&r);
	r.broken_worker = true;
	rig_release(&r);
	assert_true(rig_result(&r)->left_behind);
	rig_end(&r);
}

/* Released while it works on an answer: that tells what is to be removed; but we do not wait for ever. */
static void test_mute_worker(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.mute_worker = true;
	start(&r);
	assert_int_equal(rig_result(&r)->state, PORTMAP_ASKING);
	portmap_release(r.p, r.now);
	rig_pass(&r, 4900 * NK_MS);
	assert_int_equal(portmap_status(r.p), CORE_BUSY);
	rig_pass(&r, 200 * NK_MS);
	assert_int_equal(portmap_status(r.p), CORE_DONE);
	assert_true(rig_result(&r)->left_behind);
	rig_end(&r);
}

/* A location elsewhere is not gone to. */
static void test_location_elsewhere(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.location = "http://198.51.100.66/desc.xml";
	start(&r);
	rig_pass(&r, 4 * NK_S);
	assert_false(r.line.open);
	rig_check_failed(&r, PORTMAP_LIED);
}

static void test_pinhole_renewed(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.config.gateway = (struct addr){.ip = {0xfe, 0x80, [15] = 1}};
	r.config.internal = (struct addr){.ip = {0x20, 1, 0x0d, 0xb8, [15] = 9}, .port = 8080};
	r.location = "http://[fe80::1]:5555/desc.xml";
	r.pinholes = true;
	start(&r);
	rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
	assert_int_equal(r.last_igd.op, UPNP_PINHOLE_UPDATE);
	assert_int_equal(rig_result(&r)->renewals, 1);
	rig_reboot(&r);
	rig_run(&r, rig_result(&r)->renew_at + 100 * NK_MS);
	assert_int_equal(r.last_igd.op, UPNP_PINHOLE_ADD);
	assert_int_equal(rig_result(&r)->recreated, 1);
	assert_int_equal(rig_result(&r)->pinhole, 2);
	rig_end_clean(&r);
}

static struct event reply_event(uint8_t *out, uint32_t id, enum upnp_op op, uint16_t result)
{
	const struct upnp_reply a = {.id = id, .op = op, .result = result};

	return (struct event){.kind = EVENT_STREAM_DATA,
			      .id = RIG_STREAM,
			      .data = out,
			      .len = upnp_reply_write(out, &a)};
}

/* Turns until nothing more is to be done. Return: requests that were sent. */
static unsigned turn(struct upnp_line *l)
{
	struct action a;
	unsigned sent = 0;

	while (upnp_line_output(l, &a)) {
		if (a.kind == ACTION_OPEN)
			upnp_line_input(l, &(struct event){.kind = EVENT_OPENED, .id = RIG_STREAM});
		sent += a.kind == ACTION_SEND;
	}
	return sent;
}

/* One request at a time, and each answer is its asker's. */
static void test_line(void **state)
{
	const struct upnp_request get = {.op = UPNP_GET};
	uint8_t bytes[UPNP_MSG_MAX];
	struct upnp_line l;
	struct upnp_reply r;
	struct event ev;
	uint32_t a, b;

	(void)state;
	upnp_line_init(&l, RIG_STREAM);
	assert_int_equal(turn(&l), 0);
	assert_false(l.open); /* nobody needs it yet */
	a = upnp_line_ask(&l, &get);
	b = upnp_line_ask(&l, &get);
	assert_int_equal(turn(&l), 1);
	ev = reply_event(bytes, b, UPNP_GET, 0); /* not its turn */
	assert_true(upnp_line_input(&l, &ev));
	assert_false(upnp_line_take(&l, b, &r));
	assert_int_equal(turn(&l), 0);
	ev = reply_event(bytes, a, UPNP_GET, 714);
	assert_true(upnp_line_input(&l, &ev));
	assert_false(upnp_line_take(&l, b, &r));
	assert_true(upnp_line_take(&l, a, &r));
	assert_int_equal(r.result, 714);
	assert_false(upnp_line_take(&l, a, &r));
	assert_int_equal(turn(&l), 1);
	/* What cannot be read is an answer all the same. */
	ev = (struct event){.kind = EVENT_STREAM_DATA, .id = RIG_STREAM, .data = bytes, .len = 3};
	assert_true(upnp_line_input(&l, &ev));
	assert_true(upnp_line_take(&l, b, &r));
	assert_int_equal(r.result, UPNP_RESULT_GARBAGE);
	ev.id = 1;
	assert_false(upnp_line_input(&l, &ev));
}

static void test_line_ends(void **state)
{
	static const enum event_kind ends[] = {EVENT_STREAM_END, EVENT_STREAM_GONE,
					       EVENT_SEND_FAILED};
	const struct upnp_request get = {.op = UPNP_GET};
	struct upnp_line l;
	struct upnp_reply r;
	uint32_t ids[UPNP_LINE_WAITING];

	(void)state;
	for (size_t e = 0; e < 3; e++) {
		upnp_line_init(&l, RIG_STREAM);
		for (unsigned i = 0; i < UPNP_LINE_WAITING; i++)
			assert_int_not_equal(ids[i] = upnp_line_ask(&l, &get), 0);
		assert_int_equal(upnp_line_ask(&l, &get), 0);
		turn(&l);
		assert_true(
			upnp_line_input(&l, &(struct event){.kind = ends[e], .id = RIG_STREAM}));
		for (unsigned i = UPNP_LINE_WAITING; i-- > 0;) {
			assert_true(upnp_line_take(&l, ids[i], &r));
			assert_int_equal(r.result, UPNP_RESULT_GONE);
		}
		assert_int_not_equal(upnp_line_ask(&l, &get), 0);
		assert_int_equal(turn(&l), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_permanent),
		cmocka_unit_test(test_other_location),
		cmocka_unit_test(test_no_permanent_detached),
		cmocka_unit_test(test_no_lease_at_all),
		cmocka_unit_test(test_other_lease),
		cmocka_unit_test(test_no_add_any),
		cmocka_unit_test(test_gives_port_0),
		cmocka_unit_test(test_endless_conflict),
		cmocka_unit_test(test_agrees_in_vain),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_broken_worker),
		cmocka_unit_test(test_mute_worker),
		cmocka_unit_test(test_location_elsewhere),
		cmocka_unit_test(test_pinhole_renewed),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_line_ends),
	};

	return cmocka_run_group_tests_name("portmap_upnp", tests, NULL, NULL);
}
