#include "io/stream_end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* To open a pipe or a terminal once more gives a description of our own, and O_NONBLOCK belongs to
 * that. A file's offset does, too; and to open the master of a terminal makes another terminal. */
static bool may_reopen(int fd)
{
	struct stat st;
	int number;

	if (fstat(fd, &st) != 0)
		return false;
	return S_ISFIFO(st.st_mode) || (isatty(fd) && ioctl(fd, TIOCGPTN, &number) != 0);
}

int stream_end_own(int fd, int flags)
{
	char path[32];
	int own = -1;

	if (may_reopen(fd)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		own = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	}
	if (own < 0)
		own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return own >= 0 ? own : -errno;
}

int stream_end_open(struct stream_end *e, uv_loop_t *loop, int fd)
{
	const int rc = uv_poll_init(loop, &e->poll, fd);

	if (rc != 0 && rc != UV_EPERM) {
		close(fd);
		e->fd = -1;
		return rc;
	}
	e->fd = fd;
	e->polled = rc == 0;
	e->ready = !e->polled;
	return 0;
}

/* An error is for read() or write() to tell. */
static void on_ready(uv_poll_t *handle, int status, int events)
{
	struct stream_end *e = (struct stream_end *)handle; /* its first member */

	if (status < 0 || (events & (UV_READABLE | UV_WRITABLE)) != 0)
		e->ready = true;
	e->broken = status < 0;
	uv_poll_stop(handle);
}

void stream_end_await(struct stream_end *e, bool to_write)
{
	if (!e->polled)
		return;
	e->ready = false;
	uv_poll_start(&e->poll, to_write ? UV_WRITABLE : UV_READABLE, on_ready);
}

void stream_end_await_break(struct stream_end *e)
{
	if (e->polled)
		uv_poll_start(&e->poll, UV_DISCONNECT, on_ready);
}

void stream_end_close(struct stream_end *e, uv_close_cb on_closed)
{
	if (e->fd < 0)
		return;
	if (e->polled)
		uv_close((uv_handle_t *)&e->poll, on_closed);
	close(e->fd);
	e->fd = -1;
	e->polled = e->ready = false;
}
