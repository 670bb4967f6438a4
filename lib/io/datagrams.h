/* Datagrams in and out of sockets by the batch, with address and TTL of each. */
#ifndef IO_DATAGRAMS_H
#define IO_DATAGRAMS_H

#include <stdalign.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/core.h"
#include "io/sockaddr.h"

#define DATAGRAMS_BATCH   64
#define DATAGRAMS_CONTROL 256 /* bytes; packet info and TTL take at most 64 */

/* One datagram to be sent, as the core filled it in, and @next in the queue that it is in. */
struct datagram_out {
	struct datagram_out *next;
	struct action send;
};

/* Room for one batched read. datagrams_init() sets it up; it must not be moved afterwards. */
struct datagrams_in {
	struct mmsghdr msgs[DATAGRAMS_BATCH];
	struct iovec iov[DATAGRAMS_BATCH];
	union sockaddr_ip names[DATAGRAMS_BATCH];
	alignas(struct cmsghdr) uint8_t control[DATAGRAMS_BATCH][DATAGRAMS_CONTROL];
	uint8_t data[DATAGRAMS_BATCH][CORE_DATAGRAM_MAX];
};

void datagrams_init(struct datagrams_in *in);

/**
 * datagrams_read() - Read what has come, up to DATAGRAMS_BATCH datagrams
 *
 * Bytes beyond CORE_DATAGRAM_MAX are cut off.
 *
 * Return: how many, or a negative errno. Besides -EAGAIN that may be the errno
 * of an ICMP error that came: the next call reads on.
 */
int datagrams_read(struct datagrams_in *in, int fd);

/* Fills the EVENT_DATAGRAM fields of @ev for datagram @i of the last read, from a socket bound to
 * @bound. The bytes are borrowed until the next read. */
void datagrams_event(struct event *ev, struct datagrams_in *in, unsigned i,
		     const struct addr *bound);

/* Takes the IPv4 header off a datagram of SOCKET_ICMP_RAW; false if it is not whole. */
bool datagrams_skip_ip_header(struct event *ev);

/* Takes one ICMP error out of the socket's error queue and fills the EVENT_ICMP_ERROR fields of @ev
 * but @id and @local; false if the queue is empty. Entries that are no ICMP errors are skipped. */
bool datagrams_icmp_error(struct event *ev, int fd);

/**
 * datagrams_write() - Send the first datagrams of a list
 * @first:	A NULL-terminated list; at most DATAGRAMS_BATCH are sent
 * @scope:	Interface index for link-local destinations, or 0
 *
 * Return: how many the kernel took (at least 1), or the negative errno that the
 * first one met. That may belong to an ICMP error that came earlier: only an
 * error that comes again is the send's own.
 */
int datagrams_write(int fd, const struct datagram_out *first, unsigned scope);

#endif
