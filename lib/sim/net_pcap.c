#include "sim/net_pcap.h"

#include "sim/fragments.h"
#include "sim/packet_ip.h"

static void plain_name(void *user, enum net_place place, int number,
		       char name[static NET_PCAP_NAME])
{
	(void)user;
	if (place == NET_AT_HOST)
		snprintf(name, NET_PCAP_NAME, "host %d", number);
	else
		snprintf(name, NET_PCAP_NAME, "node %d %s", number,
			 place == NET_NODE_INSIDE ? "inside" : "outside");
}

void net_pcap_begin(struct net_pcap *x, FILE *file, nk_time epoch, net_pcap_name *name, void *user)
{
	*x = (struct net_pcap){
		.epoch = epoch,
		.name = name != NULL ? name : plain_name,
		.user = user,
	};
	pcap_begin(&x->pcap, file);
}

static unsigned interface_of(struct net_pcap *x, enum net_place place, int number)
{
	unsigned *known = place == NET_AT_HOST       ? &x->hosts[number]
			  : place == NET_NODE_INSIDE ? &x->insides[number]
						     : &x->outsides[number];
	char name[NET_PCAP_NAME];

	if (*known == 0) {
		x->name(x->user, place, number, name);
		*known = 1 + pcap_interface(&x->pcap, name);
	}
	return *known - 1;
}

void net_pcap_tap(struct net_pcap *x, enum net_place place, int number, const struct packet *p,
		  nk_time now)
{
	uint8_t ip[FRAGMENTS_WHOLE_MAX];
	const size_t len = packet_write(p, ip, sizeof(ip));

	if (len > 0)
		pcap_packet(&x->pcap, interface_of(x, place, number), x->epoch + now, ip, len);
}
