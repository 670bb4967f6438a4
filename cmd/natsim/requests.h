/* What the supervisor of a world is asked, see control.h. */
#ifndef NATSIM_REQUESTS_H
#define NATSIM_REQUESTS_H

#include "hosts.h"
#include "sim/zoo.h"
#include "topology.h"

/**
 * struct world_view - A running world, as far as one can ask for it
 * @name, @file: Its own, and that of the file that it was made from
 * @started:	By clock_monotonic()
 */
struct world_view {
	const char *name, *file;
	struct topology *t;
	struct net *net;
	const struct hosts *hosts;
	const struct zoo *zoo;
	nk_time started;
};

/* Receives one request, does what it says, and answers. Return: false if it asks for the end. */
bool requests_answer(const struct world_view *w, int socket);

#endif
