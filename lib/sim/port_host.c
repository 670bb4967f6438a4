#include "sim/port_host.h"

#include <string.h>

#define SOCKETS 2 /* at its address and at its other one */

static void put(struct port_host *h, const struct addr *to, const uint8_t *bytes, size_t len)
{
	struct action *a = &h->outbox[h->waiting];

	if (len == 0 || h->waiting == PORT_HOST_OUTBOX)
		return;
	h->waiting++;
	*a = (struct action){
		.kind = ACTION_SEND,
		.id = (h->server.rules.faults & PORT_WRONG_SOURCE) != 0,
		.to = *to,
		.len = len,
	};
	memcpy(a->data, bytes, len);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct port_host *h = core;
	uint8_t answer[PCP_MAX];

	if (ev->kind != EVENT_DATAGRAM || ev->id != 0)
		return;
	h->server.nat = world_nat(h->world, h->nat); /* it may be another one by now */
	put(h, &ev->from, answer,
	    port_server_answer(&h->server, &ev->from, ev->data, ev->len, answer, now));
}

static bool open_next(struct port_host *h, struct action *action)
{
	while (h->opened < SOCKETS) {
		const uint32_t socket = h->opened++;
		const struct addr *at = socket == 0 ? &h->addr : &h->other;

		if (addr_family(at) == ADDR_NONE)
			continue;
		*action = (struct action){
			.kind = ACTION_OPEN, .id = socket, .socket = SOCKET_UDP, .local = *at};
		return true;
	}
	return false;
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct port_host *h = core;

	(void)now;
	if (open_next(h, action))
		return true;
	if (h->waiting == 0)
		return false;
	*action = h->outbox[--h->waiting];
	return true;
}

static nk_time deadline(const void *core)
{
	(void)core;
	return NK_NEVER;
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

void port_host_start(struct port_host *h, struct world *world, int host, int nat,
		     const struct addr *addr, const struct addr *other,
		     const struct port_rules *rules, uint64_t seed)
{
	*h = (struct port_host){
		.addr = addr_with_port(*addr, PCP_PORT),
		.other = addr_with_port(*other, PCP_PORT),
		.world = world,
		.host = host,
		.nat = nat,
	};
	port_server_start(&h->server, world_nat(world, nat), rules, seed, world_now(world));
	world_attach(world, host, &ops, h);
}

void port_host_reboot(struct port_host *h)
{
	const struct port_leases had = h->server.leases;
	const nk_time now = world_now(h->world);
	uint8_t news[PCP_MAX];
	size_t len;

	world_reboot_nat(h->world, h->nat);
	port_server_reboot(&h->server, world_nat(h->world, h->nat), now);
	len = port_server_news(&h->server, &h->addr, news, now);
	for (unsigned i = 0; i < had.count; i++) {
		const struct addr to = addr_with_port(had.list[i].open.inside, PCP_CLIENT_PORT);

		put(h, &to, news, len);
	}
	world_tell(h->world, h->host, &(struct event){.kind = EVENT_RESUMED});
}
