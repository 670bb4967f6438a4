/*
 * A host as the kernel sees it: an init process in network, mount, process and
 * host name spaces of its own. It ends with natsim, however that ends, and all
 * that ever ran in the host ends with it.
 */
#ifndef NATSIM_HOST_H
#define NATSIM_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "topology.h"

/**
 * struct host - A running host
 * @init:	A pidfd of its first process, by which its namespaces are entered
 * @tun:	Its TUN device
 */
struct host {
	int init, tun;
};

/**
 * struct program - What is to run in a host
 * @argv:	Ends with NULL; argv[0] is looked up in PATH
 * @input, @output, @error: Descriptors to become 0, 1 and 2; -1: the caller's
 * @signals:	Its signal mask
 * @daemon:	In a session of its own: what is typed at our terminal is not for it
 */
struct program {
	char *const *argv;
	int input, output, error;
	const sigset_t *signals;
	bool daemon;
};

/**
 * host_start() - Make a host of a topology
 *
 * Return: EXIT_YES, or the exit status to end with, which has been told. host_end() then takes it.
 */
int host_start(struct host *h, const struct topology *t, unsigned number);

/* Ends all that runs in the host. */
void host_end(struct host *h);

/**
 * host_spawn() - Run a program in a host, in the same directory and with the same environment
 * @init:	As in struct host; may have come from another process
 *
 * The program is a child of the caller. What cannot be run gives 127 (not there) or 126 (not a
 * program), as shells do, and is told on its standard error.
 *
 * Return: its process number, or -1 and errno.
 */
pid_t host_spawn(int init, const struct program *p);

/* What natsim's own exit status is after a program's: 128 and its number after a signal. */
int host_exit_status(int wait_status);

#endif
