#include "metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sockaddr.h"

#define PAGE           "/metrics"
#define CONTENT_TYPE   "text/plain; version=0.0.4; charset=utf-8"
#define BACKLOG        8
#define CONNECTIONS    8u
#define PATIENCE_S     5u
#define MEMORY         8192u /* for one connection: its request, and the head of the answer */
#define TURNS_INTERVAL NK_MS
#define IDLE           NK_S

struct metrics {
	const struct metrics_source *source;
	struct MHD_Daemon *daemon;
	int fd;
	nk_time turned, due;
};

static struct MHD_Response *plain_response(const char *text)
{
	/* libmicrohttpd only reads what is persistent, and says otherwise. */
	return MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
					       MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *numbers_response(const struct metrics_source *source)
{
	struct MHD_Response *response;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	metrics_text(out, source);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE);
	return response;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **context)
{
	const struct metrics *m = user;
	struct MHD_Response *response;
	unsigned status = MHD_HTTP_OK;
	enum MHD_Result rc;

	(void)version, (void)upload, (void)upload_len, (void)context;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
		response = plain_response("GET " PAGE "\n");
	} else if (strcmp(url, PAGE) != 0) {
		status = MHD_HTTP_NOT_FOUND;
		response = plain_response("GET " PAGE "\n");
	} else {
		response = numbers_response(m->source);
	}
	if (response == NULL)
		return MHD_NO;
	rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

/* Return: a descriptor or a negative errno. */
static int listen_at(const struct addr *at)
{
	const int family = addr_family(at) == ADDR_V4 ? AF_INET : AF_INET6;
	const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int one = 1;
	union sockaddr_ip sa;
	const socklen_t len = sockaddr_from(&sa, at, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, &sa.sa, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* Turned by our loop, without a thread. The socket is libmicrohttpd's from then on. */
static struct MHD_Daemon *start(struct metrics *m, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, m,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_END);
}

int metrics_open(struct metrics **out, const struct addr *at, const struct metrics_source *source)
{
	struct metrics *m = calloc(1, sizeof(*m));
	const union MHD_DaemonInfo *info;
	int fd;

	if (m == NULL)
		return -ENOMEM;
	m->source = source;
	fd = listen_at(at);
	if (fd < 0) {
		free(m);
		return fd;
	}
	m->daemon = start(m, fd);
	if (m->daemon == NULL) {
		close(fd);
		free(m);
		return -ENOMEM;
	}
	info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	m->fd = info->epoll_fd;
	*out = m;
	return 0;
}

void metrics_close(struct metrics *m)
{
	if (m == NULL)
		return;
	MHD_stop_daemon(m->daemon);
	free(m);
}

int metrics_fd(const struct metrics *m)
{
	return m->fd;
}

nk_time metrics_due(const struct metrics *m)
{
	return m->due;
}

/* Not in every turn of a busy loop: what waits is found a moment later. */
void metrics_turn(struct metrics *m, nk_time now)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (now - m->turned < TURNS_INTERVAL)
		return;
	m->turned = now;
	MHD_run(m->daemon);
	/* What it has begun to read makes its descriptor readable no more. */
	if (MHD_get_timeout(m->daemon, &ms) == MHD_YES && ms < IDLE / NK_MS)
		m->due = now + nk_max((nk_time)ms * NK_MS, TURNS_INTERVAL);
	else
		m->due = now + IDLE;
}
