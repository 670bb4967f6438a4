#include "core/punch/ice_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/punch/ice_description.h"
#include "core/punch/ice_lines.h"

#define GATHER_ID   400 /* beyond the punch's, which begin at 0 */
#define STREAM_ID   500
#define GATHER_MOST (1 * NK_S)
#define LINGER      (1 * NK_S) /* after the end of the stream */
#define FIRST_PAUSE (50 * NK_MS)
#define PAUSE_MAX   (20 * NK_S)
#define TACTICS_ICE                                                                     \
	(TACTIC_BIT(TACTIC_HOST) | TACTIC_BIT(TACTIC_IPV6) | TACTIC_BIT(TACTIC_PLAIN) | \
	 TACTIC_BIT(TACTIC_LEARN) | TACTIC_BIT(TACTIC_HAIRPIN))

enum ice_state { ICE_OPENING, ICE_GATHERING, ICE_LISTENING, ICE_PUNCHING, ICE_CONNECTED };

/**
 * struct ice_run - A run
 * @asked:	Of the two sockets, by family, so many were to be opened; @tried: so many were or failed
 * @theirs:	The peer's description so far, @theirs_len characters
 * @early:	What the peer sent before we were connected
 * @end:	When it is over, after the stream has ended
 */
struct ice_run {
	const struct ice_options *options;
	struct rng rng;
	enum ice_state state;
	unsigned asked, tried;
	struct addr local[2];
	bool have[2];
	struct gather *gather;
	struct punch *punch;
	struct ice_secret ours;
	struct candidates candidates;
	struct ice_lines lines, early;
	char theirs[SDP_TEXT];
	size_t theirs_len;
	int status;
	nk_time end;
};

struct ice_run *ice_run_new(const struct ice_options *options, const uint8_t seed[static 32])
{
	struct ice_run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->options = options;
	rng_seed(&r->rng, seed);
	r->status = CORE_BUSY;
	r->end = NK_NEVER;
	return r;
}

void ice_run_free(struct ice_run *r)
{
	if (r == NULL)
		return;
	gather_free(r->gather);
	punch_free(r->punch);
	crypto_wipe(r, sizeof(*r));
	free(r);
}

void ice_run_start(struct ice_run *r, nk_time now)
{
	(void)now;
	ice_lines_init(&r->lines, STREAM_ID);
	ice_lines_init(&r->early, STREAM_ID);
	ice_secret_draw(&r->ours, &r->rng);
}

static void start_gathering(struct ice_run *r, nk_time now)
{
	struct gather_config c = {
		.broker = {r->options->server[0], r->options->server[1]},
		.socket = {0, 1},
		.have = {r->have[0], r->have[1]},
		.local = {r->local[0], r->local[1]},
		.first_socket = GATHER_ID,
		.host_count = r->options->host_count,
		.quick = true,
		.limit = GATHER_MOST,
	};

	memcpy(c.hosts, r->options->hosts, sizeof(c.hosts));
	r->gather = gather_new(&c, &r->rng, now);
	r->state = ICE_GATHERING;
	if (r->gather == NULL)
		r->status = NK_ERR_NO_MEMORY;
}

static void on_socket(struct ice_run *r, const struct event *ev, nk_time now)
{
	r->have[ev->id] = ev->kind == EVENT_OPENED;
	r->local[ev->id] = ev->local;
	if (++r->tried == 2)
		start_gathering(r, now);
}

static void describe(struct ice_run *r)
{
	char text[SDP_TEXT];
	struct sdp s;

	r->candidates = gather_result(r->gather)->candidates;
	ice_describe(&s, &r->ours, &r->candidates);
	ice_lines_put(&r->lines, text, sdp_write(text, sizeof(text), &s), true);
	r->state = ICE_LISTENING;
}

static void start_punching(struct ice_run *r, nk_time now)
{
	struct punch_config c = {
		.ours = r->ours,
		.controlling = r->options->controlling,
		.local = r->candidates,
		.have_v4 = r->have[0],
		.have_v6 = r->have[1],
		.fire = now,
		.first_pause = FIRST_PAUSE,
		.pause_factor = 1.5,
		.jitter = 0.1,
		.pause_max = PAUSE_MAX,
		.give_up = now + r->options->timeout,
		.tactics = TACTICS_ICE,
		.ice = true,
	};
	struct sdp s;

	if (sdp_read(&s, r->theirs, r->theirs_len) != 0) {
		r->status = NK_ERR_MALFORMED;
		return;
	}
	memcpy(c.theirs.ufrag, s.ufrag, sizeof(c.theirs.ufrag));
	memcpy(c.theirs.password, s.password, sizeof(c.theirs.password));
	ice_candidates_of(&c.remote, &s);
	c.one_ip = ice_is_one_ip(&c.local, &c.remote);
	r->punch = punch_new(&c, &r->rng, now);
	r->state = ICE_PUNCHING;
	if (r->punch == NULL)
		r->status = NK_ERR_NO_MEMORY;
}

static void add_line(struct ice_run *r, const char *line, size_t len)
{
	if (len + 1 > sizeof(r->theirs) - r->theirs_len)
		return;
	memcpy(r->theirs + r->theirs_len, line, len);
	r->theirs_len += len;
	r->theirs[r->theirs_len++] = '\n';
}

/* Takes lines up to an empty one. Return: true if that has come, or the end. */
static bool read_description(struct ice_run *r)
{
	char line[ICE_LINE_MAX + 1];
	size_t len;

	while (ice_lines_take(&r->lines, line, &len)) {
		if (len == 0)
			return true;
		add_line(r, line, len);
	}
	return r->lines.ended;
}

static void announce(struct ice_run *r)
{
	char text[16 + ADDR_TEXT] = "connected ";
	const size_t len = strlen(text);

	addr_text(&punch_result(r->punch)->peer, text + len);
	ice_lines_put(&r->lines, text, strlen(text), true);
	ice_lines_put(&r->lines, r->early.out, r->early.out_len, false);
	r->state = ICE_CONNECTED;
}

/* Whatever has become of the parts of the run. */
static void advance(struct ice_run *r, nk_time now)
{
	if (r->state == ICE_GATHERING && gather_status(r->gather) != CORE_BUSY)
		describe(r);
	if (r->state == ICE_LISTENING && read_description(r))
		start_punching(r, now);
	if (r->state == ICE_PUNCHING && punch_status(r->punch) == CORE_DONE)
		announce(r);
	else if (r->state == ICE_PUNCHING && punch_status(r->punch) != CORE_BUSY)
		r->status = punch_status(r->punch);
	if (r->state == ICE_CONNECTED && r->lines.ended && r->lines.in_len == 0)
		r->end = nk_min(r->end, now + LINGER);
}

static void on_datagram(struct ice_run *r, const struct event *ev, nk_time now)
{
	struct stun_msg m;

	/* STUN that is no check of ours is not data either: late answers, keepalives. */
	if (punch_input(r->punch, ev, now) || !punch_is_peer(r->punch, ev) ||
	    stun_read(&m, ev->data, ev->len) != NK_ERR_NOT_STUN)
		return;
	ice_lines_put(r->state == ICE_CONNECTED ? &r->lines : &r->early, ev->data, ev->len, true);
}

void ice_run_input(struct ice_run *r, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_STOP)
		r->status = r->state == ICE_CONNECTED ? CORE_DONE : NK_ERR_STOPPED;
	else if (ice_lines_input(&r->lines, ev))
		;
	else if (r->state == ICE_OPENING && ev->id < 2)
		on_socket(r, ev, now);
	else if (r->punch != NULL && ev->kind == EVENT_DATAGRAM)
		on_datagram(r, ev, now);
	else if (r->gather != NULL)
		gather_input(r->gather, ev, now);
	if (r->status == CORE_BUSY)
		advance(r, now);
}

static bool open_socket(struct ice_run *r, struct action *action)
{
	if (r->asked == 2)
		return false;
	action->kind = ACTION_OPEN;
	action->id = r->asked;
	action->socket = SOCKET_UDP;
	action->local = addr_any(r->asked == 0 ? ADDR_V4 : ADDR_V6, 0);
	action->peer = (struct addr){.port = 0};
	r->asked++;
	return true;
}

static bool send_line(struct ice_run *r, struct action *action)
{
	char line[ICE_LINE_MAX + 1];

	/* Before it has nominated the peer may not listen. */
	if (r->state != ICE_CONNECTED || !punch_result(r->punch)->nominated ||
	    !ice_lines_take(&r->lines, line, &action->len))
		return false;
	action->kind = ACTION_SEND;
	action->id = punch_result(r->punch)->socket;
	action->to = punch_result(r->punch)->peer;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	memcpy(action->data, line, action->len);
	return true;
}

bool ice_run_output(struct ice_run *r, struct action *action, nk_time now)
{
	const bool more = r->state == ICE_LISTENING || r->state == ICE_CONNECTED;

	if (r->status != CORE_BUSY)
		return false;
	if (now >= r->end) {
		r->status = CORE_DONE;
		return false;
	}
	if (open_socket(r, action))
		return true;
	if (r->gather != NULL && gather_output(r->gather, action, now))
		return true;
	if (r->punch != NULL && punch_output(r->punch, action, now))
		return true;
	advance(r, now);
	return ice_lines_output(&r->lines, action, more) || send_line(r, action);
}

nk_time ice_run_deadline(const struct ice_run *r)
{
	nk_time at = r->end;

	if (r->gather != NULL)
		at = nk_min(at, gather_deadline(r->gather));
	if (r->punch != NULL)
		at = nk_min(at, punch_deadline(r->punch));
	return at;
}

int ice_run_status(const struct ice_run *r)
{
	return r->status;
}

const struct punch_result *ice_run_result(const struct ice_run *r)
{
	return r->punch == NULL ? NULL : punch_result(r->punch);
}

static void on_event(void *core, const struct event *ev, nk_time now)
{
	ice_run_input(core, ev, now);
}

static bool next_action(void *core, struct action *action, nk_time now)
{
	return ice_run_output(core, action, now);
}

static nk_time next_time(const void *core)
{
	return ice_run_deadline(core);
}

static int status_of(const void *core)
{
	return ice_run_status(core);
}

const struct core_ops ice_run_ops = {on_event, next_action, next_time, status_of};
