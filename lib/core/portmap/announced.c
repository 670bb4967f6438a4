#include "core/portmap/announced.h"

#define ALL_HOSTS_PORT 5350
#define SSDP_PORT      1900

static_assert(ANNOUNCED_SOCKETS == ANNOUNCED_PLACES, "one each");

enum announced_place announced_place(enum addr_family family)
{
	return family == ADDR_V6 ? ANNOUNCED_V6 : ANNOUNCED_V4;
}

uint32_t announced_socket(enum announced_place place)
{
	return ANNOUNCED_SOCKET + (uint32_t)place;
}

void announced_want(struct announced *a, enum announced_place place)
{
	a->wanted |= 1U << place;
}

bool announced_heard(const struct event *ev)
{
	return ev->id >= ANNOUNCED_SOCKET && ev->id < ANNOUNCED_SOCKET + ANNOUNCED_SOCKETS;
}

bool announced_input(const struct event *ev)
{
	return announced_heard(ev) && ev->kind != EVENT_DATAGRAM;
}

/* Every host is in the groups of all hosts, and joins that of SSDP by being bound to it. */
static struct addr place_to_bind(enum announced_place place)
{
	switch (place) {
	case ANNOUNCED_V6:
		return addr_any(ADDR_V6, ALL_HOSTS_PORT);
	case ANNOUNCED_SSDP:
		return addr_v4(239, 255, 255, 250, SSDP_PORT);
	default:
		return addr_any(ADDR_V4, ALL_HOSTS_PORT);
	}
}

bool announced_output(struct announced *a, struct action *action)
{
	for (enum announced_place place = 0; place < ANNOUNCED_PLACES; place++) {
		if ((a->wanted & ~a->opened & 1U << place) == 0)
			continue;
		a->opened |= 1U << place;
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = announced_socket(place),
			.socket = SOCKET_UDP,
			.local = place_to_bind(place),
			.many = true,
		};
		return true;
	}
	return false;
}
