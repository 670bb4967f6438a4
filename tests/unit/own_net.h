/* A network namespace for a test program: its links may be changed, and all is gone with it. */
#ifndef TESTS_OWN_NET_H
#define TESTS_OWN_NET_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Skips the rest of a test, saying why, unless the condition holds. */
#define NEED(condition, reason)                                 \
	do {                                                    \
		if (!(condition)) {                             \
			print_message("skipped: %s\n", reason); \
			skip();                                 \
		}                                               \
	} while (0)

#define NEED_OWN_NET() NEED(own_net, "no network namespace of our own")

/* Whether own_net_enter() succeeded. */
static bool own_net;

/* Runs a shell command; true if it succeeds. */
static bool command(const char *text)
{
	return system(text) == 0;
}

static bool write_text(const char *file, const char *text)
{
	const int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

static bool enter_as_user(void)
{
	char uid[64], gid[64];

	snprintf(uid, sizeof(uid), "0 %u 1", (unsigned)getuid());
	snprintf(gid, sizeof(gid), "0 %u 1", (unsigned)getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", uid) && write_text("/proc/self/gid_map", gid);
}

/* Moves this process to a namespace with nothing but a loopback, as root or without. */
static void own_net_enter(void)
{
	own_net = (unshare(CLONE_NEWNET) == 0 || enter_as_user()) && command("ip link set lo up");
}

#endif
