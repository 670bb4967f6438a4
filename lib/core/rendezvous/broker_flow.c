#include "core/rendezvous/broker_flow.h"

/* Nobody is rung through a NAT that is not kept open, or only as far as the next router. */
static bool keeps_reachable(uint8_t algorithm)
{
	return algorithm != KEEPALIVE_NONE && algorithm != KEEPALIVE_OPENER;
}

struct keepalive_offer broker_flow_offer(const struct keepalive_offer *wanted)
{
	const struct keepalive_offer usual = keepalive_default_offer();
	const struct keepalive_offer *from = wanted->count > 0 ? wanted : &usual;
	struct keepalive_offer offer = *wanted;

	offer.count = 0;
	for (unsigned i = 0; i < from->count; i++)
		if (keeps_reachable(from->wish[i].algorithm))
			offer.wish[offer.count++] = from->wish[i];
	return offer;
}

static void start(struct broker_flow *f, const struct keepalive_terms *terms, struct rng *rng,
		  nk_time now)
{
	const struct keepalive_config config = {
		.terms = *terms,
		.first = true,
		.gap = KEEPALIVE_GAP,
		.tries = KEEPALIVE_TRIES,
		.rng = rng,
	};

	keepalive_start(&f->keepalive, &config, now);
}

/* The last of several that it took has just left. */
static void go_on(struct broker_flow *f, const struct keepalive_terms *terms, nk_time now)
{
	f->hello = false;
	f->keepalive.terms = *terms;
	keepalive_sent(&f->keepalive, false, now);
	keepalive_heard(&f->keepalive, KEEPALIVE_HEARD_ANSWER, now);
}

void broker_flow_start(struct broker_flow *f, const struct keepalive_terms *terms, uint64_t token,
		       uint64_t time_us, const struct broker_link *link, nk_time now)
{
	keepalive_key_of_token(f->frames.key, token);
	f->frames.first = true;
	f->frames.sent = f->frames.heard = keepalive_counter_at(time_us);
	if (f->hello)
		go_on(f, terms, now);
	else
		start(f, terms, link->rng, now);
	f->keepalive.rtt = broker_clock_rtt(&link->clock);
	f->up = true;
}

bool broker_flow_input(struct broker_flow *f, const struct broker_link *link,
		       const struct event *ev, nk_time now)
{
	enum keepalive_kind kind;
	uint64_t acked;

	if (!f->up || ev->kind != EVENT_DATAGRAM || ev->id != link->socket ||
	    !addr_eq(&ev->from, &link->broker) ||
	    !keepalive_read(&f->frames, ev->data, ev->len, &kind, &acked))
		return false;
	keepalive_heard(&f->keepalive, keepalive_news(&f->frames, kind, acked), now);
	return true;
}

void broker_flow_sent(struct broker_flow *f, nk_time now)
{
	if (f->up)
		keepalive_sent(&f->keepalive, false, now);
}

static enum broker_flow_need send_frame(struct broker_flow *f, const struct broker_link *link,
					enum keepalive_kind kind, struct action *action)
{
	broker_link_to(link, action);
	keepalive_write(&f->frames, kind, action->data);
	action->len = KEEPALIVE_LEN;
	return BROKER_FLOW_SENDS;
}

enum broker_flow_need broker_flow_output(struct broker_flow *f, const struct broker_link *link,
					 struct action *action, nk_time now)
{
	if (!f->up)
		return BROKER_FLOW_REST;
	switch (keepalive_next(&f->keepalive, now)) {
	case KEEPALIVE_SEND_ASK:
		return send_frame(f, link, KEEPALIVE_ASK, action);
	case KEEPALIVE_SEND_TURN:
		return send_frame(f, link, KEEPALIVE_TURN, action);
	case KEEPALIVE_SEND_HELLO:
		f->up = false;
		f->hello = true;
		return BROKER_FLOW_DOUBTS;
	case KEEPALIVE_SEND_OPENER: /* who is to be rung must be reached */
	case KEEPALIVE_REST:
		break;
	}
	return BROKER_FLOW_REST;
}

nk_time broker_flow_deadline(const struct broker_flow *f)
{
	return f->up ? keepalive_deadline(&f->keepalive) : NK_NEVER;
}
