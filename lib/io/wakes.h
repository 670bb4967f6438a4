/* The descriptors that make a turn of the run, besides its sockets. */
#ifndef IO_WAKES_H
#define IO_WAKES_H

#include <stdbool.h>

/* Return: an epoll descriptor, to be closed with close(), or -1 and errno. */
int wakes_open(void);

/* Until @fd is closed. */
void wakes_add(int wakes, int fd);

/* Whether something can be read from it now. */
bool wakes_is_ready(int fd);

#endif
