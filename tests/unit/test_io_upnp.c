/* The UPnP worker before gateways of all sorts: what it says, how long it takes, and what it leaves behind. */
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>

#include "igd_rig.h"
#include "io/clock.h"
#include "io/upnp.h"
#include "wire/upnp_msg.h"

#define OURS   "192.0.2.20"
#define LATEST (60 * NK_S) /* of an answer, whatever the gateway does, even if we are stalled */
#define TRIES  5           /* of what is soon over, as we may be stalled */

/* Where memory ends, a sanitizer ends the process that asked. */
#ifdef __SANITIZE_ADDRESS__
#define TOO_LARGE UPNP_RESULT_GARBAGE
#else
#define TOO_LARGE UPNP_RESULT_TOO_LARGE
#endif

/* A gateway, and the worker before it. */
struct rig {
	struct igd_rig igd;
	struct upnp_worker worker;
};

static struct rig rig_new(enum igd_oddity odd)
{
	struct rig t = {.igd = igd_rig_new(odd)};

	assert_int_equal(upnp_worker_start(&t.worker), 0);
	return t;
}

static void rig_free(struct rig *t)
{
	upnp_worker_stop(&t->worker);
	assert_int_equal(t->worker.fd, -1);
	igd_rig_free(&t->igd);
}

static struct upnp_request make(const struct rig *t, enum upnp_op op)
{
	struct upnp_request q = {
		.id = 77,
		.op = op,
		.protocol = IPPROTO_TCP,
		.external_port = 4000,
		.lifetime_s = 3600,
		.description = "natkit",
	};

	snprintf(q.location, sizeof(q.location), "http://127.0.0.1:%u/d.xml", t->igd.port);
	assert_int_equal(addr_parse(&q.client, OURS, 4001), 0);
	return q;
}

static void tell(const struct rig *t, const struct upnp_request *q)
{
	uint8_t record[UPNP_MSG_MAX];
	const size_t len = upnp_request_write(record, q);

	assert_int_equal(send(t->worker.fd, record, len, MSG_NOSIGNAL), len);
}

static struct upnp_reply ask(const struct rig *t, const struct upnp_request *q)
{
	struct pollfd fd = {.fd = t->worker.fd, .events = POLLIN};
	uint8_t record[UPNP_MSG_MAX];
	struct upnp_reply a = {.id = 0};
	ssize_t n;

	tell(t, q);
	assert_int_equal(poll(&fd, 1, (int)(LATEST / NK_MS)), 1);
	n = recv(t->worker.fd, record, sizeof(record), 0);
	assert_true(n > 0);
	assert_int_equal(upnp_reply_read(&a, record, (size_t)n), 0);
	assert_int_equal(a.id, q->id);
	assert_int_equal(a.op, q->op);
	return a;
}

static uint16_t ask_simply(const struct rig *t, enum upnp_op op)
{
	const struct upnp_request q = make(t, op);

	return ask(t, &q).result;
}

static uint16_t add_held(const struct rig *t)
{
	struct upnp_request q = make(t, UPNP_ADD);

	q.hold = true;
	return ask(t, &q).result;
}

/* A mapping that the gateway has, before we come. */
static void give(struct rig *t, const char *client, uint16_t port)
{
	strcpy(t->igd.state->client, client);
	t->igd.state->port = port;
	t->igd.state->external = 4000;
}

static void it_describes(void **state)
{
	const struct addr external = addr_v4(192, 0, 2, 7, 0);
	struct rig t = rig_new(IGD_PLAIN);
	const struct upnp_request q = make(&t, UPNP_DESCRIBE);
	const struct upnp_reply a = ask(&t, &q);

	(void)state;
	assert_int_equal(a.result, UPNP_RESULT_OK);
	assert_true(a.connected);
	assert_false(a.pinholes);
	assert_int_equal(a.igd, 2);
	assert_true(addr_eq(&a.external, &external));
	assert_string_equal(a.device, "A router, M 1");
	rig_free(&t);
}

static void it_adds_gets_and_deletes(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);
	const struct upnp_request get = make(&t, UPNP_GET), add = make(&t, UPNP_ADD);
	struct upnp_reply a;

	(void)state;
	assert_int_equal(ask_simply(&t, UPNP_GET), 714);
	a = ask(&t, &add);
	assert_int_equal(a.result, UPNP_RESULT_OK);
	assert_int_equal(a.external.port, 4000);
	assert_int_equal(a.lifetime_s, 3600);
	assert_int_equal(t.igd.state->external, 4000);
	a = ask(&t, &get);
	assert_int_equal(a.result, UPNP_RESULT_OK);
	assert_true(addr_eq(&a.client, &get.client));
	assert_int_equal(a.external.port, 4000);
	assert_int_equal(a.lifetime_s, 3600);
	assert_string_equal(a.description, "natkit");
	assert_int_equal(ask_simply(&t, UPNP_ADD), UPNP_RESULT_OK); /* once more: renewed */
	assert_int_equal(ask_simply(&t, UPNP_DELETE), UPNP_RESULT_OK);
	assert_int_equal(t.igd.state->external, 0);
	rig_free(&t);
}

static void what_others_have_stays(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);

	(void)state;
	give(&t, "192.0.2.21", 4001);
	assert_int_equal(add_held(&t), 718);
	assert_int_equal(ask_simply(&t, UPNP_DELETE), 718);
	give(&t, OURS, 4002); /* another program's of ours */
	assert_int_equal(add_held(&t), 718);
	assert_int_equal(ask_simply(&t, UPNP_ADD_ANY), 718);
	assert_int_equal(ask_simply(&t, UPNP_DELETE), 718);
	give(&t, OURS, 4001); /* the same port, which another program has opened */
	strcpy(t.igd.state->description, "theirs");
	assert_int_equal(add_held(&t), 718);
	assert_string_equal(t.igd.state->description, "theirs");
	assert_int_equal(ask_simply(&t, UPNP_DELETE), 729); /* or ours, by another name */
	assert_int_equal(t.igd.state->external, 4000);
	t.igd.state->odd = IGD_FORGETFUL; /* nobody knows */
	assert_int_equal(ask_simply(&t, UPNP_DELETE), 501);
	rig_free(&t);
}

/* The worker is not waited for as long as removals may take. */
static void assert_removed(const struct igd_rig *g)
{
	const nk_time end = clock_monotonic() + LATEST;

	while (g->state->external != 0 && clock_monotonic() < end)
		usleep(1000);
	assert_int_equal(g->state->external, 0);
}

/* The rig's state is looked at after the worker has ended, and before the gateway does. */
static void assert_after_the_line_broke(struct rig *t, unsigned external)
{
	upnp_worker_stop(&t->worker);
	if (external == 0)
		assert_removed(&t->igd);
	assert_int_equal(t->igd.state->external, external);
	igd_rig_free(&t->igd);
}

static void what_was_held_goes_with_the_line(void **state)
{
	static const enum igd_oddity odd[] = {IGD_PLAIN, IGD_FORGETFUL};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig t = rig_new(odd[i]);

		assert_int_equal(add_held(&t), UPNP_RESULT_OK);
		assert_int_equal(t.igd.state->external, 4000);
		assert_after_the_line_broke(&t, 0);
	}
}

static void what_was_not_held_stays(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);

	(void)state;
	assert_int_equal(ask_simply(&t, UPNP_ADD), UPNP_RESULT_OK);
	assert_after_the_line_broke(&t, 4000);

	t = rig_new(IGD_PLAIN);
	assert_int_equal(add_held(&t), UPNP_RESULT_OK);
	assert_int_equal(ask_simply(&t, UPNP_ADD), UPNP_RESULT_OK); /* and then detached */
	assert_after_the_line_broke(&t, 4000);

	t = rig_new(IGD_PLAIN);
	assert_int_equal(add_held(&t), UPNP_RESULT_OK);
	give(&t, "192.0.2.21", 4001); /* another has it now */
	assert_after_the_line_broke(&t, 4000);
}

/* One worker serves several gateways, of which each may have the same port open. */
static void gateways_are_told_apart(void **state)
{
	struct igd_rig second =
		igd_rig_new_at(IGD_PLAIN, 2); /* before there is a line to inherit */
	struct rig t = rig_new(IGD_PLAIN);
	struct upnp_request q = make(&t, UPNP_ADD);

	(void)state;
	q.hold = true;
	assert_int_equal(ask(&t, &q).result, UPNP_RESULT_OK);
	snprintf(q.location, sizeof(q.location), "http://127.0.0.2:%u/d.xml", second.port);
	strcpy(second.state->client, OURS);
	strcpy(second.state->description, "theirs");
	second.state->port = 4001;
	second.state->external = 4000;
	assert_int_equal(ask(&t, &q).result, 718); /* ours is the first one's only */
	second.state->external = 0;
	assert_int_equal(ask(&t, &q).result, UPNP_RESULT_OK);
	upnp_worker_stop(&t.worker);
	assert_removed(&t.igd);
	assert_removed(&second);
	igd_rig_free(&t.igd);
	igd_rig_free(&second);
}

static void what_was_done_in_silence_goes_too(void **state)
{
	struct rig t = rig_new(IGD_DEAF);

	(void)state;
	assert_int_equal(add_held(&t), UPNP_RESULT_SLOW);
	assert_int_equal(t.igd.state->external, 4000);
	assert_after_the_line_broke(&t, 0);
}

/* Some gateways name entries as they like: what was opened by this run is closed by it all the same. */
static void ours_is_closed_by_any_name(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);

	(void)state;
	assert_int_equal(ask_simply(&t, UPNP_ADD), UPNP_RESULT_OK); /* to be detached */
	strcpy(t.igd.state->description, "a web server");
	assert_int_equal(ask_simply(&t, UPNP_DELETE), UPNP_RESULT_OK);
	assert_int_equal(t.igd.state->external, 0);
	rig_free(&t);
}

/* Some gateways name entries as they like: what was opened by this run is renewed all the same. */
static void ours_is_renewed_by_any_name(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);

	(void)state;
	assert_int_equal(add_held(&t), UPNP_RESULT_OK);
	strcpy(t.igd.state->description, "a name");
	assert_int_equal(add_held(&t), UPNP_RESULT_OK);
	strcpy(t.igd.state->description, "nat");
	assert_int_equal(ask_simply(&t, UPNP_ADD), UPNP_RESULT_OK); /* let go */
	strcpy(t.igd.state->description, "nat");
	assert_int_equal(ask_simply(&t, UPNP_ADD), UPNP_RESULT_OK); /* cut short */
	rig_free(&t);
}

static void permanent_leases_are_told(void **state)
{
	struct rig t = rig_new(IGD_PERMANENT);
	struct upnp_request q = make(&t, UPNP_ADD);

	(void)state;
	assert_int_equal(ask(&t, &q).result, 725);
	q.lifetime_s = 0;
	assert_int_equal(ask(&t, &q).result, UPNP_RESULT_OK);
	assert_int_equal(t.igd.state->lease, 0);
	rig_free(&t);
}

static void oddities_have_names(void **state)
{
	static const struct {
		enum igd_oddity odd;
		enum upnp_op op;
		uint16_t result;
	} cases[] = {
		{IGD_ELSEWHERE, UPNP_DESCRIBE, UPNP_RESULT_ELSEWHERE},
		{IGD_ELSEWHERE, UPNP_ADD, UPNP_RESULT_ELSEWHERE},
		{IGD_NO_IGD, UPNP_DESCRIBE, UPNP_RESULT_NOT_IGD},
		{IGD_ENDLESS, UPNP_DESCRIBE, TOO_LARGE},
		{IGD_DRIPS, UPNP_DESCRIBE, UPNP_RESULT_SLOW},
		{IGD_RUBBISH, UPNP_ADD, UPNP_RESULT_GARBAGE},
		{IGD_LIAR, UPNP_ADD, UPNP_RESULT_GARBAGE},
		{IGD_PLAIN, UPNP_ADD_ANY, 401},
		{IGD_PLAIN, UPNP_PINHOLE_ADD, UPNP_RESULT_NOT_IGD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig t = rig_new(cases[i].odd);

		print_message("oddity %d, request %d\n", cases[i].odd, cases[i].op);
		assert_int_equal(ask_simply(&t, cases[i].op), cases[i].result);
		t.igd.state->odd = IGD_PLAIN; /* it is none the worse for it */
		if (cases[i].odd != IGD_DRIPS)
			assert_int_equal(ask_simply(&t, UPNP_GET), 714);
		rig_free(&t);
	}
}

static void names_are_not_looked_up(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);
	struct upnp_request q = make(&t, UPNP_DESCRIBE);

	(void)state;
	snprintf(q.location, sizeof(q.location), "http://localhost:%u/d.xml", t.igd.port);
	assert_int_equal(ask(&t, &q).result, UPNP_RESULT_ELSEWHERE);
	rig_free(&t);
}

static void nobody_is_silent(void **state)
{
	struct rig t = rig_new(IGD_PLAIN);

	(void)state;
	kill(t.igd.pid, SIGKILL);
	waitpid(t.igd.pid, NULL, 0);
	assert_int_equal(ask_simply(&t, UPNP_DESCRIBE), UPNP_RESULT_SILENT);
	rig_free(&t);
}

static nk_time end_of(struct rig *t)
{
	const nk_time begun = clock_monotonic();

	rig_free(t);
	return clock_monotonic() - begun;
}

static nk_time end_of_a_look(void)
{
	struct rig t = rig_new(IGD_DRIPS);
	const struct upnp_request q = make(&t, UPNP_DESCRIBE);

	tell(&t, &q);
	return end_of(&t);
}

static void a_look_does_not_keep_us(void **state)
{
	(void)state;
	for (unsigned i = 0; end_of_a_look() >= 2 * NK_S; i++)
		assert_true(i < TRIES);
}

static nk_time end_of_a_removal(void)
{
	struct rig t = rig_new(IGD_PLAIN);

	assert_int_equal(add_held(&t), UPNP_RESULT_OK);
	t.igd.state->odd = IGD_DRIPS;
	return end_of(&t);
}

/* What a gateway takes its time for is done without us. */
static void a_removal_does_not_keep_us_for_long(void **state)
{
	(void)state;
	for (unsigned i = 0; end_of_a_removal() >= 3 * NK_S; i++)
		assert_true(i < TRIES);
}

/* Whoever waits for the end of what we print does not wait for the worker. */
static void it_keeps_nothing_of_ours(void **state)
{
	struct upnp_worker worker;
	int line[2];
	char c;

	(void)state;
	assert_int_equal(pipe(line), 0);
	assert_int_equal(upnp_worker_start(&worker), 0);
	close(line[1]);
	assert_int_equal(read(line[0], &c, 1), 0);
	close(line[0]);
	upnp_worker_stop(&worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_describes),
		cmocka_unit_test(it_adds_gets_and_deletes),
		cmocka_unit_test(what_others_have_stays),
		cmocka_unit_test(what_was_held_goes_with_the_line),
		cmocka_unit_test(what_was_not_held_stays),
		cmocka_unit_test(gateways_are_told_apart),
		cmocka_unit_test(what_was_done_in_silence_goes_too),
		cmocka_unit_test(ours_is_renewed_by_any_name),
		cmocka_unit_test(ours_is_closed_by_any_name),
		cmocka_unit_test(permanent_leases_are_told),
		cmocka_unit_test(oddities_have_names),
		cmocka_unit_test(names_are_not_looked_up),
		cmocka_unit_test(nobody_is_silent),
		cmocka_unit_test(a_look_does_not_keep_us),
		cmocka_unit_test(a_removal_does_not_keep_us_for_long),
		cmocka_unit_test(it_keeps_nothing_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
