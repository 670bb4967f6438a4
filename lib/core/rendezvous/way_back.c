#include "core/rendezvous/way_back.h"

#include <string.h>

#include "base/err.h"

#define ANSWER_TRIES 4

void way_back_init(struct way_back *b)
{
	memset(b, 0, sizeof(*b));
	for (unsigned i = 0; i < WAY_BACK_ANSWERS; i++)
		asking_wait(&b->answers[i].asking, NK_NEVER);
}

int way_back_answer(struct way_back *b, const struct rung *to, const uint8_t *answer, size_t len,
		    bool allow_relay, nk_time now)
{
	struct way_back_answer *a = b->answers;

	while (a < b->answers + WAY_BACK_ANSWERS && a->asking.due != NK_NEVER)
		a++;
	if (a == b->answers + WAY_BACK_ANSWERS || len == 0 || len > RENDEZVOUS_BODY_MAX)
		return NK_ERR_NO_ROOM;
	a->to = *to;
	a->to.len = len;
	memcpy(a->to.offer, answer, len);
	a->flags = allow_relay ? RENDEZVOUS_RELAY_OK : 0;
	asking_wait(&a->asking, now);
	return 0;
}

int way_back_relay(struct way_back *b, const struct rung *to, const uint8_t *packet, size_t len)
{
	return rungs_put(&b->relays, &to->from, to->ticket, packet, len);
}

void way_back_input(struct way_back *b, struct broker_link *link, const struct stun_msg *msg,
		    const struct rendezvous_msg *m, nk_time now)
{
	for (unsigned i = 0; i < WAY_BACK_ANSWERS; i++) {
		struct asking *a = &b->answers[i].asking;

		if (a->due != NK_NEVER &&
		    asking_is_answered(a, link, RENDEZVOUS_ANSWER, msg, m, now))
			asking_wait(a, NK_NEVER);
	}
}

static void put_rung(struct wr *w, uint64_t token, const struct rung *x)
{
	probe_put_token(w, token);
	rendezvous_put_from(w, &x->from);
	rendezvous_put_ticket(w, x->ticket);
	rendezvous_put_body(w, x->offer, x->len);
}

static void send_answer(struct way_back_answer *a, struct broker_link *link, uint64_t token,
			struct action *action, nk_time now)
{
	struct wr w = broker_link_begin(link, action, RENDEZVOUS_ANSWER, STUN_REQUEST,
					asking_send(&a->asking, link, now));

	put_rung(&w, token, &a->to);
	if (a->flags != 0)
		stun_put_u32(&w, RENDEZVOUS_ATTR_FLAGS, a->flags);
	broker_link_end(action, &w);
}

static bool output_answer(struct way_back *b, struct broker_link *link, uint64_t token,
			  struct action *action, nk_time now)
{
	for (unsigned i = 0; i < WAY_BACK_ANSWERS; i++) {
		struct way_back_answer *a = &b->answers[i];

		if (a->asking.due > now)
			continue;
		if (a->asking.tries < ANSWER_TRIES) {
			send_answer(a, link, token, action, now);
			return true;
		}
		asking_wait(&a->asking, NK_NEVER);
	}
	return false;
}

static bool output_relay(struct way_back *b, struct broker_link *link, uint64_t token,
			 struct action *action)
{
	uint8_t tid[STUN_TID];
	struct rung x;
	struct wr w;

	if (!rungs_take(&b->relays, &x))
		return false;
	rng_bytes(link->rng, tid, sizeof(tid));
	w = broker_link_begin(link, action, RENDEZVOUS_RELAY, STUN_INDICATION, tid);
	put_rung(&w, token, &x);
	broker_link_end(action, &w);
	return true;
}

bool way_back_output(struct way_back *b, struct broker_link *link, uint64_t token,
		     struct action *action, nk_time now)
{
	return output_answer(b, link, token, action, now) || output_relay(b, link, token, action);
}

nk_time way_back_deadline(const struct way_back *b)
{
	nk_time due = b->relays.count > 0 ? 0 : NK_NEVER;

	for (unsigned i = 0; i < WAY_BACK_ANSWERS; i++)
		due = nk_min(due, b->answers[i].asking.due);
	return due;
}
