/*
 * The world in real time: one loop that takes packets from the hosts' devices,
 * lets the network do with them what is due, and gives them to other hosts.
 */
#ifndef NATSIM_ENGINE_H
#define NATSIM_ENGINE_H

#include <stdbool.h>

#include "capture.h"
#include "hosts.h"
#include "topology.h"

struct engine;

/**
 * engine_new() - The network of a world whose hosts run
 * @t:		Used as long as the engine lives; names and addresses that change in it are those
 *		that the resolver answers from then on
 * @capture:	Where packets are written, used as long as the engine lives; NULL: nowhere
 *
 * Return: NULL and errno on failure. engine_free() takes NULL.
 */
struct engine *engine_new(const struct topology *t, const struct hosts *hosts,
			  struct capture *capture);
void engine_free(struct engine *e);

/* For links, NATs and addresses in mid-run. */
struct net *engine_net(struct engine *e);

/* Calls @ready in the loop whenever @fd can be read, until it returns false, having closed @fd or
 * not. Return: false and errno on failure. */
bool engine_watch(struct engine *e, int fd, bool (*ready)(void *user), void *user);

/* Runs until engine_stop(). Return: 0, or -1 and errno. */
int engine_run(struct engine *e);
void engine_stop(struct engine *e);

#endif
