#include "core/call/natpunch.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/call/natpunch_state.h"

#define MAIN_STREAM  0u
#define TEST_TIMEOUT (10 * NK_S) /* of one tactic: but birthday takes longer */

struct natpunch *natpunch_new(const struct punch_options *options, const uint8_t seed[static 32])
{
	struct natpunch *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->options = options;
	n->status = CORE_BUSY;
	rng_seed(&n->rng, seed);
	forwards_init(&n->forwards, options, ID_FORWARDS);
	doors_init(&n->doors, &options->call.doors, ID_DOORS, NATPUNCH_UPNP, &n->rng);
	listen_prepare(n);
	return n;
}

void natpunch_free(struct natpunch *n)
{
	if (n == NULL)
		return;
	for (unsigned i = 0; i < n->slots; i++)
		call_free(n->talks[i].call);
	doors_free(&n->doors);
	registration_free(n->registration);
	survey_free(&n->survey);
	crypto_wipe(n, sizeof(*n));
	free(n);
}

static void ring_somebody(struct natpunch *n, const struct call_options *options, nk_time now)
{
	const struct punch_contact *who = &n->options->callee;
	struct talk *t = talk_begin(n, who, who->key);

	if (t != NULL)
		t->call = call_new_out(options, n->options->identity, who->key, n->options->broker,
				       &n->doors, talk_first_id(t->slot), &n->rng, now);
	if (t == NULL || t->call == NULL)
		natpunch_finish(n, CALL_FAILED);
	else
		natpunch_tell(n, t, (struct natpunch_event){.kind = NATPUNCH_CALLING}, now);
}

/* Each tactic in turn has a call to itself. */
static void test_next(struct natpunch *n, nk_time now)
{
	const struct call_options *o = &n->options->call;

	while (n->tests < TACTICS && (o->tactics & TACTIC_BIT(n->options->order[n->tests])) == 0)
		n->tests++;
	if (n->tests == TACTICS) {
		natpunch_finish(n, n->end);
		return;
	}
	n->testing = n->options->order[n->tests++];
	n->test_options = *o;
	n->test_options.tactics = TACTIC_BIT(n->testing);
	if (n->testing != TACTIC_BIRTHDAY)
		n->test_options.timeout = nk_min(o->timeout, TEST_TIMEOUT);
	ring_somebody(n, &n->test_options, now);
}

void natpunch_start(struct natpunch *n, nk_time now)
{
	const struct punch_options *o = n->options;

	if (o->mode == PUNCH_TEST)
		test_next(n, now);
	else if (o->mode == PUNCH_CALL)
		ring_somebody(n, &o->call, now);
	if (o->payload == PUNCH_FORWARD || o->mode == PUNCH_TEST || o->own_stream)
		return;
	pipe_open(&n->stream, MAIN_STREAM, o->payload);
	n->stream.read = o->payload == PUNCH_WHOLE;
}

void natpunch_finish(struct natpunch *n, enum call_end end)
{
	n->end = end;
	n->stopping = true;
	pipe_close(&n->stream);
}

static void stop(struct natpunch *n)
{
	for (unsigned i = 0; i < n->slots; i++) {
		if (n->talks[i].call != NULL)
			call_close(n->talks[i].call);
		pipe_close(&n->talks[i].own);
	}
	natpunch_finish(n, n->options->mode == PUNCH_LISTEN ? CALL_CLOSED : n->end);
}

/* Calls */

unsigned talk_free_slot(const struct natpunch *n)
{
	unsigned i = 0;

	if (n->spare.state == SPARE_OPEN)
		return n->spare.slot;
	while (i < NATPUNCH_CALLS_MAX && (talk_is_busy(&n->talks[i]) ||
					  (n->spare.state == SPARE_ASKED && n->spare.slot == i)))
		i++;
	return i;
}

struct talk *talk_begin(struct natpunch *n, const struct punch_contact *who,
			const uint8_t key[static 32])
{
	const unsigned slot = talk_free_slot(n);
	struct talk *t = &n->talks[slot];

	if (slot == NATPUNCH_CALLS_MAX)
		return NULL;
	if (slot >= n->slots)
		n->slots = slot + 1;
	memset(t, 0, sizeof(*t));
	t->slot = slot;
	t->number = ++n->numbers;
	t->who = who;
	memcpy(t->key, key, sizeof(t->key));
	return t;
}

uint32_t talk_first_id(unsigned slot)
{
	return ID_CALLS + slot * CALL_IDS;
}

bool talk_is_busy(const struct talk *t)
{
	return t->call != NULL || !pipe_is_closed(&t->own);
}

/* What the end of a call means for the run. */
static void call_is_over(struct natpunch *n, const struct talk *t, enum call_end end, nk_time now)
{
	if (n->options->mode == PUNCH_TEST) {
		natpunch_tell(n, t,
			      (struct natpunch_event){
				      .kind = NATPUNCH_TESTED, .tactic = n->testing, .end = end},
			      now);
		if (n->end != CALL_CLOSED)
			n->end = end;
		if (end == CALL_NO_BROKER)
			natpunch_finish(n, n->end);
		else if (!n->stopping)
			test_next(n, now);
	} else if (n->options->mode != PUNCH_LISTEN || (n->options->once && talk_carried(t))) {
		natpunch_finish(n, end);
	}
}

static enum call_end end_of(const struct natpunch *n, const struct talk *t,
			    const struct call_report *r)
{
	if (n->options->mode != PUNCH_SEND || r->end != CALL_CLOSED || t->acked)
		return r->end;
	return n->stopping ? CALL_NOT_OVER : CALL_LOST;
}

static void retire(struct natpunch *n, struct talk *t, nk_time now)
{
	struct call_report r;
	struct natpunch_event e = {.kind = NATPUNCH_CLOSED};

	call_report(t->call, &r);
	e.end = end_of(n, t, &r);
	natpunch_tell(n, t, e, now);
	natpunch_keep_report(n, t);
	call_free(t->call);
	t->call = NULL;
	forwards_forget(&n->forwards, t->slot);
	if (n->speaker == t)
		n->speaker = NULL;
	talk_end_stream(n, t);
	call_is_over(n, t, e.end, now);
}

/* Calls that are over and have nothing more to say. */
static bool retire_all(struct natpunch *n, nk_time now)
{
	bool any = false;

	for (unsigned i = 0; i < n->slots; i++) {
		if (n->talks[i].call == NULL || call_state(n->talks[i].call) != CALL_OVER)
			continue;
		retire(n, &n->talks[i], now);
		any = true;
	}
	return any;
}

/* Nobody is rung for a message that is too long. */
static void send_when_read(struct natpunch *n, nk_time now)
{
	const uint8_t *bytes;
	size_t len;

	if (n->numbers > 0 || n->stopping || !n->stream.in.ended)
		return;
	if (lines_next(&n->stream.in, &bytes, &len) != LINES_TOO_LONG) {
		ring_somebody(n, &n->options->call, now);
		return;
	}
	natpunch_tell(n, NULL, (struct natpunch_event){.kind = NATPUNCH_TOO_LONG, .p = (double)len},
		      now);
	natpunch_finish(n, CALL_FAILED);
}

static void turn_all(struct natpunch *n, nk_time now)
{
	if (n->options->mode == PUNCH_SEND)
		send_when_read(n, now);
	for (unsigned i = 0; i < n->slots; i++) {
		if (n->talks[i].call != NULL)
			talk_turn(n, &n->talks[i], now);
		else if (!pipe_is_closed(&n->talks[i].own))
			talk_drain(&n->talks[i]);
	}
}

/* Events */

static void streams_input(struct natpunch *n, const struct event *ev)
{
	if (ev->id == MAIN_STREAM) {
		pipe_input(&n->stream, ev);
		if (ev->kind == EVENT_STREAM_GONE && n->options->mode != PUNCH_SEND)
			stop(n);
	} else if (ev->id <= NATPUNCH_CALLS_MAX) {
		pipe_input(&n->talks[ev->id - 1].own, ev);
	}
}

static void forwards_event(struct natpunch *n, const struct event *ev, nk_time now)
{
	const int speaker = n->speaker != NULL ? (int)n->speaker->slot : -1;
	uint8_t datagram[CORE_DATAGRAM_MAX];
	unsigned slot;
	const size_t len = forwards_input(&n->forwards, ev, speaker, &slot, datagram, now);

	if (len > 0)
		talk_send_datagram(&n->talks[slot], datagram, len);
}

static void all_calls_input(struct natpunch *n, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i < n->slots; i++)
		if (n->talks[i].call != NULL)
			call_input(n->talks[i].call, ev, now);
}

static void calls_input(struct natpunch *n, const struct event *ev, nk_time now)
{
	const uint32_t slot = (ev->id - ID_CALLS) / CALL_IDS;

	if (slot < NATPUNCH_CALLS_MAX && n->talks[slot].call != NULL)
		call_input(n->talks[slot].call, ev, now);
}

/* To one of those who have ids of their own. */
static void sockets_input(struct natpunch *n, const struct event *ev, nk_time now)
{
	if (doors_input(&n->doors, ev, now) || natpunch_spare_input(n, ev, now))
		return;
	if (ev->id < NATPUNCH_STREAMS)
		streams_input(n, ev);
	else if (forwards_have(&n->forwards, ev->id))
		forwards_event(n, ev, now);
	else if (ev->id >= ID_CALLS)
		calls_input(n, ev, now);
}

void natpunch_input(struct natpunch *n, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_STOP) {
		stop(n);
	} else if (ev->kind == EVENT_RESUMED || ev->kind == EVENT_LINK_LOST) {
		doors_input(&n->doors, ev, now);
		all_calls_input(n, ev, now);
	} else {
		sockets_input(n, ev, now);
	}
	if (n->options->mode == PUNCH_LISTEN)
		listen_input(n, ev, now);
	turn_all(n, now);
}

static bool streams_output(struct natpunch *n, struct action *action)
{
	if (pipe_output(&n->stream, action))
		return true;
	for (unsigned i = 0; n->options->own_stream && i < n->slots; i++)
		if (pipe_output(&n->talks[i].own, action))
			return true;
	return false;
}

static bool calls_output(struct natpunch *n, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < n->slots; i++)
		if (n->talks[i].call != NULL && call_output(n->talks[i].call, action, now))
			return true;
	return false;
}

static bool all_is_closed(const struct natpunch *n)
{
	for (unsigned i = 0; i < n->slots; i++)
		if (talk_is_busy(&n->talks[i]))
			return false;
	return pipe_is_closed(&n->stream);
}

bool natpunch_output(struct natpunch *n, struct action *action, nk_time now)
{
	if (n->status != CORE_BUSY)
		return false;
	do {
		turn_all(n, now);
		if (streams_output(n, action) || forwards_output(&n->forwards, action) ||
		    calls_output(n, action, now) ||
		    (n->options->mode == PUNCH_LISTEN && listen_output(n, action, now)) ||
		    doors_output(&n->doors, action, now))
			return true;
	} while (retire_all(n, now));
	if (n->stopping && all_is_closed(n) && doors_are_closed(&n->doors))
		n->status = CORE_DONE;
	return false;
}

nk_time natpunch_deadline(const struct natpunch *n)
{
	nk_time at = n->options->mode == PUNCH_LISTEN ? listen_deadline(n) : NK_NEVER;

	for (unsigned i = 0; i < n->slots; i++)
		if (n->talks[i].call != NULL)
			at = nk_min(at, call_deadline(n->talks[i].call));
	return nk_min(at, doors_deadline(&n->doors));
}

int natpunch_status(const struct natpunch *n)
{
	return n->status;
}

enum call_end natpunch_end(const struct natpunch *n)
{
	return n->end;
}

struct doors_found natpunch_doors(const struct natpunch *n)
{
	return n->doors.found;
}

static void ops_input(void *core, const struct event *ev, nk_time now)
{
	natpunch_input(core, ev, now);
}

static bool ops_output(void *core, struct action *action, nk_time now)
{
	return natpunch_output(core, action, now);
}

static nk_time ops_deadline(const void *core)
{
	return natpunch_deadline(core);
}

static int ops_status(const void *core)
{
	return natpunch_status(core);
}

const struct core_ops natpunch_ops = {
	.input = ops_input,
	.output = ops_output,
	.deadline = ops_deadline,
	.status = ops_status,
};
