/* The inside of a run, for its parts: the loop (run.c), sockets (run_sockets.c),
 * streams (run_streams.c), sockets of other programs (run_shared.c), TCP (run_tcp.c). */
#ifndef IO_RUN_STATE_H
#define IO_RUN_STATE_H

#include <signal.h>
#include <uv.h>

#include "io/clock.h"
#include "io/datagrams.h"
#include "io/outbox.h"
#include "io/run.h"
#include "io/sockmap.h"

#define RUN_STOP_SIGNALS 3

/**
 * struct run - A run
 * @now:	The time of this turn
 * @armed:	What the timer is set to
 * @turned:	When @on_turn was last called
 * @ready:	Sockets that polled readable, or had more to read than a batch
 * @dirty:	Sockets with something in their queues that may be written, up to @last_dirty
 * @scope:	Index of the interface that all sockets are bound to, or 0
 * @busy:	There is more to do at once: do not wait
 * @stops:	Signals that came, the last at @stopped; @stop_told: the core knows
 * @links_changed: Time to look whether our addresses are still there
 * @shared:	Sockets of other programs that the core has opened
 * @tcp:	All of them
 * @streams:	All of them; @stream_data: what was read from one
 * @sigpipe:	To be restored, if @sigpipe_ignored
 */
struct run {
	const struct core_ops *ops;
	void *core;
	struct run_options *options;
	nk_time now, armed, turned;
	struct clock_sleep sleep;

	uv_loop_t loop;
	uv_poll_t timer, links, wake;
	uv_signal_t signals[RUN_STOP_SIGNALS];
	int timer_fd, links_fd;

	struct sockmap sockets;
	struct io_socket *ready, *dirty, *last_dirty;
	unsigned scope;
	bool busy;
	unsigned stops;
	nk_time stopped;
	bool stop_told, links_changed;

	struct outbox outbox;
	struct datagrams_in in;

	struct shared_socket *shared;
	struct tcp_socket *tcp;
	struct stream *streams;
	struct sigaction sigpipe;
	bool sigpipe_ignored;
	uint8_t stream_data[CORE_DATAGRAM_MAX];
};

/* Tells the core. Whatever it is told between two outputs may make it want another. */
void run_tell(struct run *r, const struct event *ev);
void run_tell_send_failed(struct run *r, const struct action *a, int error);

/* The actions on sockets; false, and nothing is done, if the number is no socket's. */
void run_sockets_open(struct run *r, const struct action *a);
bool run_sockets_send(struct run *r, const struct action *a);
bool run_sockets_close(struct run *r, const struct action *a);

/* What a turn does with all of them: tells what has come, and writes what was sent. */
void run_sockets_read(struct run *r);
void run_sockets_write(struct run *r);

void run_sockets_close_all(struct run *r);

/* The actions on sockets of other programs; as above. */
void run_shared_open(struct run *r, const struct action *a);
bool run_shared_send(struct run *r, const struct action *a);
bool run_shared_close(struct run *r, const struct action *a);

/* Tells what has been seen of them. */
void run_shared_read(struct run *r);

void run_shared_close_all(struct run *r);

/* The actions on doors and knocks; as above. */
void run_tcp_open(struct run *r, const struct action *a);
bool run_tcp_close(struct run *r, const struct action *a);

/* Tells who has come, and what became of knocks. */
void run_tcp_read(struct run *r);

/* The loop must turn once more after it, to free them. */
void run_tcp_close_all(struct run *r);

/* The actions on streams; nothing is done, and false returned, if the number is no stream's. */
void run_streams_open(struct run *r, const struct action *a);
void run_streams_read(struct run *r, const struct action *a);
bool run_streams_send(struct run *r, const struct action *a);
void run_streams_end(struct run *r, const struct action *a);
void run_streams_close(struct run *r, const struct action *a);

/* Reads and writes what can be without waiting, and tells of it. */
void run_streams_serve(struct run *r);

/* The loop must turn once more after it, to free them. */
void run_streams_close_all(struct run *r);

#endif
