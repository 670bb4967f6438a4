/*
 * Runs a core on real sockets.
 *
 * One thread, one loop (libuv): replies first, then deadlines, then sends.
 * The sockets are ours: packet info and TTL both ways, the error queue, batched
 * reads and writes. Time is CLOCK_BOOTTIME, by a timerfd.
 */
#ifndef IO_RUN_H
#define IO_RUN_H

#include <stdbool.h>

#include "core/core.h"

/**
 * struct stream_plan - What a stream is to be
 * @input, @output: Descriptors to read from and to write to, which stay the caller's
 * @command:	A program in their place, for sh(1), with pipes to its standard input and output;
 *		or NULL
 * @environment: Of the program, ended by NULL; NULL: ours. Borrowed until the stream is open
 *
 * A program whose stream is closed before it has ended is sent SIGHUP.
 */
struct stream_plan {
	int input, output;
	const char *command;
	char *const *environment;
};

/**
 * struct run_shared - How packets of other programs' sockets (SOCKET_SHARED) leave and are seen
 * @send:	From @from, its port that socket's. Returns 0 or a negative errno
 * @receive:	Sets @from, @local, @ttl, @data and @len of the next one that has been seen, the bytes
 *		borrowed until the next call; false: there is none. Asked once a turn until then
 * @user:	Argument of both
 */
struct run_shared {
	int (*send)(void *user, const struct addr *from, const struct action *action);
	bool (*receive)(void *user, struct event *ev);
	void *user;
};

/**
 * struct run_options - How a core is run
 * @interface:	Bind sockets to this interface (SO_BINDTODEVICE), or NULL
 * @by_address:	A socket that is bound to an address sends through the interface that has it, whatever
 *		routes there are: for several ways out, and next hops with a link-local address
 * @no_ttl:	The TTL of what comes is not needed, and not told: that takes time
 * @watch_links: Report the loss of the interface or local address in use as EVENT_LINK_LOST
 * @on_turn:	Called once per turn of the loop after the core has been served, or NULL: for
 *		progress, events and logs
 * @plan_stream: Says what the stream of that id is to be, given as standard input and output; or
 *		NULL: all streams are those
 * @user:	Argument of both
 * @tick:	Call @on_turn at least this often; 0: only when something happens
 * @wake_fd:	A turn is due whenever this is readable, such as an epoll descriptor of all that
 *		@on_turn and @shared look at; 0: there is none
 * @shared:	Borrowed; NULL: no socket of another program can be had
 * @signal:	Set to the signal that ended the run, 0 if none did
 * @error:	Set to the errno of what failed last: setting up the loop, or opening a UDP socket;
 *		0 if nothing did
 * @stream_error: Set to the errno of a stream that could not be written to, for another reason
 *		than that its reader is gone; 0 if there was none
 */
struct run_options {
	const char *interface;
	bool by_address, no_ttl, watch_links;
	void (*on_turn)(void *user, nk_time now);
	void (*plan_stream)(void *user, uint32_t id, struct stream_plan *plan);
	void *user;
	nk_time tick;
	int wake_fd;
	const struct run_shared *shared;
	int signal, error, stream_error;
};

/* The time that cores are given. */
nk_time run_now(void);

/**
 * run_core() - Turn a core until its status is no longer busy
 * @ops, @core:	Already started, with run_now()
 *
 * SIGINT, SIGTERM and SIGHUP (unless it is ignored, as by nohup) become one EVENT_STOP; a
 * second one ends the run at once, unless it comes with the first.
 *
 * Return: the core's status; NK_ERR_STOPPED after a second signal; NK_ERR_SYSTEM
 * or NK_ERR_NO_MEMORY if the loop could not be set up.
 */
int run_core(const struct core_ops *ops, void *core, struct run_options *options);

#endif
