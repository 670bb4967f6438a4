#include "core/broker/broker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/broker/state.h"
#include "wire/icmp_echo.h"

#define EXPECT_MAX 64 /* datagrams at once */

struct broker_config broker_default_config(void)
{
	return (struct broker_config){
		.listen = {addr_any(ADDR_V4, 0), addr_any(ADDR_V6, 0)},
		.listen_count = 2,
		.port = STUN_PORT,
		.alt_port = STUN_PORT + 1,
		.sessions_max = 4096,
		.trials_max = 65536,
		.trials_per_session = 600,
		.trials_per_ip = 2400,
		.copies_per_s = 300,
		.binding_per_s = 300,
		.keep = 4500 * NK_S,
		.registrations_max = 65536,
		.registrations_per_ip = 1024,
		.registration_keep = 60 * NK_S,
		.calls_per_s = 20,
	};
}

struct broker *broker_new(const struct broker_config *config, const uint8_t seed[static 32])
{
	struct broker *b = calloc(1, sizeof(*b));
	uint8_t key[16];

	if (b == NULL)
		return NULL;
	b->config = *config;
	b->status = CORE_BUSY;
	b->end_at = NK_NEVER;
	visits_init(&b->visits);
	rng_seed(&b->rng, seed);
	rng_bytes(&b->rng, key, sizeof(key));
	rng_bytes(&b->rng, b->ticket_key, sizeof(b->ticket_key));
	b->outbox = malloc(OUTBOX_SIZE * sizeof(*b->outbox));
	if (b->outbox == NULL || limits_init(&b->limits, &b->rng) != 0 ||
	    proofs_init(&b->proofs, PROOFS_SIZE) != 0 || store_init(&b->store, config, key) != 0 ||
	    registry_init(&b->registry, config, &b->rng) != 0) {
		broker_free(b);
		b = NULL;
	}
	crypto_wipe(key, sizeof(key));
	return b;
}

void broker_free(struct broker *b)
{
	if (b == NULL)
		return;
	limits_free(&b->limits);
	proofs_free(&b->proofs);
	store_free(&b->store);
	registry_free(&b->registry);
	free(b->outbox);
	crypto_wipe(b, sizeof(*b));
	free(b);
}

unsigned broker_sockets(const struct broker_config *config)
{
	return 3 * config->listen_count;
}

void broker_start(struct broker *b, nk_time now)
{
	b->open_next = 0;
	b->full_logged = b->rate_logged = b->proof_logged = now - LOG_INTERVAL;
}

static struct addr socket_addr(const struct broker *b, uint32_t id)
{
	if (is_icmp(b, id))
		return b->config.listen[id - 2 * b->config.listen_count];
	return addr_with_port(b->config.listen[id / 2],
			      id % 2 != 0 ? b->config.alt_port : b->config.port);
}

/* A machine without IPv6 still runs a broker that was told of no address. */
static bool may_go_without(const struct addr *a, int error)
{
	return addr_is_any(a) && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
}

static void opened(struct broker *b, const struct event *ev)
{
	if (is_icmp(b, ev->id))
		b->icmp[ev->id - 2 * b->config.listen_count] = true;
	log_event(b, is_icmp(b, ev->id) ? BROKER_SERVING_ICMP : BROKER_SERVING, &ev->local, 0);
}

static void open_failed(struct broker *b, const struct event *ev)
{
	const struct addr a = socket_addr(b, ev->id);

	if (is_icmp(b, ev->id)) {
		log_event(b, BROKER_NO_ICMP, &a, ev->error);
		return;
	}
	b->failed++;
	log_event(b, BROKER_OPEN_FAILED, &a, ev->error);
	if (may_go_without(&a, ev->error) && b->failed < 2 * b->config.listen_count)
		return;
	b->status = ev->error == EACCES || ev->error == EPERM ? NK_ERR_PERMISSION : NK_ERR_SYSTEM;
}

static void end_if_due(struct broker *b, nk_time now)
{
	if (now >= b->end_at)
		b->status = CORE_DONE;
}

static void stop(struct broker *b, nk_time now)
{
	static const struct addr nobody;

	b->end_at = now + b->config.drain;
	end_if_due(b, now);
	if (b->status == CORE_DONE)
		return;
	b->stats.draining = true;
	log_event(b, BROKER_DRAINING, &nobody, 0);
}

static void dispatch(struct broker *b, const struct request *q)
{
	if (q->msg->cls == STUN_SUCCESS || q->msg->cls == STUN_ERROR)
		return;
	if (q->msg->method >= RENDEZVOUS_REGISTER && q->msg->method <= RENDEZVOUS_RELAY)
		rendezvous_input(b, q);
	else if (q->msg->method != STUN_BINDING)
		probe_service_input(b, q);
	else if (q->msg->cls == STUN_REQUEST)
		stun_server_binding(b, q);
}

static void count_held(struct broker *b)
{
	b->stats.sessions = b->store.session_pool.used;
	b->stats.trials = b->store.trial_pool.used;
	b->stats.registrations = b->registry.pool.used;
	b->stats.proofs_waiting = b->proofs.count;
	b->stats.expired = b->registry.expired;
}

static void datagram(struct broker *b, const struct event *ev, nk_time now)
{
	struct stun_msg msg;
	struct request q;
	int rc;

	request_init(&q, b, ev, now);
	b->stats.datagrams_in++;
	b->stats.bytes_in += ev->len + addr_overhead(&ev->from);
	b->heard = true;
	if (ev->more)
		b->waiting |= 1u << ev->id;
	else
		b->waiting &= ~(1u << ev->id);
	if (keepalive_is_frame(ev->data, ev->len)) {
		frame_input(b, ev, &q.at, now);
		return;
	}
	rc = ev->from.port != 0 ? stun_read(&msg, ev->data, ev->len) : NK_ERR_MALFORMED;
	if (rc == 0) {
		q.msg = &msg;
		dispatch(b, &q);
	} else if (rc != NK_ERR_NOT_STUN || !stun_server_classic(b, &q, ev->data)) {
		b->stats.malformed++;
	}
}

void broker_input(struct broker *b, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_STOP) {
		stop(b, now);
		return;
	}
	if (ev->id >= broker_sockets(&b->config)) {
		probe_reach_event(b, ev, now);
		return;
	}
	switch (ev->kind) {
	case EVENT_OPENED:
		opened(b, ev);
		break;
	case EVENT_OPEN_FAILED:
		open_failed(b, ev);
		break;
	case EVENT_DATAGRAM:
		if (is_icmp(b, ev->id))
			icmp_trial_input(b, ev, now);
		else
			datagram(b, ev, now);
		break;
	default:
		break;
	}
}

static void count_out(struct broker *b, const struct action *a)
{
	b->stats.datagrams_out++;
	b->stats.bytes_out += a->len + addr_overhead(&a->to);
	if (is_icmp(b, a->id))
		b->stats.bytes_out -= ICMP_ECHO_HEADER;
}

void broker_expect(const struct broker *b, const struct event *events, unsigned count)
{
	struct registry_glance g[EXPECT_MAX];
	unsigned frames = 0;

	for (unsigned i = 0; i < count && frames < EXPECT_MAX; i++)
		if (keepalive_is_frame(events[i].data, events[i].len))
			g[frames++] = registry_expect(&b->registry, &events[i].from);
	for (unsigned i = 0; i < frames; i++)
		registry_expect_more(&b->registry, &g[i]);
}

bool broker_answer(struct broker *b, const struct event *ev, struct action *first, nk_time now)
{
	bool answered;

	b->first = first;
	broker_input(b, ev, now);
	answered = b->first != first;
	b->first = NULL;
	if (answered)
		count_out(b, first);
	return answered;
}

static void open_socket(struct broker *b, struct action *action)
{
	const uint32_t id = b->open_next++;

	action->kind = ACTION_OPEN;
	action->id = id;
	action->socket = is_icmp(b, id) ? SOCKET_ICMP_RAW : SOCKET_UDP;
	action->local = socket_addr(b, id);
	action->peer = (struct addr){0};
}

static void take_packet(struct broker *b, struct action *action)
{
	const struct action *p = &b->outbox[b->out_head];

	action->kind = p->kind;
	action->id = p->id;
	action->local = p->local;
	action->to = p->to;
	action->ttl = p->ttl;
	action->len = p->len;
	memcpy(action->data, p->data, p->len);
	b->out_head = (b->out_head + 1) % OUTBOX_SIZE;
	b->out_count--;
}

/* Whether all that has come was read, as far as we were told. */
static bool is_idle(const struct broker *b)
{
	return !b->heard || b->waiting == 0;
}

/* Puts into the outbox what comes by itself, the cheap things first. False: nothing for now. */
static bool next_own(struct broker *b, nk_time now)
{
	struct listener *l = registry_turn(&b->registry, now);

	if (l != NULL) {
		frame_turn(b, l);
		return true;
	}
	if (b->proved || !is_idle(b))
		return false;
	b->proved = true; /* one, and then what has come meanwhile */
	return register_prove_next(b, now);
}

static bool next_send(struct broker *b, struct action *action, nk_time now)
{
	struct store_due due;
	struct visit *v;

	do {
		if (b->out_count > 0) {
			take_packet(b, action);
			return true;
		}
		while (store_due(&b->store, now, &due)) {
			if (due.ask != NULL ? probe_ask_output(b, due.ask, action, now)
					    : probe_hold_output(b, due.held, action, now))
				return true;
		}
		while ((v = visits_due(&b->visits, now)) != NULL) {
			if (probe_reach_output(b, v, action, now))
				return true;
		}
	} while (next_own(b, now));
	count_held(b);
	b->heard = b->proved = false;
	return false;
}

bool broker_output(struct broker *b, struct action *action, nk_time now)
{
	if (b->open_next < broker_sockets(&b->config) && b->status == CORE_BUSY) {
		open_socket(b, action);
		return true;
	}
	end_if_due(b, now);
	if (!next_send(b, action, now))
		return false;
	if (action->kind == ACTION_SEND)
		count_out(b, action);
	return true;
}

nk_time broker_deadline(const struct broker *b)
{
	nk_time next;

	if (b->out_count > 0 || b->proofs.count > 0 || b->open_next < broker_sockets(&b->config))
		return 0;
	next = nk_min(heap_next(&b->store.due), registry_deadline(&b->registry));
	next = nk_min(next, visits_deadline(&b->visits));
	return b->status == CORE_BUSY ? nk_min(next, b->end_at) : next;
}

void broker_end(struct broker *b)
{
	b->status = CORE_DONE;
}

int broker_status(const struct broker *b)
{
	return b->status;
}

const struct broker_stats *broker_stats(const struct broker *b)
{
	return &b->stats;
}

static void ops_input(void *core, const struct event *ev, nk_time now)
{
	broker_input(core, ev, now);
}

static bool ops_answer(void *core, const struct event *ev, struct action *first, nk_time now)
{
	return broker_answer(core, ev, first, now);
}

static void ops_expect(const void *core, const struct event *events, unsigned count)
{
	broker_expect(core, events, count);
}

static bool ops_output(void *core, struct action *action, nk_time now)
{
	return broker_output(core, action, now);
}

static nk_time ops_deadline(const void *core)
{
	return broker_deadline(core);
}

static int ops_status(const void *core)
{
	return broker_status(core);
}

const struct core_ops broker_ops = {
	.input = ops_input,
	.answer = ops_answer,
	.expect = ops_expect,
	.output = ops_output,
	.deadline = ops_deadline,
	.status = ops_status,
};
