/* natbroker, on a host that is a server. */
#ifndef NATSIM_SERVER_H
#define NATSIM_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "topology.h"

/**
 * struct server - A running natbroker
 * @log:	What it wrote on standard error, or -1: it goes to ours
 */
struct server {
	pid_t pid;
	int log;
	const struct topology_host *host;
};

/**
 * struct server_options - How to run it
 * @program:	The program's file, or NULL: beside natsim, else in PATH
 * @verbose:	What it says goes to our standard error
 * @signals:	Its signal mask
 */
struct server_options {
	const char *program;
	bool verbose;
	const sigset_t *signals;
};

/* Starts natbroker on a host and waits until it answers at each of its addresses. Return:
 * EXIT_YES, or the exit status to end with, which has been told; server_end() then takes it. */
int server_start(struct server *s, const struct topology_host *h, int init,
		 const struct server_options *o);

/* Looks, after SIGCHLD, whether it has ended by itself, and says so if it has. */
void server_look(struct server *s);

/* To be called before host_end(): the kernel keeps a namespace as long as an ended process in it
 * has not been waited for. */
void server_end(struct server *s);

#endif
