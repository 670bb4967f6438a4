/* The sockets of a run: what comes is told, what the core sends is collected and written. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/links.h"
#include "io/run_state.h"
#include "io/sockets.h"

#define ERRORS_PER_TURN 64 /* ICMP errors of one socket */
#define SEND_TRIES      4

static void mark_dirty(struct run *r, struct io_socket *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	s->next_dirty = NULL;
	if (r->dirty == NULL)
		r->dirty = s;
	else
		r->last_dirty->next_dirty = s;
	r->last_dirty = s;
}

static void watch(struct io_socket *s);

static void mark_ready(struct run *r, struct io_socket *s)
{
	if (s->ready)
		return;
	s->ready = true;
	s->next_ready = r->ready;
	r->ready = s;
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
	struct io_socket *s = handle->data;
	struct run *r = handle->loop->data;

	if ((events & UV_WRITABLE) != 0) {
		s->blocked = false;
		mark_dirty(r, s);
	}
	mark_ready(r, s);
	/* A socket with ICMP errors to tell looks broken to libuv, which stops polling it. */
	s->errors = s->errors || status < 0;
	if (status < 0 || (events & UV_WRITABLE) != 0)
		watch(s);
}

static void watch(struct io_socket *s)
{
	const int events = UV_READABLE | (s->blocked ? UV_WRITABLE : 0);

	uv_poll_start(&s->poll, events, on_socket);
}

static void read_errors(struct run *r, struct io_socket *s)
{
	s->errors = false; /* more than these show at the next poll */
	for (unsigned i = 0; i < ERRORS_PER_TURN; i++) {
		struct event ev = {.id = s->id, .local = s->local};

		if (!datagrams_icmp_error(&ev, s->fd))
			return;
		run_tell(r, &ev);
	}
}

static void tell_datagram(struct run *r, const struct event *ev)
{
	struct action *first = outbox_next(&r->outbox);

	if (r->ops->answer == NULL) {
		run_tell(r, ev);
		return;
	}
	r->busy = true;
	if (r->ops->answer(r->core, ev, first, r->now) && !run_sockets_send(r, first))
		run_tell_send_failed(r, first, EBADF);
}

/* A socket with more to read is read in the next turn without asking, and not polled until then:
 * being polled costs it time for each packet, those that it sends included. */
static void read_on(struct run *r, struct io_socket *s, bool more)
{
	if (more) {
		mark_ready(r, s);
		if (!s->blocked)
			uv_poll_stop(&s->poll);
	} else if (!uv_is_active((uv_handle_t *)&s->poll)) {
		watch(s);
	}
}

/* One batch a turn: a flood on one socket must not hide the others. */
static void read_socket(struct run *r, struct io_socket *s)
{
	const int n = datagrams_read(&r->in, s->fd);
	struct event events[DATAGRAMS_BATCH];
	unsigned count = 0;

	for (int i = 0; i < n; i++) {
		struct event *ev = &events[count];

		*ev = (struct event){.id = s->id, .more = i + 1 < n || n == DATAGRAMS_BATCH};
		datagrams_event(ev, &r->in, (unsigned)i, &s->local);
		count += !s->ip_header || datagrams_skip_ip_header(ev);
	}
	if (count > 1 && r->ops->expect != NULL)
		r->ops->expect(r->core, events, count);
	for (unsigned i = 0; i < count; i++)
		tell_datagram(r, &events[i]);
	if (s->errors)
		read_errors(r, s);
	read_on(r, s, n == DATAGRAMS_BATCH);
}

void run_sockets_read(struct run *r)
{
	struct io_socket *s = r->ready, *next;

	r->ready = NULL;
	for (; s != NULL; s = next) {
		next = s->next_ready;
		s->ready = false;
		read_socket(r, s);
	}
}

static void write_socket(struct run *r, struct io_socket *s)
{
	unsigned tries = 0;

	while (s->queue.first != NULL) {
		int n = datagrams_write(s->fd, s->queue.first, s->scope);

		if (n == -EAGAIN) {
			s->blocked = true;
			watch(s);
			return;
		}
		/* The kernel tells of an ICMP error by the next call, whatever that is: only an
		 * error that comes again and again is this datagram's own. */
		if (n < 0 && ++tries < SEND_TRIES)
			continue;
		if (n < 0) {
			const struct event failed = {.kind = EVENT_SEND_FAILED,
						     .id = s->id,
						     .error = -n,
						     .from = s->queue.first->send.to};

			outbox_drop_first(&r->outbox, &s->queue);
			run_tell(r, &failed);
		}
		for (; n > 0; n--)
			outbox_drop_first(&r->outbox, &s->queue);
		tries = 0;
	}
}

/* In the order of their sends: what a NAT gives to one after the other tells how it counts. */
void run_sockets_write(struct run *r)
{
	while (r->dirty != NULL) {
		struct io_socket *s = r->dirty;

		r->dirty = s->next_dirty;
		s->dirty = false;
		write_socket(r, s);
	}
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void forget_ready(struct run *r, const struct io_socket *s)
{
	struct io_socket **at = &r->ready;

	if (!s->ready)
		return;
	while (*at != s)
		at = &(*at)->next_ready;
	*at = s->next_ready;
}

static void close_socket(struct run *r, struct io_socket *s)
{
	forget_ready(r, s);
	sockmap_remove(&r->sockets, s);
	while (s->queue.first != NULL)
		outbox_drop_first(&r->outbox, &s->queue);
	uv_close((uv_handle_t *)&s->poll, on_closed); /* forgets the descriptor at once */
	close(s->fd);
}

/* The interface that a socket is to be bound to, or NULL. @name has IF_NAMESIZE bytes. */
static const char *interface_for(const struct run *r, const struct action *a, char *name)
{
	struct ifaddrs *all;
	bool found;

	if (!r->options->by_address || addr_is_any(&a->local))
		return r->options->interface;
	all = links_look();
	found = all != NULL && links_interface_of(name, all, &a->local);
	freeifaddrs(all);
	return found ? name : r->options->interface;
}

/* Return: 0 or a negative errno. */
static int open_socket(struct run *r, const struct action *a)
{
	char name[IF_NAMESIZE];
	const char *interface;
	struct io_socket *s;
	int rc;

	if (sockmap_find(&r->sockets, a->id) != NULL)
		return -EEXIST;
	if (r->sockets.count >= SOCKMAP_MAX)
		return -EMFILE;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;

	s->id = a->id;
	interface = interface_for(r, a, name);
	s->scope = interface == r->options->interface ? r->scope : if_nametoindex(interface);
	s->fd = sockets_open(&s->local, a, interface);
	rc = s->fd;
	if (rc >= 0 && !r->options->no_ttl && a->socket != SOCKET_ICMP_RAW)
		sockets_tell_ttl(s->fd, &s->local);
	if (rc >= 0) {
		rc = uv_poll_init(&r->loop, &s->poll, s->fd);
		if (rc != 0)
			close(s->fd);
	}
	if (rc < 0) {
		free(s);
		return rc;
	}
	s->poll.data = s;
	s->ip_header = a->socket == SOCKET_ICMP_RAW && addr_family(&s->local) == ADDR_V4;
	sockmap_add(&r->sockets, s);
	watch(s);
	return 0;
}

void run_sockets_open(struct run *r, const struct action *a)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};
	const int rc = open_socket(r, a);

	if (rc != 0) {
		ev.kind = EVENT_OPEN_FAILED;
		ev.error = -rc;
		if (a->socket == SOCKET_UDP)
			r->options->error = -rc;
	} else {
		ev.local = sockmap_find(&r->sockets, a->id)->local;
	}
	run_tell(r, &ev);
}

bool run_sockets_send(struct run *r, const struct action *a)
{
	struct io_socket *s = sockmap_find(&r->sockets, a->id);

	if (s == NULL)
		return false;
	if (a->len > sizeof(a->data)) {
		run_tell_send_failed(r, a, EMSGSIZE);
		return true;
	}
	if (!outbox_has_room(&r->outbox, &s->queue))
		run_sockets_write(r);
	if (!outbox_add(&r->outbox, &s->queue))
		run_tell_send_failed(r, a, ENOBUFS);
	else if (!s->blocked)
		mark_dirty(r, s);
	return true;
}

bool run_sockets_close(struct run *r, const struct action *a)
{
	struct io_socket *s = sockmap_find(&r->sockets, a->id);

	if (s == NULL)
		return false;
	run_sockets_write(r); /* what was sent before the close leaves before it */
	close_socket(r, s);
	return true;
}

void run_sockets_close_all(struct run *r)
{
	for (size_t i = 0; i < SOCKMAP_BUCKETS; i++)
		while (r->sockets.buckets[i] != NULL)
			close_socket(r, r->sockets.buckets[i]);
}
