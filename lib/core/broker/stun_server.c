/*
 * Binding requests: RFC 8489 section 6.3 and RFC 5780 section 6.
 *
 * With two addresses of a family the broker is a full RFC 5780 server. With one
 * it names no OTHER-ADDRESS and answers CHANGE-REQUEST with 420, as section 6.1
 * wants it, even if only the port was to change.
 *
 * Who asks without the magic cookie (libnice does) is told its address, and nothing more.
 */
#include "core/broker/state.h"
#include "wire/stun_classic.h"

#define SOFTWARE "natkit " NK_VERSION

uint32_t partner_of(const struct broker_config *c, uint32_t i)
{
	const enum addr_family family = addr_family(&c->listen[i]);

	if (addr_is_any(&c->listen[i]))
		return NOBODY;
	for (uint32_t k = 0; k < c->listen_count; k++) {
		if (k != i && addr_family(&c->listen[k]) == family && !addr_is_any(&c->listen[k]))
			return k;
	}
	return NOBODY;
}

/* The address by which the world knows listen[@i], or @as_asked if that is "any". */
static struct addr public_addr(const struct broker_config *c, uint32_t i, bool alt_port,
			       const struct addr *as_asked)
{
	const uint16_t port = alt_port ? c->alt_port : c->port;

	if (addr_family(&c->advertise[i]) != ADDR_NONE)
		return addr_with_port(c->advertise[i], port);
	return addr_with_port(addr_is_any(&c->listen[i]) ? *as_asked : c->listen[i], port);
}

struct addr public_addr_of(const struct broker *b, const struct request *q)
{
	return public_addr(&b->config, q->at.id / 2, q->at.id % 2 != 0, &q->local);
}

/**
 * struct origin - Where an answer leaves from (RFC 5780 section 6.1, table 1)
 * @from:	The endpoint
 * @origin:	Its public address
 * @other:	What both flags of CHANGE-REQUEST would have given; family none if there is none
 */
struct origin {
	struct endpoint from;
	struct addr origin;
	struct addr other;
};

static struct origin choose_origin(const struct broker *b, const struct request *q)
{
	const struct broker_config *c = &b->config;
	const uint32_t here = q->at.id / 2;
	const bool at_alt = q->at.id % 2 != 0;
	const uint32_t partner = partner_of(c, here);
	const bool change_ip = (q->msg->change & STUN_CHANGE_IP) != 0;
	const bool change_port = (q->msg->change & STUN_CHANGE_PORT) != 0;
	const uint32_t source = change_ip ? partner : here;
	const bool from_alt = at_alt != change_port;
	struct origin o = {.from = q->at};

	if (partner == NOBODY) {
		o.origin = public_addr(c, here, at_alt, &q->local);
		return o;
	}
	o.from = (struct endpoint){.id = 2 * source + from_alt};
	o.origin = public_addr(c, source, from_alt, &q->local);
	o.other = public_addr(c, partner, !at_alt, &q->local);
	return o;
}

static void put_tail(struct wr *w, const struct origin *o)
{
	stun_put_addr(w, STUN_RESPONSE_ORIGIN, &o->origin);
	if (addr_family(&o->other) != ADDR_NONE)
		stun_put_addr(w, STUN_OTHER_ADDRESS, &o->other);
	stun_put_bytes(w, STUN_SOFTWARE, SOFTWARE, sizeof(SOFTWARE) - 1);
}

/* Nearly all ask for no change, and are told the same. */
static void put_usual_tail(struct wr *w, struct broker *b, const struct request *q)
{
	struct stun_tail *t = &b->tails[q->at.id];
	struct wr made = wr_make(t->bytes, sizeof(t->bytes));
	struct origin o;

	if (t->len == 0 || !addr_eq(&t->local, &q->local)) {
		o = choose_origin(b, q);
		put_tail(&made, &o);
		t->local = q->local;
		t->len = made.len;
	}
	wr_bytes(w, t->bytes, t->len);
}

/* No more PADDING than the request had, and than an answer can hold beside the rest. */
static void put_padding(struct wr *w, const struct stun_msg *m)
{
	const size_t room = w->cap - w->len - 4 - 8; /* its own header, FINGERPRINT */
	const size_t len = m->padding < room ? m->padding : room;

	stun_put_padding(w, (uint16_t)(len & ~(size_t)3));
}

/* MAPPED-ADDRESS is there for those who look for an ALG that rewrites addresses. */
static void answer_success(struct broker *b, const struct request *q)
{
	const uint16_t port = q->msg->response_port != 0 ? q->msg->response_port : q->from.port;
	struct origin o = {.from = q->at};
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	stun_put_addr(&w, STUN_MAPPED_ADDRESS, &q->from);
	if (q->msg->change != 0) {
		o = choose_origin(b, q);
		put_tail(&w, &o);
	} else {
		put_usual_tail(&w, b, q);
	}
	if (q->msg->has_padding)
		put_padding(&w, q->msg);
	answer_fingerprint(q, &w);
	if (answer_send_from(b, q, ANSWER_BINDING, &w, &o.from, port))
		return;

	/* Over the limit: what every client needs, if that is no longer than its request. */
	w = answer_begin(q, STUN_SUCCESS, buf);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	answer_fingerprint(q, &w);
	answer_send_from(b, q, ANSWER_NO_LONGER, &w, &o.from, port);
}

void stun_server_binding(struct broker *b, const struct request *q)
{
	static const uint16_t change_request = STUN_CHANGE_REQUEST;
	const struct stun_msg *m = q->msg;

	b->stats.bindings++;
	if (m->unknown_count > 0)
		answer_unknown(b, q, ANSWER_BINDING, m->unknown, m->unknown_count);
	else if (m->has_change && partner_of(&b->config, q->at.id / 2) == NOBODY)
		answer_unknown(b, q, ANSWER_BINDING, &change_request, 1);
	else if (m->response_port != 0 && m->has_padding)
		answer_error(b, q, ANSWER_BINDING, 400, "Bad Request");
	else
		answer_success(b, q);
}

bool stun_server_classic(struct broker *b, const struct request *q, const uint8_t *bytes)
{
	const uint8_t *tid = stun_classic_asks(bytes, q->len);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = wr_make(buf, sizeof(buf));

	if (tid == NULL)
		return false;
	b->stats.bindings++;
	stun_classic_put_answer(&w, tid, &q->from);
	answer_send(b, q, ANSWER_BINDING, &w);
	return true;
}
