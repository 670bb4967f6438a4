/*
 * How long a packet takes on its way from a host through a NAT and the internet to another: prints
 * the nanoseconds of processor time of the network alone, and with the packet's bytes read and
 * written, as natsim does. Links are perfect, and each flow has sent before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "sim/fragments.h"
#include "sim/net.h"
#include "sim/packet_ip.h"

#include "../sim/open_nat.h"

#define FLOWS   1000
#define PACKETS 2000000
#define PAYLOAD 1200

static const struct nat_spec spec = {OPEN_NAT, .filtering = NAT_APD, .flow_timers = true};

struct course {
	struct net *net;
	uint8_t in[2048], out[2048];
	size_t len;
	bool bytes;
	uint64_t arrived;
};

static void arrive(void *user, int host, const struct packet *p, nk_time now)
{
	struct course *c = user;

	(void)host, (void)now;
	c->arrived += !c->bytes || packet_write(p, c->out, sizeof(c->out)) > 0;
}

static void need(bool holds)
{
	if (holds)
		return;
	fprintf(stderr, "net_speed: no memory, or a packet was lost\n");
	exit(1);
}

static struct packet udp(uint16_t port)
{
	static uint8_t payload[PAYLOAD];

	return (struct packet){
		.kind = PACKET_UDP,
		.from = addr_v4(100, 64, 0, 2, port),
		.to = addr_v4(192, 0, 2, 1, 3478),
		.ttl = PACKET_TTL,
		.fragments = 1,
		.size = 28 + PAYLOAD,
		.data = payload,
		.len = PAYLOAD,
	};
}

static void send_one(struct course *c, int host, unsigned i)
{
	const struct packet made = udp((uint16_t)(1024 + i % FLOWS));
	struct packet *p = net_get(c->net, sizeof(c->in));
	uint8_t *data;

	need(p != NULL);
	data = p->data;
	if (c->bytes) {
		p->len = c->len;
		memcpy(data, c->in, c->len);
		need(packet_read(p) == 0);
	} else {
		*p = made;
		p->data = data;
		memcpy(data, made.data, made.len);
	}
	net_send(c->net, host, p, i);
	while (net_turn(c->net, i))
		;
}

static double nanoseconds(bool bytes)
{
	const struct net_hooks hooks = {.deliver = arrive};
	static struct course c;
	struct net_hooks mine = hooks;
	const struct addr client = addr_v4(100, 64, 0, 2, 0), server = addr_v4(192, 0, 2, 1, 0);
	const struct packet made = udp(5000);
	struct rng rng;
	clock_t start;
	int host;

	c = (struct course){.bytes = bytes};
	c.len = packet_write(&made, c.in, sizeof(c.in));
	mine.user = &c;
	rng_seed_from_number(&rng, 1);
	c.net = net_new(&mine, &rng);
	need(c.net != NULL && net_add_node(c.net, &spec, NULL, 0, NET_INTERNET) == 0);
	host = net_add_host(c.net, &client, 1, 0);
	need(net_add_host(c.net, &server, 1, NET_INTERNET) >= 0);
	for (unsigned i = 0; i < FLOWS; i++)
		send_one(&c, host, i);
	start = clock();
	for (unsigned i = 0; i < PACKETS; i++)
		send_one(&c, host, i);
	start = clock() - start;
	need(c.arrived == FLOWS + PACKETS);
	net_free(c.net);
	return (double)start / CLOCKS_PER_SEC / PACKETS * 1e9;
}

int main(void)
{
	need(crypto_init() == 0);
	printf("%.0f\n", nanoseconds(false));
	printf("%.0f\n", nanoseconds(true));
	return 0;
}
