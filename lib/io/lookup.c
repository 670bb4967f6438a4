#include "io/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "io/resolve.h"

struct reply {
	int count;
	struct addr found[LOOKUP_MAX];
	const char *why;
};

/* The thread's own: whoever asked may have gone when the resolver answers. */
struct question {
	int fd;
	uint16_t port;
	enum addr_family want;
	char name[];
};

static void *ask(void *arg)
{
	struct question *q = arg;
	struct reply reply = {.why = NULL};

	reply.count = resolve_host(reply.found, LOOKUP_MAX, q->name, q->port, q->want, &reply.why);
	send(q->fd, &reply, sizeof(reply), MSG_NOSIGNAL);
	close(q->fd);
	free(q);
	return NULL;
}

/* Return: 0 or a positive errno. Takes @q only if it is 0. */
static int start(struct question *q)
{
	pthread_attr_t detached;
	pthread_t thread;
	int rc = pthread_attr_init(&detached);

	if (rc != 0)
		return rc;
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &detached, ask, q);
	pthread_attr_destroy(&detached);
	return rc;
}

int lookup_begin(const char *host_port, uint16_t port, enum addr_family want)
{
	const size_t size = strlen(host_port) + 1;
	struct question *q = malloc(sizeof(*q) + size);
	int ends[2], rc;

	if (q == NULL)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		rc = -errno;
		free(q);
		return rc;
	}
	*q = (struct question){.fd = ends[1], .port = port, .want = want};
	memcpy(q->name, host_port, size);
	rc = start(q);
	if (rc == 0)
		return ends[0];
	close(ends[0]);
	close(ends[1]);
	free(q);
	return -rc;
}

int lookup_take(int fd, struct addr *out, const char **why)
{
	struct reply reply;
	const bool good = recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) == sizeof(reply);

	close(fd);
	if (!good) {
		*why = "the resolver does not answer";
		return NK_ERR_UNREACHABLE;
	}
	*why = reply.why;
	for (int i = 0; i < reply.count; i++)
		out[i] = reply.found[i];
	return reply.count;
}

bool lookup_end(int fd, struct addr *out)
{
	struct addr found[LOOKUP_MAX];
	const char *why;
	const bool good = lookup_take(fd, found, &why) > 0;

	if (good)
		*out = found[0];
	return good;
}
