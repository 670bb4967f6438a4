/* What a network's packets looked like at each host and on both sides of each node, as a file. */
#ifndef SIM_NET_PCAP_H
#define SIM_NET_PCAP_H

#include <stdio.h>

#include "sim/net.h"
#include "sim/pcap.h"

#define NET_PCAP_NAME 64

/* Writes the name of a place. */
typedef void net_pcap_name(void *user, enum net_place place, int number,
			   char name[static NET_PCAP_NAME]);

/**
 * struct net_pcap - A file being written
 * @epoch:	Added to each packet's time
 * @name:	With @user: names of places; NULL: "host 0", "node 0 inside" ...
 * @interfaces:	Their numbers in the file and one; 0: not seen yet
 */
struct net_pcap {
	struct pcap pcap;
	nk_time epoch;
	net_pcap_name *name;
	void *user;
	unsigned hosts[NET_HOSTS_MAX], insides[NET_NODES_MAX], outsides[NET_NODES_MAX];
};

/* @file is borrowed. */
void net_pcap_begin(struct net_pcap *x, FILE *file, nk_time epoch, net_pcap_name *name, void *user);

/* For net_hooks.tap. */
void net_pcap_tap(struct net_pcap *x, enum net_place place, int number, const struct packet *p,
		  nk_time now);

#endif
