/*
 * The fan: many mappings opened early, left silent, and asked when it matters.
 *
 * One lane for each traffic state (solitary, replied, stream), all at the same
 * time. A trial has a fresh local port, packets that are sent once, a set-up
 * that is confirmed, one silence, and no reuse after any answer.
 *
 *	OPENING -> SETUP -> (CONFIRM) -> SILENT -> ASKED -> ENDED -> CLOSED
 *
 * CONFIRM is for solitary trials: the server tells on the control flow that the
 * packet came. A trial whose set-up is not confirmed is void, and replaced.
 *
 * A NAT that limits the sessions of a host looks like a short timer. So a death
 * counts only if it cannot be an eviction: fan_evict.c.
 */
#ifndef CORE_PROBE_FAN_H
#define CORE_PROBE_FAN_H

#include "base/heap.h"
#include "core/probe/asker.h"
#include "core/probe/budget.h"
#include "core/probe/lane.h"
#include "core/probe/options.h"
#include "core/probe/plan.h"
#include "core/probe/result.h"

#define FAN_TRIALS_MAX 4096
#define FAN_SOCKETS    0x02000000u /* socket ids of the fan begin here: + trial index */

enum trial_phase {
	TRIAL_OPENING,
	TRIAL_SETUP,
	TRIAL_CONFIRM,
	TRIAL_SILENT,
	TRIAL_ASKED,
	TRIAL_ENDED, /* judged or void; the socket is still open */
	TRIAL_CLOSED,
};

/**
 * struct trial - One mapping of the fan
 * @last_out, @last_in: Last packet of the pattern each way, as the client saw it
 * @sends:	Packets sent; @missed: STATUS answers that did not know it
 * @status_at:	When STATUS was last asked about it
 * @witness:	Kept back for a suspicion
 * @tid:	Of the request under way
 */
struct trial {
	enum trial_phase phase;
	enum traffic_state state;
	bool replied, witness;
	uint16_t local_port, mapped_port;
	int flow;
	unsigned sends, missed;
	nk_time opened, first_out, last_out, last_in, status_at;
	uint8_t tid[STUN_TID];
};

/* See fan_evict.c. */
enum suspicion_stage {
	SUSPICION_NONE,
	SUSPICION_WITNESS,
	SUSPICION_CHALLENGE,
	SUSPICION_CLEAR,
	SUSPICION_CENSUS,
};

/**
 * struct suspicion - A suspicion that the NAT evicts
 * @state:	The lane of the deaths; @died: the silence of the one that counts, seconds
 * @older:	How many times as old as that the witness must be
 * @witness, @first, @second, @guard: Trial indices, or FAN_TRIALS_MAX
 * @openings:	Mappings still to be opened for it, while all others wait
 * @rounds:	Of openings, so far
 * @since:	When the challenge began
 * @spared:	The fan's capacity when the challenge began; @by: what is challenged
 * @asked:	Of the challenge, not judged yet; @dead, @guarded, @guard_died: what came of it
 */
struct suspicion {
	enum suspicion_stage stage;
	enum traffic_state state;
	double died, older;
	nk_time since, ask_at;
	uint32_t witness, first, second, guard;
	unsigned openings, rounds, asked, dead;
	unsigned spared[AGES];
	enum age by;
	bool guarded, guard_died;
};

struct fan {
	const struct probe_options *options;
	struct asker *asker;
	struct budget *budget;
	struct exchanges *exchanges;
	struct probe_result *result;
	struct addr server, local;
	nk_time run_started, started;
	bool running, done, plain;

	struct timeout_grid grid;
	struct lane lanes[STATE_COUNT];
	struct plan plans[STATE_COUNT];
	unsigned planned[STATE_COUNT]; /* openings of the plan that are done */
	unsigned extra[STATE_COUNT];   /* openings wanted beyond the plan */
	double wait[STATE_COUNT];
	nk_time decide_at[STATE_COUNT];

	struct trial trials[FAN_TRIALS_MAX];
	unsigned count, restarts;
	nk_time heap_at[FAN_TRIALS_MAX];
	uint32_t heap_order[FAN_TRIALS_MAX], heap_where[FAN_TRIALS_MAX];
	struct heap heap;
	uint8_t used_ports[65536 / 8];
	nk_time status_due;

	unsigned capacity[AGES]; /* most younger mappings beside which an old one was seen alive */
	unsigned doubt[STATE_COUNT][AGES]; /* and beside which one was found dead */
	bool varying;                      /* lifetimes were found to differ, with no quota */
	unsigned kept;                     /* the capacity as far as can be guessed */
	unsigned refused_run, refused_probes;
	nk_time refused_first, refused_since, refused_checked, retry_open;
	nk_time accepted;       /* when the NAT last let a set-up through, or the start */
	unsigned open_failures; /* in a row */
	bool no_more;           /* mappings: the run has had too many, or no socket can be opened */
	bool server_full;       /* nor does the server take any */
	struct suspicion suspicion;
};

/**
 * fan_start() - Begin
 * @lanes:	Bit per enum traffic_state: which timeouts the server allows to be measured
 * @mappings:	How many of the budget the fan may use
 */
void fan_start(struct fan *f, unsigned lanes, unsigned mappings, nk_time now);
void fan_input(struct fan *f, const struct event *ev, nk_time now);
bool fan_output(struct fan *f, struct action *action, nk_time now);
nk_time fan_deadline(const struct fan *f);

/* Takes the asker's verdict or state if it belongs to a trial of the fan. */
void fan_verdict(struct fan *f, const struct ask_verdict *v, nk_time now);
void fan_state(struct fan *f, const struct probe_trial_state *s, nk_time now);

/* Writes timeouts, curves and quota into the result. */
void fan_report(struct fan *f);

/* Trials of the fan are numbered from 1; others use numbers above this. */
#define FAN_NUMBER(index) ((uint32_t)(index) + 1)

/* Bytes of payload with which a TRIAL pays for its copies and, if asked for, its reply. */
size_t fan_trial_len(const struct addr *server);

/* Writes a TRIAL into the action. */
void fan_put_trial(const struct fan *f, struct action *action, uint32_t number, enum stun_class cls,
		   const uint8_t tid[static STUN_TID]);

#endif
