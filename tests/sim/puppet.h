/* A core that does what a test tells it and remembers what it is told. */
#ifndef TESTS_SIM_PUPPET_H
#define TESTS_SIM_PUPPET_H

#include <string.h>

#include "core/core.h"
#include "sim/world.h"

#define PUPPET_MAX 16384

struct puppet_got {
	nk_time at;
	uint32_t id;
	struct addr from, local;
	uint8_t ttl;
	uint32_t value;
	uint8_t head[16];
	size_t len;
};

/**
 * struct puppet - Opens and sends what it is told, at once
 * @todo:	The one action to be done next, if @has_todo
 * @opened:	Address of the socket opened last; @error of what failed last
 * @got:	The last @count datagrams, most of which held one number
 * @icmp_errors: How many it was told of; @about whom the last was, and why (@error)
 * @icmp:	The last one
 * @knocks:	At its doors; @knocker who came last
 * @echo:	Answer each datagram with its own bytes
 */
struct puppet {
	struct action todo;
	bool has_todo;
	struct addr opened;
	int error;
	struct puppet_got got[PUPPET_MAX];
	unsigned count;
	unsigned icmp_errors;
	struct addr about;
	struct event icmp;
	unsigned knocks;
	struct addr knocker;
	bool link_lost;
	bool echo;
	int status;
	nk_time wake;
};

static void puppet_input(void *core, const struct event *ev, nk_time now)
{
	struct puppet *p = core;

	switch (ev->kind) {
	case EVENT_OPENED:
		p->opened = ev->local;
		break;
	case EVENT_OPEN_FAILED:
	case EVENT_SEND_FAILED:
		p->error = ev->error;
		break;
	case EVENT_DATAGRAM: {
		struct puppet_got *g = &p->got[p->count++ % PUPPET_MAX];

		*g = (struct puppet_got){now,     ev->id, ev->from, ev->local,
					 ev->ttl, 0,      {0},      ev->len};
		memcpy(&g->value, ev->data, ev->len < 4 ? ev->len : 4);
		memcpy(g->head, ev->data, ev->len < 16 ? ev->len : 16);
		if (p->echo) {
			p->has_todo = true;
			p->todo = (struct action){
				.kind = ACTION_SEND,
				.id = ev->id,
				.local = ev->local,
				.to = ev->from,
				.len = ev->len,
			};
			memcpy(p->todo.data, ev->data, ev->len);
		}
		break;
	}
	case EVENT_ICMP_ERROR:
		p->icmp_errors++;
		p->about = ev->from;
		p->icmp = *ev;
		p->error = ev->error;
		break;
	case EVENT_KNOCK:
		p->knocks++;
		p->knocker = ev->from;
		break;
	case EVENT_LINK_LOST:
		p->link_lost = true;
		break;
	case EVENT_STOP:
		p->status = CORE_DONE;
		break;
	default:
		break;
	}
}

static bool puppet_output(void *core, struct action *action, nk_time now)
{
	struct puppet *p = core;
	const bool has = p->has_todo;

	if (has)
		*action = p->todo;
	if (p->wake <= now)
		p->wake = NK_NEVER;
	p->has_todo = false;
	return has;
}

static nk_time puppet_deadline(const void *core)
{
	return ((const struct puppet *)core)->wake;
}

static int puppet_status(const void *core)
{
	return ((const struct puppet *)core)->status;
}

static const struct core_ops puppet_ops = {
	.input = puppet_input,
	.output = puppet_output,
	.deadline = puppet_deadline,
	.status = puppet_status,
};

static inline void puppet_attach(struct puppet *p, struct world *w, int host)
{
	memset(p, 0, sizeof(*p));
	p->status = CORE_BUSY;
	p->wake = NK_NEVER;
	world_attach(w, host, &puppet_ops, p);
}

static inline void puppet_do(struct puppet *p, struct world *w, int host, const struct action *a)
{
	p->todo = *a;
	p->has_todo = true;
	world_tell(w, host, &(struct event){.kind = EVENT_RESUMED});
}

/* Return: the address bound, or all zero with @error set. */
static inline struct addr puppet_open(struct puppet *p, struct world *w, int host, uint32_t id,
				      struct addr local)
{
	p->opened = (struct addr){.port = 0};
	p->error = 0;
	puppet_do(p, w, host, &(struct action){.kind = ACTION_OPEN, .id = id, .local = local});
	return p->opened;
}

static inline void puppet_send(struct puppet *p, struct world *w, int host, uint32_t id,
			       struct addr to, uint8_t ttl, uint32_t value)
{
	struct action a = {
		.kind = ACTION_SEND, .id = id, .to = to, .ttl = ttl, .len = sizeof(value)};

	memcpy(a.data, &value, sizeof(value));
	puppet_do(p, w, host, &a);
}

#endif
