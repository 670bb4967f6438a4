/*
 * A registration kept by frames of three bytes, once the broker has said on which terms
 * (natkit-protocol(7), KEEPALIVES). Both sides count from the TIME of the answer that both have, so
 * no counter is ever used twice with a token.
 */
#ifndef CORE_RENDEZVOUS_BROKER_FLOW_H
#define CORE_RENDEZVOUS_BROKER_FLOW_H

#include "core/keepalive/keepalive.h"
#include "core/rendezvous/broker_link.h"

/**
 * struct broker_flow - Frames to and from a broker
 * @up:		Terms are agreed
 * @hello:	A long hello is under way, whose answer goes on with what was
 */
struct broker_flow {
	bool up, hello;
	struct keepalive_flow frames;
	struct keepalive keepalive;
};

/* What may be offered to a broker of what is wanted (without wishes, of the default): all that keeps us
 * reachable. */
struct keepalive_offer broker_flow_offer(const struct keepalive_offer *wanted);

/* The broker has just answered: @token and @time_us are its own. */
void broker_flow_start(struct broker_flow *f, const struct keepalive_terms *terms, uint64_t token,
		       uint64_t time_us, const struct broker_link *link, nk_time now);

/* Return: true if it was a frame of the broker's. */
bool broker_flow_input(struct broker_flow *f, const struct broker_link *link,
		       const struct event *ev, nk_time now);

/* Something else has left for the broker. */
void broker_flow_sent(struct broker_flow *f, nk_time now);

enum broker_flow_need {
	BROKER_FLOW_REST,
	BROKER_FLOW_SENDS, /* @action is set */
	BROKER_FLOW_DOUBTS /* an answer is missing: the broker is to be asked who we are */
};

/* What is to be done now. */
enum broker_flow_need broker_flow_output(struct broker_flow *f, const struct broker_link *link,
					 struct action *action, nk_time now);

nk_time broker_flow_deadline(const struct broker_flow *f);

#endif
