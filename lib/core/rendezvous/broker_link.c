#include "core/rendezvous/broker_link.h"

void broker_link_to(const struct broker_link *l, struct action *action)
{
	action->kind = ACTION_SEND;
	action->id = l->socket;
	action->local = (struct addr){0};
	action->to = l->broker;
	action->ttl = 0;
}

struct wr broker_link_begin(const struct broker_link *l, struct action *action, uint16_t method,
			    enum stun_class cls, const uint8_t tid[static STUN_TID])
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	broker_link_to(l, action);
	stun_begin(&w, method, cls, tid);
	return w;
}

void broker_link_end(struct action *action, struct wr *w)
{
	action->len = stun_end(w);
}

bool broker_link_read(const struct broker_link *l, const struct event *ev, struct stun_msg *msg,
		      struct rendezvous_msg *m)
{
	return ev->kind == EVENT_DATAGRAM && ev->id == l->socket &&
	       addr_eq(&ev->from, &l->broker) && stun_read(msg, ev->data, ev->len) == 0 &&
	       msg->method >= RENDEZVOUS_REGISTER && msg->method <= RENDEZVOUS_RELAY &&
	       rendezvous_read(m, msg) == 0;
}
