/*
 * The asker: has unsolicited packets sent to mappings that have been silent.
 *
 * Two ways lead to the same verdicts. With natbroker's probe service the server
 * sends copies on request of the control flow, with echoes between them as
 * controls. With a plain RFC 5780 server the control flow itself sends requests
 * with RESPONSE-PORT, and plain requests between them as controls.
 *
 * A mapping's silence is not evidence by itself: "dead" needs control answers
 * that came between its copies, else the verdict is void.
 */
#ifndef CORE_PROBE_ASKER_H
#define CORE_PROBE_ASKER_H

#include "core/probe/exchange.h"
#include "core/probe/result.h"
#include "wire/probe_msg.h"

#define ASKS_MAX          32
#define ASK_COPIES        PROBE_COPIES_MAX
#define ASK_SPACING       (60 * NK_MS)
#define ASKER_REQUESTS    48
#define ASKER_STATUSES    4 /* under way at once */
#define ASKER_STATES_MAX  256

#define ASKER_SERVER_FULL "the server has no room for more mappings from this address"

enum asker_mode {
	ASKER_STARTING,      /* not known yet what the server can do */
	ASKER_SERVICE,       /* natbroker */
	ASKER_RESPONSE_PORT, /* RFC 5780 section 7.5 */
	ASKER_NONE,
};

/**
 * struct ask_target - A trial to be asked
 * @trial:	Its number, not 0
 * @socket:	Socket on which copies must come
 * @port:	Mapped port; used with RESPONSE-PORT
 */
struct ask_target {
	uint32_t trial;
	uint32_t socket;
	uint16_t port;
};

/**
 * struct ask_verdict - What became of one trial that was asked
 * @copies:	Bit i: copy i came; @controls: bit i: the control after copy i came
 * @at:		Alive: when the first copy came. Dead: when the first would have come
 * @why:	VERDICT_VOID: a constant string
 */
struct ask_verdict {
	uint32_t trial;
	enum verdict verdict;
	uint8_t copies, controls;
	nk_time at;
	const char *why;
};

struct ask {
	bool used, acked, concluded;
	uint8_t tid[STUN_TID];
	struct ask_target targets[PROBE_TRIALS_MAX];
	uint8_t got[PROBE_TRIALS_MAX];
	nk_time first_copy[PROBE_TRIALS_MAX];
	uint16_t refused[PROBE_TRIALS_MAX];
	unsigned count, taken, copies;
	uint8_t controls;
	nk_time fired, ends_at;
	unsigned round, step; /* RESPONSE-PORT: what is to be sent next */
	nk_time round_due;
	bool given_up;
};

enum asker_request_kind { REQUEST_SESSION, REQUEST_STATUS, REQUEST_ASK, REQUEST_CHECK };

struct asker_request {
	bool used;
	enum asker_request_kind kind;
	uint8_t tid[STUN_TID];
	unsigned ask, repeats, tries;
	nk_time first_sent, sent;
	size_t len;
	uint8_t bytes[256];
};

/**
 * struct asker - State; see asker_start()
 * @session_lost: The server forgot the session: its trials are gone
 * @limit_trials, @limit_keep: What the server allows: trials at once (0: unknown, or hardly any: it
 *		will say when it has no room), and how long a silent one
 * @abilities:	Bits of enum probe_ability
 * @control_mapped: The control flow's mapped address
 * @answered_at: When the control flow was last answered
 * @asks_end, @requests_end: No slot in use lies at or above these
 * @silent_since: When the first request left of which, as of all since, no answer came; NK_NEVER: it
 *		is well
 * @heard, @unheard: Asks of which some control answer came, and of which none did though the
 *		server had taken them: what becomes of copies to a mapping that is surely there
 */
struct asker {
	enum asker_mode mode;
	uint32_t socket;
	struct addr server;
	struct exchanges *exchanges;
	bool session_lost, ended;
	uint64_t token, cookie;
	bool has_cookie;
	struct addr control_mapped;
	unsigned limit_trials;
	nk_time limit_keep;
	uint32_t abilities;
	struct ask asks[ASKS_MAX];
	struct asker_request requests[ASKER_REQUESTS];
	unsigned asks_end, requests_end;
	struct probe_trial_state states[ASKER_STATES_MAX];
	unsigned states_head, states_count;
	nk_time answered_at, silent_since;
	unsigned heard, unheard;
};

/* Starts on an open control socket; @exchanges gives randomness and the round trip. */
void asker_start(struct asker *a, uint32_t socket, const struct addr *server,
		 struct exchanges *exchanges);

/* Tries to open a session; gives up after @tries and leaves the mode at ASKER_NONE. */
void asker_open_session(struct asker *a, unsigned tries);

/* Uses RESPONSE-PORT from now on. */
void asker_use_response_port(struct asker *a);

/* Tells the server to forget the session, some times over; nothing is waited for. */
void asker_end(struct asker *a);

/* Asks for ASK_COPIES or fewer copies to each target, at most PROBE_TRIALS_MAX. False: too many are under way. */
bool asker_ask(struct asker *a, const struct ask_target *targets, unsigned count, unsigned copies,
	       nk_time now);

/* Asks which of these trials the server has seen (ASKER_SERVICE only). */
bool asker_status(struct asker *a, const uint32_t *trials, unsigned count);

/* Has the control flow answered once more, to see that it is well: @answered_at tells. */
void asker_check(struct asker *a);

/* A datagram on the control socket, or on the socket of trial @trial. True if it was taken. */
bool asker_input_control(struct asker *a, const struct event *ev, nk_time now);
bool asker_input_trial(struct asker *a, uint32_t trial, const struct event *ev, nk_time now);

bool asker_output(struct asker *a, struct action *action, nk_time now);
nk_time asker_deadline(const struct asker *a);

/* The next verdict, or state from asker_status(); false if there is none. */
bool asker_take(struct asker *a, struct ask_verdict *out, nk_time now);
bool asker_take_state(struct asker *a, struct probe_trial_state *out);

#endif
