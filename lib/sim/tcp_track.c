#include "sim/tcp_track.h"

#include <assert.h>

#include "sim/packet.h"

#define SYN_SENT2 NAT_TCP_STATES

enum kind { KIND_SYN, KIND_SYNACK, KIND_FIN, KIND_ACK, KIND_RST, KIND_NONE, KINDS };

static const char *const names[] = {
	[NAT_TCP_SYN_SENT] = "SYN_SENT",
	[NAT_TCP_SYN_RECV] = "SYN_RECV",
	[NAT_TCP_ESTABLISHED] = "ESTABLISHED",
	[NAT_TCP_FIN_WAIT] = "FIN_WAIT",
	[NAT_TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[NAT_TCP_LAST_ACK] = "LAST_ACK",
	[NAT_TCP_TIME_WAIT] = "TIME_WAIT",
	[NAT_TCP_CLOSE] = "CLOSE",
	[SYN_SENT2] = "SYN_SENT2",
};
static_assert(sizeof(names) / sizeof(names[0]) == NAT_TCP_STATES + 1, "a name for each state");

/* One letter for each state, in the order of their enum; those of the table below. */
static const char letters[] = "SREFCLTX2";
static_assert(sizeof(letters) == NAT_TCP_STATES + 2, "a letter for each state");

#define IGNORE '.'
#define LOSE   '-'

/* The next state, by who sends (the side that opened, or the other), what, and the state. */
static const char next_states[2][KINDS][sizeof(letters)] = {
	{
		[KIND_SYN] = "S.....SS2",
		[KIND_SYNACK] = "-R------R",
		[KIND_FIN] = "-FFLLLTX-",
		[KIND_ACK] = "-EECCTTX-",
		[KIND_RST] = "XXXXXXXXX",
		[KIND_NONE] = "---------",
	},
	{
		[KIND_SYN] = "2-----S-2",
		[KIND_SYNACK] = "R.......R",
		[KIND_FIN] = "-FFLLLTX-",
		[KIND_ACK] = ".RECCTTX.",
		[KIND_RST] = "XXXXXXXXX",
		[KIND_NONE] = "---------",
	},
};

/* Other combinations are no TCP (tcp_valid_flags[] of Linux). */
static enum kind kind_of(uint8_t flags)
{
	switch (flags & (PACKET_SYN | PACKET_ACK | PACKET_FIN | PACKET_RST)) {
	case PACKET_SYN:
		return KIND_SYN;
	case PACKET_SYN | PACKET_ACK:
		return KIND_SYNACK;
	case PACKET_FIN | PACKET_ACK:
		return KIND_FIN;
	case PACKET_ACK:
		return KIND_ACK;
	case PACKET_RST:
	case PACKET_RST | PACKET_ACK:
		return KIND_RST;
	default:
		return KIND_NONE;
	}
}

static uint8_t state_of(char letter)
{
	uint8_t state = 0;

	while (letters[state] != letter)
		state++;
	return state;
}

bool tcp_track_may_begin(uint8_t flags, bool pickup)
{
	const enum kind kind = kind_of(flags);

	return kind == KIND_SYN || (kind == KIND_ACK && pickup);
}

struct tcp_track tcp_track_begin(uint8_t flags, bool outward)
{
	const enum kind kind = kind_of(flags);

	return (struct tcp_track){
		.state = kind == KIND_SYN ? NAT_TCP_SYN_SENT : NAT_TCP_ESTABLISHED,
		.outward = outward,
		.last = (uint8_t)kind,
		.last_outward = outward,
	};
}

static bool is_over(const struct tcp_track *t)
{
	return t->state == NAT_TCP_TIME_WAIT || t->state == NAT_TCP_CLOSE;
}

/* There is no doubt if there was a FIN, or an RST from the sender of the SYN. */
bool tcp_track_is_reopened(const struct tcp_track *t, uint8_t flags, bool outward)
{
	const enum kind kind = kind_of(flags);

	return is_over(t) && next_states[outward != t->outward][kind][t->state] == 'S' &&
	       (t->closing || (t->last == KIND_RST && t->last_outward == outward));
}

/* The answer to a SYN that was ignored: both sides know of a new connection. */
static bool answers_ignored(const struct tcp_track *t, enum kind kind, bool outward)
{
	return kind == KIND_SYNACK && t->last == KIND_SYN && t->last_outward != outward;
}

static char next_state(const struct tcp_track *t, enum kind kind, bool outward)
{
	const char next = next_states[outward != t->outward][kind][t->state];

	if (next == IGNORE && answers_ignored(t, kind, outward))
		return 'R';
	if (next == 'S' && is_over(t))
		return IGNORE;
	/* Both have sent SYN and SYN/ACK; there will be no ACK of who was first. */
	if (next == 'R' && kind == KIND_ACK && t->simultaneous)
		return 'E';
	return next;
}

enum tcp_step tcp_track_next(struct tcp_track *t, uint8_t flags, bool outward)
{
	const enum kind kind = kind_of(flags);
	const char next = next_state(t, kind, outward);
	/* Else whoever tries for ever would hold the port for ever. */
	const bool only_tries = kind == KIND_SYN && t->state == NAT_TCP_SYN_SENT && !t->answered;

	if (next == LOSE)
		return TCP_STEP_LOSE;
	t->last = (uint8_t)kind;
	t->last_outward = outward;
	if (next != IGNORE) {
		t->state = state_of(next);
		t->simultaneous |= t->state == SYN_SENT2;
		t->closing |= kind == KIND_FIN;
	}
	if (outward != t->outward && kind != KIND_RST)
		t->answered = true;
	return next == IGNORE || only_tries ? TCP_STEP_IGNORE : TCP_STEP_PASS;
}

bool tcp_track_is_refused(const struct tcp_track *t)
{
	return t->state == NAT_TCP_CLOSE && !t->answered;
}

nk_time tcp_track_limit(const struct tcp_track *t, const struct nat_spec *spec)
{
	const uint8_t state = t->state == SYN_SENT2 ? NAT_TCP_SYN_SENT : t->state;
	nk_time limit = spec->t_tcp[state];

	if (limit == 0 && state == NAT_TCP_ESTABLISHED)
		limit = NAT_TCP_ESTABLISHED_DEFAULT;
	else if (limit == 0)
		limit = spec->t_transitory > 0 ? spec->t_transitory : NAT_TCP_TRANSITORY_DEFAULT;
	if (state == NAT_TCP_ESTABLISHED && !t->answered && spec->t_pickup > 0)
		return nk_min(limit, spec->t_pickup);
	return limit;
}

const char *tcp_track_name(const struct tcp_track *t)
{
	return names[t->state];
}
