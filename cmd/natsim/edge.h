/* Where a host's device and the network meet: bytes on one side, packets on the other. */
#ifndef NATSIM_EDGE_H
#define NATSIM_EDGE_H

#include <stdbool.h>

#include "topology.h"

struct fragments;

/**
 * struct edge - One host's
 * @tun:	Its device
 * @whole:	What it puts together of the fragments that it reads
 * @next_id:	Of the fragments that it makes
 */
struct edge {
	struct net *net;
	const struct topology *topology;
	unsigned host;
	int tun;
	struct fragments *whole;
	uint32_t next_id;
};

/* @net, @t and @tun are borrowed as long as the edge lives. Return: false without memory. */
bool edge_init(struct edge *e, struct net *net, const struct topology *t, unsigned host, int tun);
void edge_free(struct edge *e); /* takes one that is all zero */

/**
 * edge_read() - Takes what the host sends, some packets at most
 * @edge:	A struct edge
 *
 * What is for the world's resolver is answered here. What has a source address that the host has
 * not is dropped, as providers do (BCP 38), and so is multicast.
 *
 * Return: false if the device is gone.
 */
bool edge_read(void *edge);

/* Gives the host a packet, in fragments if it travelled as such. */
void edge_write(struct edge *e, const struct packet *p);

#endif
