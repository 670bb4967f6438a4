/* What an attempt tells of itself, and what it carries by the relay. */
#include "core/call/attempt_state.h"

enum attempt_state attempt_state(const struct attempt *a)
{
	return a->state;
}

enum call_end attempt_end(const struct attempt *a)
{
	return a->end;
}

const struct noise_keys *attempt_keys(const struct attempt *a)
{
	return &a->keys;
}

void attempt_forget_keys(struct attempt *a)
{
	crypto_wipe(&a->keys, sizeof(a->keys));
}

const struct session_keepalive *attempt_keepalive(const struct attempt *a)
{
	return &a->keepalive;
}

const struct offer *attempt_ours(const struct attempt *a)
{
	return &a->ours;
}

const struct offer *attempt_theirs(const struct attempt *a)
{
	return &a->theirs;
}

const struct punch_result *attempt_punch(const struct attempt *a)
{
	return a->punch != NULL ? punch_result(a->punch) : NULL;
}

const struct call_mapping *attempt_mapping(const struct attempt *a)
{
	return &a->mapping;
}

const struct gather_result *attempt_gathered(const struct attempt *a)
{
	return &a->gathered;
}

const struct attempt_times *attempt_times(const struct attempt *a)
{
	return &a->times;
}

nk_time attempt_broker_rtt(const struct attempt *a)
{
	const struct broker_clock *clock;

	if (a->config.caller && a->ring == NULL)
		return 0;
	clock = a->config.caller ? ring_clock(a->ring) : registration_clock(a->config.registration);
	return broker_clock_known(clock) ? broker_clock_rtt(clock) : 0;
}

bool attempt_wants_relay(const struct attempt *a)
{
	return a->relaying && (a->state == ATTEMPT_PUNCHING || a->state == ATTEMPT_RELAYING);
}

int attempt_relay(struct attempt *a, const uint8_t *packet, size_t len)
{
	return a->config.caller ? ring_relay(a->ring, packet, len)
				: registration_relay(a->config.registration, &a->rung, packet, len);
}

bool attempt_next_relayed(struct attempt *a, uint8_t packet[static RENDEZVOUS_BODY_MAX],
			  size_t *len)
{
	return a->ring != NULL && ring_next_relayed(a->ring, packet, len);
}

void attempt_relayed(struct attempt *a, const struct rung *rung)
{
	a->rung = *rung;
	a->relaying = true;
}

bool attempt_is_peer(const struct attempt *a, const struct event *ev)
{
	return a->punch != NULL && punch_is_peer(a->punch, ev);
}
