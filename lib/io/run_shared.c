/* The sockets of other programs that a run sends from and looks at, by means that its caller has. */
#include <errno.h>
#include <stdlib.h>

#include "io/run_state.h"
#include "io/sockets.h"

#define READS_PER_TURN 256 /* a flood on such a port must not hide all else */

struct shared_socket {
	struct shared_socket *next;
	uint32_t id;
	struct addr local;
};

static struct shared_socket *find(const struct run *r, uint32_t id)
{
	struct shared_socket *s = r->shared;

	while (s != NULL && s->id != id)
		s = s->next;
	return s;
}

/* Return: 0 or a negative errno. */
static int open_shared(struct run *r, const struct action *a, struct addr *local)
{
	struct shared_socket *s;
	int rc;

	if (r->options->shared == NULL)
		return -EPROTONOSUPPORT;
	if (find(r, a->id) != NULL || sockmap_find(&r->sockets, a->id) != NULL)
		return -EEXIST;
	rc = sockets_source(local, &a->peer, r->options->interface);
	if (rc != 0)
		return rc;
	s = malloc(sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	*local = addr_with_port(*local, a->local.port);
	*s = (struct shared_socket){.next = r->shared, .id = a->id, .local = *local};
	r->shared = s;
	return 0;
}

void run_shared_open(struct run *r, const struct action *a)
{
	struct event ev = {.kind = EVENT_OPENED, .id = a->id};
	const int rc = open_shared(r, a, &ev.local);

	if (rc != 0) {
		ev.kind = EVENT_OPEN_FAILED;
		ev.error = r->options->error = -rc;
	}
	run_tell(r, &ev);
}

bool run_shared_send(struct run *r, const struct action *a)
{
	const struct run_shared *o = r->options->shared;
	struct shared_socket *s = find(r, a->id);
	struct addr from;
	int rc;

	if (s == NULL)
		return false;
	/* The way out may be another one since the last time. */
	rc = sockets_source(&from, &a->to, r->options->interface);
	if (rc == 0) {
		s->local = addr_with_port(from, s->local.port);
		rc = o->send(o->user, &s->local, a);
	}
	if (rc != 0)
		run_tell_send_failed(r, a, -rc);
	return true;
}

bool run_shared_close(struct run *r, const struct action *a)
{
	struct shared_socket **at = &r->shared, *s;

	while (*at != NULL && (*at)->id != a->id)
		at = &(*at)->next;
	s = *at;
	if (s == NULL)
		return false;
	*at = s->next;
	free(s);
	return true;
}

static void tell(struct run *r, struct event *ev)
{
	for (const struct shared_socket *s = r->shared; s != NULL; s = s->next) {
		if (s->local.port != ev->local.port ||
		    addr_family(&s->local) != addr_family(&ev->local))
			continue;
		ev->id = s->id;
		run_tell(r, ev);
	}
}

void run_shared_read(struct run *r)
{
	const struct run_shared *o = r->options->shared;
	struct event ev = {.kind = EVENT_DATAGRAM};

	if (o == NULL)
		return;
	for (unsigned i = 0; i < READS_PER_TURN && o->receive(o->user, &ev); i++)
		tell(r, &ev);
}

void run_shared_close_all(struct run *r)
{
	while (r->shared != NULL) {
		struct shared_socket *s = r->shared;

		r->shared = s->next;
		free(s);
	}
}
