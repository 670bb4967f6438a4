/*
 * The virtual world: cores joined by links and modelled NATs, in virtual time.
 *
 * A run is a pure function of its seed. This is the small beginning: UDP,
 * mapping and filtering by RFC 4787, timers by traffic state, quotas, links
 * with delay, jitter and loss.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/core.h"

enum nat_behaviour { NAT_EI, NAT_AD, NAT_APD }; /* endpoint-independent, address-, address-and-port-dependent */
enum nat_ports { NAT_PORTS_PRESERVE, NAT_PORTS_SEQUENTIAL, NAT_PORTS_RANDOM };
enum nat_quota { NAT_QUOTA_REFUSE, NAT_QUOTA_EVICT_OLDEST };

/**
 * struct nat_spec - A NAT, as data
 * @translate:	False: a stateful firewall that rewrites nothing
 * @t_first, @t_replied, @t_stream: Timers by traffic state (design: first packet, replied, stream)
 * @stream_after: Age after which a replied flow's next packet makes it a stream (Linux: 2 s)
 * @refresh_out, @refresh_in: Which packets restart the timer
 * @quota:	Most mappings of one inside address, 0 for none
 * @cooldown:	A freed external port rests this long
 */
struct nat_spec {
	bool translate;
	enum nat_behaviour mapping, filtering;
	enum nat_ports ports;
	int port_step;
	nk_time t_first, t_replied, t_stream, stream_after;
	bool refresh_out, refresh_in;
	bool hairpin;
	unsigned quota;
	enum nat_quota quota_policy;
	nk_time cooldown;
	struct addr external[4];
	unsigned external_count;
	bool arbitrary_pooling;
};

/**
 * struct link_spec - What happens to packets on one direction of a link
 * @loss:	Independent loss, 0 to 1
 * @burst_enter, @burst_mean: Gilbert-Elliott: chance per packet-free millisecond to enter the
 *		bad state, which loses all and lasts @burst_mean on average; 0 for none
 */
struct link_spec {
	nk_time delay, jitter;
	double loss;
	double burst_enter;
	nk_time burst_mean;
	double duplicate;
};

struct world;

struct world *world_new(uint64_t seed);
void world_free(struct world *w);
nk_time world_now(const struct world *w);

/* Puts the internet's side of a host: an address routed to it. @behind is a NAT's number or -1.
 * Return: the host's number, or -1 if the world is full. */
int world_add_host(struct world *w, const struct addr *addrs, unsigned count, int behind);

/* A NAT between its inside hosts and @behind (-1: the internet). Return: its number, or -1. */
int world_add_nat(struct world *w, const struct nat_spec *spec, int behind);

/* Links: of a host to its NAT or the internet, both directions. */
void world_set_link(struct world *w, int host, const struct link_spec *up,
		    const struct link_spec *down);
void world_set_nat_link(struct world *w, int nat, const struct link_spec *up,
			const struct link_spec *down);

/* Runs @core on a host; it must have been started at world_now(). */
void world_attach(struct world *w, int host, const struct core_ops *ops, void *core);

/* Turns the world until @core's status is no longer busy, or until @until. Return: its status. */
int world_run(struct world *w, const void *core, nk_time until);

/* Mappings that a NAT holds now, and the most it ever held. */
unsigned nat_mappings(const struct world *w, int nat);
unsigned nat_mappings_peak(const struct world *w, int nat);

/* Tells a host's core of an event, such as EVENT_STOP or EVENT_LINK_LOST. */
void world_tell(struct world *w, int host, const struct event *ev);

#endif
