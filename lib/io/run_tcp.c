/* The TCP of a run: doors, which tell who has come, and knocks, which tell whether they were let
 * in. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/run_state.h"
#include "io/sockaddr.h"
#include "io/sockets.h"

#define KNOCKS_PER_TURN 64 /* at one door */

/**
 * struct tcp_socket - A door, or a knock
 * @ready:	It polled: somebody waits at the door, or the knock has been decided
 * @poll:	The memory lives until libuv has closed this
 */
struct tcp_socket {
	struct tcp_socket *next;
	uint32_t id;
	int fd;
	bool door, ready;
	struct addr local;
	uv_poll_t poll;
};

static struct tcp_socket **place_of(struct run *r, uint32_t id)
{
	struct tcp_socket **at = &r->tcp;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct tcp_socket *s = handle->data;

	(void)status;
	(void)events;
	s->ready = true;
	if (!s->door) /* it would stay writable */
		uv_poll_stop(handle);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void close_at(struct tcp_socket **at)
{
	struct tcp_socket *s = *at;

	*at = s->next;
	uv_close((uv_handle_t *)&s->poll, on_closed); /* forgets the descriptor at once */
	close(s->fd);
}

/* Return: 0 or a negative errno. */
static int open_tcp(struct run *r, const struct action *a, struct addr *local)
{
	struct tcp_socket *s;
	int rc;

	if (*place_of(r, a->id) != NULL || sockmap_find(&r->sockets, a->id) != NULL)
		return -EEXIST;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->fd = rc = sockets_open(&s->local, a, r->options->interface);
	if (rc >= 0) {
		rc = uv_poll_init(&r->loop, &s->poll, s->fd);
		if (rc != 0)
			close(s->fd);
	}
	if (rc < 0) {
		free(s);
		return rc;
	}
	s->id = a->id;
	s->door = a->socket == SOCKET_TCP_DOOR;
	s->poll.data = s;
	s->next = r->tcp;
	r->tcp = s;
	uv_poll_start(&s->poll, s->door ? UV_READABLE : UV_WRITABLE, on_poll);
	*local = s->local;
	return 0;
}

void run_tcp_open(struct run *r, const struct action *a)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};
	const int rc = open_tcp(r, a, &ev.local);

	if (rc != 0) {
		ev.kind = EVENT_OPEN_FAILED;
		ev.error = -rc;
	}
	if (rc != 0 || a->socket == SOCKET_TCP_DOOR)
		run_tell(r, &ev);
}

bool run_tcp_close(struct run *r, const struct action *a)
{
	struct tcp_socket **at = place_of(r, a->id);

	if (*at == NULL)
		return false;
	close_at(at);
	return true;
}

/* Return: true if somebody was there. */
static bool answer_door(struct run *r, struct tcp_socket *s)
{
	struct event ev = {.kind = EVENT_KNOCK, .id = s->id, .local = s->local};
	union sockaddr_ip from;
	socklen_t len = sizeof(from);
	const int fd = accept4(s->fd, &from.sa, &len, SOCK_CLOEXEC);

	if (fd < 0) {
		/* Without a descriptor for him he would stay there, and we would turn for ever. */
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			uv_poll_stop(&s->poll);
		return false;
	}
	ev.from = sockaddr_to_addr(&from);
	len = sizeof(from);
	if (getsockname(fd, &from.sa, &len) == 0)
		ev.local = sockaddr_to_addr(&from);
	close(fd);
	run_tell(r, &ev);
	return true;
}

static void tell_knock(struct run *r, struct tcp_socket **at)
{
	struct event ev = {.kind = EVENT_OPENED, .id = (*at)->id, .local = (*at)->local};
	socklen_t len = sizeof(ev.error);

	if (getsockopt((*at)->fd, SOL_SOCKET, SO_ERROR, &ev.error, &len) != 0)
		ev.error = errno;
	if (ev.error == ECONNRESET || ev.error == EPIPE)
		ev.error = 0; /* it was accepted, and is over by now: a refusal is ECONNREFUSED */
	if (ev.error != 0) {
		ev.kind = EVENT_OPEN_FAILED;
		close_at(at);
	}
	run_tell(r, &ev);
}

void run_tcp_read(struct run *r)
{
	struct tcp_socket **at = &r->tcp, *s;

	while ((s = *at) != NULL) {
		const bool ready = s->ready;

		s->ready = false;
		for (unsigned i = 0; ready && s->door && i < KNOCKS_PER_TURN; i++)
			if (!answer_door(r, s))
				break;
		if (ready && !s->door)
			tell_knock(r, at);
		if (*at == s)
			at = &s->next;
	}
}

void run_tcp_close_all(struct run *r)
{
	while (r->tcp != NULL)
		close_at(&r->tcp);
}
