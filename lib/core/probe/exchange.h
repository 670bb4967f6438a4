/*
 * Binding exchanges: requests that are sent until answered or given up.
 *
 * An answer is believed only if it comes to the socket that asked, from the
 * address that was to answer, with all 96 bits of a transaction id in use.
 * What is near to that but wrong is a fault of the server, and counted.
 */
#ifndef CORE_PROBE_EXCHANGE_H
#define CORE_PROBE_EXCHANGE_H

#include "base/crypto.h"
#include "core/core.h"
#include "wire/stun.h"

#define EXCHANGES_MAX 128

enum exchange_state { EXCHANGE_WAITING, EXCHANGE_ANSWERED, EXCHANGE_FAILED };

/**
 * struct exchange - One Binding request and its answer
 * @socket:	Id of the socket that asks
 * @to:		Where the request goes
 * @from:	Where the answer must come from; port 0: any port but that of @to
 * @heard_on:	Socket on which the answer must come (another one with RESPONSE-PORT)
 * @ttl:	Of the request, 0: the system's default
 * @tries:	Sends left; the request is repeated byte for byte
 * @flow:	The owner's: the NAT mapping that the request makes or uses, or -1
 * @first_sent, @sent: First and last send, NK_NEVER before
 * @repeats:	How often it was sent
 * @due:	Next send or giving up
 * @answered_at: When the answer came
 * @source:	Who answered last. If it is not @from, the exchange is still not answered
 * @xor_mapped, @mapped, @other, @error, @has_origin: From the answer
 */
struct exchange {
	enum exchange_state state;
	uint32_t socket, heard_on;
	struct addr to, from;
	uint8_t tid[STUN_TID];
	uint8_t change, ttl;
	uint16_t response_port, padding;
	unsigned tries, repeats;
	int flow;
	nk_time first_sent, sent, due, answered_at;
	struct addr xor_mapped, mapped, other, source;
	uint16_t error, answer_padding;
};

/* What went wrong with answers, for the report. */
enum exchange_fault {
	EXCHANGE_WRONG_SOURCE,
	EXCHANGE_WRONG_TID,
	EXCHANGE_GARBAGE,
	EXCHANGE_FAULTS
};

/**
 * struct exchanges - The table, with the round-trip time that its answers teach
 * @settled:	All before this one are answered or failed, and stay so
 * @rtt, @rtt_var: Smoothed round trip and its mean deviation (RFC 6298); 0 before the first answer
 * @faults:	Counts by enum exchange_fault, and the last sender of each
 * @software:	SOFTWARE of the last answer that had one, printable ASCII
 */
struct exchanges {
	struct exchange table[EXCHANGES_MAX];
	unsigned count, settled;
	struct rng *rng;
	nk_time rtt, rtt_var;
	bool rtt_guessed; /* only an upper bound is known so far */
	unsigned faults[EXCHANGE_FAULTS];
	struct addr fault_source[EXCHANGE_FAULTS];
	char software[64];
	unsigned sent, answered; /* for the loss estimate */
};

void exchanges_init(struct exchanges *x, struct rng *rng);

/* A new exchange from @socket to @to, due at once, sent at most @tries times; NULL if the table is
 * full. The caller may set change, ttl, response_port, padding, from, heard_on, flow and due before
 * the next output. */
struct exchange *exchange_add(struct exchanges *x, uint32_t socket, const struct addr *to,
			      unsigned tries, nk_time now);

/* Takes a datagram if it is an answer to one of the exchanges: returns it, or NULL. Faults are
 * counted. */
struct exchange *exchanges_input(struct exchanges *x, const struct event *ev, nk_time now);
bool exchanges_output(struct exchanges *x, struct action *action, nk_time now);
nk_time exchanges_deadline(const struct exchanges *x);

/* Tells of a round trip; if it is not @certain, of the most that it can have been. */
void exchanges_learn(struct exchanges *x, nk_time sample, bool certain);

/* How long to wait after a request was sent for the @repeats-th time: the wait twice, then
 * doubling. */
nk_time exchanges_backoff(const struct exchanges *x, unsigned repeats);

/* How long to wait for an answer before asking again: from the measured round trip. */
nk_time exchanges_wait(const struct exchanges *x);

#endif
