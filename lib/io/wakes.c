#include "io/wakes.h"

#include <poll.h>
#include <sys/epoll.h>

int wakes_open(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

void wakes_add(int wakes, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	epoll_ctl(wakes, EPOLL_CTL_ADD, fd, &ev);
}

bool wakes_is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}
