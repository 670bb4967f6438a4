/* The open sockets of a run, found by the number that the core gave them. */
#ifndef IO_SOCKMAP_H
#define IO_SOCKMAP_H

#include <uv.h>

#include "base/addr.h"
#include "io/outbox.h"

#define SOCKMAP_MAX     4096
#define SOCKMAP_BUCKETS 4096

/**
 * struct io_socket - An open socket
 * @next:	In its bucket
 * @next_ready:	In the list of those that have something to read; @ready says if it is in
 * @next_dirty:	In the list of those that have something to write; @dirty says if it is in
 * @ip_header:	What is read from it begins with one
 * @errors:	There may be ICMP errors in its error queue
 * @blocked:	Its queue waits for the socket to become writable
 * @scope:	Index of the interface that it is bound to, or 0
 * @poll:	The socket's memory lives until libuv has closed this
 */
struct io_socket {
	struct io_socket *next, *next_ready, *next_dirty;
	uint32_t id;
	int fd;
	bool ready, dirty, blocked, ip_header, errors;
	struct addr local;
	unsigned scope;
	struct outbox_queue queue;
	uv_poll_t poll;
};

struct sockmap {
	struct io_socket *buckets[SOCKMAP_BUCKETS];
	unsigned count;
};

/* The socket of that number, or NULL. */
struct io_socket *sockmap_find(const struct sockmap *m, uint32_t id);

/* The map borrows the socket until sockmap_remove(). */
void sockmap_add(struct sockmap *m, struct io_socket *s);
void sockmap_remove(struct sockmap *m, struct io_socket *s);

#endif
