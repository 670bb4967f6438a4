#include "core/ice/ice_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/call/pipe.h"
#include "core/ice/ice_description.h"

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

/* Lines, one after the other. */
struct text {
	char bytes[SDP_TEXT];
	size_t len;
};

/**
 * struct ice_run - A run
 * @asked:	Of the two sockets, by family, so many were to be opened; @tried: so many were or failed
 * @theirs:	The peer's description so far
 * @out:	To be written, @out_len characters; @early: what the peer sent before we were connected
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
	struct pipe pipe;
	struct text out, early;
	struct text theirs;
	int status;
	nk_time end;
};

/* Adds a line, or nothing if there is no room: what comes faster than it is taken is dropped, as
 * datagrams may be. */
static void add_line(struct text *t, const void *line, size_t len)
{
	if (len + 1 > sizeof(t->bytes) - t->len)
		return;
	memcpy(t->bytes + t->len, line, len);
	t->len += len;
	t->bytes[t->len++] = '\n';
}

/* The next line that was read, without its end, LF or CR LF. */
static bool next_line(struct ice_run *r, char line[static SESSION_MESSAGE_MAX], size_t *len)
{
	const uint8_t *bytes;
	size_t n;
	enum lines_verdict verdict;

	do
		verdict = lines_next(&r->pipe.in, &bytes, &n);
	while (verdict == LINES_TOO_LONG);
	if (verdict == LINES_NONE)
		return false;
	memcpy(line, bytes, n);
	lines_take(&r->pipe.in, n);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	*len = n;
	return true;
}

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
	pipe_open(&r->pipe, STREAM_ID, PUNCH_LINES);
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
	char text[SDP_TEXT] = "";
	struct sdp s;

	r->candidates = gather_result(r->gather)->candidates;
	ice_describe(&s, &r->ours, &r->candidates);
	add_line(&r->out, text, sdp_write(text, sizeof(text), &s));
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

	if (sdp_read(&s, r->theirs.bytes, r->theirs.len) != 0) {
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

/* Takes lines up to an empty one. Return: true if that has come, or the end. */
static bool read_description(struct ice_run *r)
{
	char line[SESSION_MESSAGE_MAX];
	size_t len;

	while (next_line(r, line, &len)) {
		if (len == 0)
			return true;
		add_line(&r->theirs, line, len);
	}
	return lines_are_over(&r->pipe.in);
}

static void announce(struct ice_run *r)
{
	char text[16 + ADDR_TEXT] = "connected ";
	const size_t len = strlen(text);

	addr_text(&punch_result(r->punch)->peer, text + len);
	add_line(&r->out, text, strlen(text));
	if (r->early.len > 0)
		add_line(&r->out, r->early.bytes, r->early.len - 1);
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
	if (r->state == ICE_CONNECTED && lines_are_over(&r->pipe.in))
		r->end = nk_min(r->end, now + LINGER);
}

static void on_datagram(struct ice_run *r, const struct event *ev, nk_time now)
{
	struct stun_msg m;

	/* STUN that is no check of ours is not data either: late answers, keepalives. */
	if (punch_input(r->punch, ev, now) || !punch_is_peer(r->punch, ev) ||
	    stun_read(&m, ev->data, ev->len) != NK_ERR_NOT_STUN)
		return;
	add_line(r->state == ICE_CONNECTED ? &r->out : &r->early, ev->data, ev->len);
}

void ice_run_input(struct ice_run *r, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_STOP)
		r->status = r->state == ICE_CONNECTED ? CORE_DONE : NK_ERR_STOPPED;
	else if (ev->id == STREAM_ID)
		pipe_input(&r->pipe, ev);
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

/* Before it has nominated the peer may not listen. */
static bool may_send_lines(const struct ice_run *r)
{
	return r->state == ICE_CONNECTED && punch_result(r->punch)->nominated;
}

static bool send_line(struct ice_run *r, struct action *action)
{
	char line[SESSION_MESSAGE_MAX];

	if (!may_send_lines(r) || !next_line(r, line, &action->len))
		return false;
	action->kind = ACTION_SEND;
	action->id = punch_result(r->punch)->socket;
	action->to = punch_result(r->punch)->peer;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	memcpy(action->data, line, action->len);
	return true;
}

static bool turn_pipe(struct ice_run *r, struct action *action)
{
	const size_t n = r->out.len < CORE_DATAGRAM_MAX ? r->out.len : CORE_DATAGRAM_MAX;

	if (n > 0 && pipe_has_room(&r->pipe)) {
		pipe_put(&r->pipe, r->out.bytes, n);
		r->out.len -= n;
		memmove(r->out.bytes, r->out.bytes + n, r->out.len);
	}
	r->pipe.read = r->state == ICE_LISTENING || may_send_lines(r);
	return pipe_output(&r->pipe, action);
}

bool ice_run_output(struct ice_run *r, struct action *action, nk_time now)
{
	if (r->status == CORE_BUSY && now >= r->end)
		r->status = CORE_DONE;
	if (r->status != CORE_BUSY)
		return false;
	if (open_socket(r, action))
		return true;
	if (r->gather != NULL && gather_output(r->gather, action, now))
		return true;
	if (r->punch != NULL && punch_output(r->punch, action, now))
		return true;
	advance(r, now);
	return turn_pipe(r, action) || send_line(r, action);
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

const struct core_ops ice_run_ops = {
	.input = on_event,
	.output = next_action,
	.deadline = next_time,
	.status = status_of,
};
