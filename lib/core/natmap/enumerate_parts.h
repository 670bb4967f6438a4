/*
 * What the files of the enumeration share with one another, and with nobody else.
 *
 *	enumerate.c		a run: a session with the broker, and all below until all is known
 *	enumerate_check.c	how many boxes the way back has, so that the broker's TTLs can be chosen
 *	enumerate_lines.c	how mappings are held (lines), what became of them, when it is enough
 *	enumerate_open.c	which mapping is opened next, and when
 *	enumerate_flow.c	one mapping: set up, kept alive from our side, ended
 *	enumerate_hold.c	kept alive from the broker's side
 *	enumerate_search.c	which mappings of a line are asked now
 *	enumerate_witness.c	which are asked when those of a hop have ended
 *	enumerate_report.c	what all of them have told, put into the result by way of explain.h
 */
#ifndef CORE_NATMAP_ENUMERATE_PARTS_H
#define CORE_NATMAP_ENUMERATE_PARTS_H

#include "base/heap.h"
#include "core/natmap/enumerate.h"
#include "core/probe/asker.h"
#include "core/probe/budget.h"
#include "core/probe/lane.h"
#include "core/probe/plan.h"

#define LINES_MAX (2 * NATMAP_HOPS_MAX + 4)
#define HOLDS_MAX 16

/**
 * struct line - One way to hold mappings, and what became of those held so
 * @out:	Our keepalives end at this hop; 0: none are sent, count + 1: they reach the broker
 * @in:		The broker's end at this hop; count + 1: none are sent, 0: they reach us
 * @lane:	The search for how long mappings last so, which asks a few at many silences. NULL: a
 *		witness, which is asked only when another line's mappings have ended
 * @plan:	When its mappings are opened; @planned of them were
 * @extra:	Openings that are wanted besides
 * @decide_at:	Of a search
 * @spent:	A search that has asked all mappings it had since it knew that they end
 * @asked:	Not judged yet
 * @lives, @ended: A witness: the longest silence that was survived, and the shortest one that was
 *		not, seconds; @deaths of the latter
 */
struct line {
	unsigned out, in;
	struct lane *lane;
	const struct plan *plan;
	unsigned planned, extra, asked;
	nk_time decide_at;
	bool spent;
	double lives, ended;
	unsigned deaths;
};

enum flow_phase {
	FLOW_FREE,
	FLOW_OPENING,
	FLOW_SETUP,
	FLOW_HELD,
	FLOW_ASKED,
	FLOW_ENDED, /* judged or void */
};

/**
 * struct flow - One mapping, from a local port of its own
 * @line:	Index; CHECK_LINE: it only looks which TTL reaches us
 * @mapping:	In the budget
 * @open:	Its socket is
 * @reserve:	It is left for the longest silence of all, unless those of its line have ended
 * @step:	Exchanges of the set-up that were answered; @tries: requests of the one under way
 * @tid, @cookie: For that
 * @answered:	When the first exchange was; @last_out, @last_in: the last packets of the set-up
 * @ttl:	Of the broker's TICKs; 0: none
 * @hold_due:	When the broker is next to be asked for them; @hold_asked: it is being
 * @hold_tid:	Of the last HOLD for it: its TICKs have that
 * @held_until:	It has granted them until then, @hold_interval apart; 0: it has not
 * @lapsed:	For a while it may have had none: what becomes of it says nothing
 * @port:	As the broker sees it; 0: not known yet
 * @ticks:	That reached us, the last with @tick_ttl left
 */
struct flow {
	enum flow_phase phase;
	unsigned line;
	int mapping;
	bool open, reserve, hold_asked, lapsed;
	unsigned step, tries, ticks;
	uint8_t tid[STUN_TID], hold_tid[STUN_TID];
	uint64_t cookie;
	nk_time answered, last_out, last_in;
	nk_time hold_due, held_until, hold_interval;
	uint8_t ttl, tick_ttl;
	uint16_t port;
};

/* A HOLD under way, for some flows of one TTL. @lease 0: they need none any more. */
struct hold_request {
	bool used;
	uint8_t tid[STUN_TID];
	uint32_t flows[PROBE_TRIALS_MAX];
	unsigned count, repeats;
	struct probe_hold hold;
	nk_time first_sent, sent;
};

/**
 * struct check - Which TTL of the broker's packets just reaches us
 * @flows:	A TICK to the first tells by the TTL that it has left; the second and third then
 *		get TICKs that must just come, and just not
 * @why:	CHECK_FAILED: a constant string
 */
struct check {
	enum { CHECK_OPENS, CHECK_COUNTS, CHECK_LOOKS, CHECK_DONE, CHECK_FAILED } stage;
	uint32_t flows[3];
	nk_time until;
	const char *why;
};

enum stage { STAGE_OPENS, STAGE_CONTROL, STAGE_SESSION, STAGE_RUN, STAGE_END, STAGE_OVER };

/**
 * struct enumerate - All that there is
 * @back:	Boxes on the way back; 0: not known yet
 * @interval:	Between two keepalives, from either side
 * @lines:	@line_count: silence everywhere; each hop; each seam, from 0 to count; all inbound;
 *		all outbound
 * @flow:	@flow_max may be used
 * @refused:	Set-ups in a row that came to nothing; @limited: so many did that a box on the way
 *		must refuse them
 * @no_socket:	This machine gave no more; @server_full: the broker holds no more
 * @elsewhere:	Some mappings leave by other addresses than the session
 * @ask_next:	Before it no question may go, so that copies stay below the broker's cap
 * @consult_at:	When to look whether witnesses have something to tell; @all_known: they and all
 *		searches are done
 * @on_their_own: Hops are searched though none has ended yet
 * @retire_at:	When to end mappings that are of no more use
 * @status_at:	When to ask for ports
 * @hold_at:	When to look whether HOLDs are due
 */
struct enumerate {
	struct enumerate_config config;
	enum stage stage;
	int status; /* when it is over */
	const char *why;
	struct rng *rng;
	struct exchanges exchanges;
	struct asker asker;
	struct budget budget;
	struct timeout_grid grid;
	nk_time run_started, run_until, interval;
	unsigned back;
	struct check check;
	struct lane lanes[NATMAP_HOPS_MAX + 1];
	struct plan first_plan, hop_plan, seam_plan;
	struct line lines[LINES_MAX];
	unsigned line_count;
	struct flow flow[ENUMERATE_FLOWS_MAX];
	unsigned flow_max, refused;
	bool all_known, on_their_own, limited, elsewhere, no_socket, server_full;
	nk_time retry_open, ask_next, consult_at, retire_at, status_at, hold_at;
	nk_time heap_at[ENUMERATE_FLOWS_MAX];
	uint32_t heap_order[ENUMERATE_FLOWS_MAX], heap_where[ENUMERATE_FLOWS_MAX];
	struct heap heap;
	uint8_t used_ports[65536 / 8];
	struct hold_request holds[HOLDS_MAX];
	uint64_t packets_out, packets_in;
};

#define SEVERAL_ADDRESSES \
	"mappings leave by several addresses, and the server holds only those from the first"
#define NO_SOCKETS "this machine has too few sockets: more descriptors are needed (ulimit -n)"
#define REFUSED_MAPPINGS \
	"a box on the way lets no more mappings through: too few could be held to tell"

#define CHECK_LINE LINES_MAX
#define NO_FLOW    UINT32_MAX

/* Lines by what they are for. */
#define LINE_SILENCE 0u
#define LINE_HOP(h)  (h) /* 1 to count */
static inline unsigned line_seam(const struct enumerate *e, unsigned h)
{
	return e->config.count + 1 + h;
}
static inline unsigned line_inbound(const struct enumerate *e)
{
	return 2 * e->config.count + 2;
}
static inline unsigned line_outbound(const struct enumerate *e)
{
	return 2 * e->config.count + 3;
}

/* With which TTL the broker's packets end where a line wants it; 0: none are wanted, or it is not
 * known yet. */
static inline uint8_t line_ttl(const struct enumerate *e, unsigned line)
{
	const unsigned in = e->lines[line].in;

	return in > e->config.count || in > e->back || e->back == 0 ? 0
								    : (uint8_t)(e->back + 1 - in);
}

/* enumerate_flow.c: one mapping: set up, held, asked, ended */

/* Trials are numbered from 1. */
#define FLOW_NUMBER(index) ((uint32_t)(index) + 1)

/* A slot for one more, or NO_FLOW. */
uint32_t flow_free(const struct enumerate *e);

/* Opens a flow of a line; NO_FLOW: there is no slot. */
uint32_t flow_open(struct enumerate *e, unsigned line, struct action *action, nk_time now);
void flow_input(struct enumerate *e, uint32_t index, const struct event *ev, nk_time now);
bool flow_output(struct enumerate *e, uint32_t index, struct action *action, nk_time now);
void flow_end(struct enumerate *e, uint32_t index, nk_time now);

/* It is seen at this port by the broker. Another one that was there is gone, and what was sent
 * since to keep that alive has come to this one, which says nothing any more. */
void flow_is_at(struct enumerate *e, uint32_t index, uint16_t port, nk_time now);

/* It comes from another address than the session: the broker neither answers nor holds it. */
void flow_is_elsewhere(struct enumerate *e, uint32_t index, nk_time now);

/* The broker has no room for it: it got there, but will not be held. */
void flow_is_refused(struct enumerate *e, uint32_t index, nk_time now);

/* Has the asker ask for the ports of those that are not held by the broker. */
void flow_ask_ports(struct enumerate *e, nk_time now);

/* Seconds of silence; only a flow that flow_counts() says something by it. */
double flow_age(const struct flow *f, nk_time now);
bool flow_counts(const struct flow *f, nk_time now);

/* enumerate_hold.c: TICKs by the broker */
void hold_want(struct enumerate *e, struct flow *f, nk_time at);
bool hold_input(struct enumerate *e, const struct event *ev, nk_time now);
bool hold_output(struct enumerate *e, struct action *action, nk_time now);
nk_time hold_deadline(const struct enumerate *e);

/* For how long the HOLD has had no answer that has waited for one longest; 0: none does. */
nk_time hold_unanswered(const struct enumerate *e, nk_time now);

/* enumerate_check.c: the way back */
bool check_open(struct enumerate *e, struct action *action, nk_time now);
void check_step(struct enumerate *e, nk_time now);
nk_time check_deadline(const struct enumerate *e);

/* enumerate_lines.c: what is held how, what became of it, and when it is enough */
void lines_start(struct enumerate *e, nk_time now);
void lines_set_up(struct enumerate *e, unsigned line, nk_time now);
void lines_decide(struct enumerate *e, nk_time now);
void lines_verdict(struct enumerate *e, const struct ask_verdict *v, nk_time now);
unsigned lines_known(const struct enumerate *e); /* hops */
bool lines_done(const struct enumerate *e, nk_time now);
nk_time lines_deadline(const struct enumerate *e);

/* A flow's mapping was given away to another one of ours. */
void lines_gone(struct enumerate *e, const struct flow *f, nk_time now);

/* Has those flows be asked. False: not now. */
bool line_ask(struct enumerate *e, const uint32_t *indices, unsigned count, nk_time now);

/* That mappings end so is known. */
static inline bool line_ended(const struct line *l)
{
	return !l->lane->estimate.open;
}

/* enumerate_search.c: one line's search. Asks, or sets when to decide again and what to open. */
void search_decide(struct enumerate *e, unsigned line, nk_time now);

/* enumerate_open.c: what to open */
bool openings_next(struct enumerate *e, struct action *action, nk_time now);
nk_time openings_deadline(const struct enumerate *e);
unsigned line_to_open(const struct enumerate *e, const struct line *l);

/* The first packet of a set-up came through; or the set-up failed. */
void openings_let_through(struct enumerate *e, nk_time now);
void openings_refused(struct enumerate *e, unsigned line, nk_time now);

/* This machine has no more for now: from then on one at a time is tried. */
void openings_no_socket(struct enumerate *e, unsigned line, nk_time now);

/* Nor has the broker; it may when others have ended. */
void openings_no_room(struct enumerate *e, unsigned line, nk_time now);

/* enumerate_witness.c: asks those that may explain why mappings of hop @h ended. True: they have
 * told all they can. */
bool witnesses_consult(struct enumerate *e, unsigned h, nk_time now);

#endif
