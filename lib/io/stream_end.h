/*
 * One direction of a stream: a descriptor that is read from, or written to.
 *
 * Pipes, sockets and terminals are polled. What cannot be (a regular file, /dev/null) is always
 * ready.
 */
#ifndef IO_STREAM_END_H
#define IO_STREAM_END_H

#include <stdbool.h>
#include <uv.h>

/**
 * struct stream_end - One direction
 * @poll:	In use if @polled; @poll.data is the owner's
 * @fd:		-1: it is closed
 * @ready:	One read(), or one write() of at most PIPE_BUF bytes, would not wait
 * @broken:	Whoever read what is written here is gone
 */
struct stream_end {
	uv_poll_t poll;
	int fd;
	bool polled, ready, broken;
};

/**
 * stream_end_own() - A descriptor of our own for what @fd is
 * @flags:	O_RDONLY or O_WRONLY
 *
 * It does not block, where that can be had without a change to @fd, which others share. A socket
 * cannot be opened anew: once it is polled, @fd and all who share it do not block either.
 *
 * Return: the descriptor, or a negative errno.
 */
int stream_end_own(int fd, int flags);

/* Takes @fd, also on failure. @e must not move until stream_end_close() and its callback.
 * Return: 0 or a negative errno. */
int stream_end_open(struct stream_end *e, uv_loop_t *loop, int fd);

/* Sets @ready as soon as the end can be read from, or written to. */
void stream_end_await(struct stream_end *e, bool to_write);

/* Sets @broken when the reader goes, as far as the system tells. */
void stream_end_await_break(struct stream_end *e);

/* Closes the descriptor. @on_closed is called, once, if the end was polled. */
void stream_end_close(struct stream_end *e, uv_close_cb on_closed);

#endif
