/* The process that is a world: its hosts, the network between them, and answers about it. */
#ifndef NATSIM_SUPERVISOR_H
#define NATSIM_SUPERVISOR_H

#include "sim/zoo.h"
#include "topology.h"

/**
 * struct supervisor_options - A world to be
 * @name, @file: Of the world, and where it was read from
 * @t, @zoo:	Used as long as it runs
 * @pcap:	File for what is sent in it, or NULL
 * @listener:	Where it is asked, see control.h
 * @ready:	Called once when all runs. Return: false ends it
 */
struct supervisor_options {
	const char *name, *file;
	struct topology *t;
	const struct zoo *zoo;
	const char *pcap;
	int listener;
	bool (*ready)(void *user);
	void *user;
};

/* Runs it until it is asked to stop, or a signal ends it. Return: the exit status. */
int supervisor_run(const struct supervisor_options *o);

#endif
