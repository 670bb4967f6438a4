/* All hosts of a world, and natbroker on those that are servers. */
#ifndef NATSIM_HOSTS_H
#define NATSIM_HOSTS_H

#include "host.h"
#include "server.h"
#include "topology.h"

/**
 * struct hosts - Running hosts
 * @host:	By number, @count of them
 * @server:	Of those that are servers, @server_count
 */
struct hosts {
	struct host host[NET_HOSTS_MAX];
	unsigned count;
	struct server server[NET_HOSTS_MAX];
	unsigned server_count;
};

/* Starts all, and waits until the servers answer. spaces_prepare() comes before. Return: EXIT_YES,
 * or the exit status to end with, which has been told; hosts_end() then takes what there is. */
int hosts_start(struct hosts *h, const struct topology *t, const struct server_options *o);

/* After SIGCHLD: says which servers have ended by themselves. */
void hosts_look(struct hosts *h);

void hosts_end(struct hosts *h);

#endif
