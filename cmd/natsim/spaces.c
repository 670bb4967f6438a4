#include "spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "face/exit.h"
#include "face/log.h"
#include "tun.h"

#define SHELF "/proc" /* where files are prepared; whatever else is there, a host sees it never */

static bool write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	const size_t len = strlen(text);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, len) == (ssize_t)len;
	close(fd);
	return written;
}

static int check_tun(void)
{
	const int err = tun_allowed();

	if (err == 0)
		return EXIT_YES;
	if (err == EACCES || err == EPERM)
		log_line(LEVEL_ERROR,
			 "may not use /dev/net/tun: run as root, or make /dev/net/tun accessible "
			 "(chmod 666, as most distributions have it)");
	else
		log_line(LEVEL_ERROR, "there is no TUN device: load the kernel module 'tun' (%s)",
			 strerror(err));
	return EXIT_PERMISSION;
}

static int refuse_user_space(void)
{
	log_line(LEVEL_ERROR,
		 "may not make namespaces: run as root, or allow user namespaces to all "
		 "(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, "
		 "kernel.apparmor_restrict_unprivileged_userns) (%s)",
		 strerror(errno));
	return EXIT_PERMISSION;
}

/* A single user and group are mapped: files are created and seen as outside. */
static int enter_user_space(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", uid);
	snprintf(groups, sizeof(groups), "0 %u 1", gid);
	if (unshare(CLONE_NEWUSER) != 0 || !write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", users) || !write_file("/proc/self/gid_map", groups))
		return refuse_user_space();
	return EXIT_YES;
}

int spaces_prepare(void)
{
	const int status = check_tun();

	if (status != EXIT_YES)
		return status;
	/* Asks for the same capability as all that hosts need, and changes nothing. */
	return unshare(CLONE_NEWUTS) == 0 ? EXIT_YES : enter_user_space();
}

/* Programs in a host that are not root read it too, whatever the umask was. */
static bool shelve(const char *path, const char *text)
{
	return write_file(path, text) && chmod(path, 0644) == 0;
}

/* A file outside that is none (or a link to none) cannot be covered, and need not be. */
static bool cover(const char *file, const char *by)
{
	return mount(by, file, NULL, MS_BIND, NULL) == 0 || errno == ENOENT;
}

/* The shelf can be taken away again: what is bound from it stays. */
static bool cover_files(const char *hosts, const char *resolver)
{
	bool covered;

	if (mount("natsim", SHELF, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0)
		return false;
	covered = shelve(SHELF "/hosts", hosts) && shelve(SHELF "/resolv.conf", resolver) &&
		  cover("/etc/hosts", SHELF "/hosts") &&
		  cover("/etc/resolv.conf", SHELF "/resolv.conf");
	umount2(SHELF, MNT_DETACH);
	return covered;
}

int spaces_furnish(const char *name, const char *hosts, const char *resolver)
{
	if (sethostname(name, strlen(name)) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !cover_files(hosts, resolver))
		return -1;
	/* A container may not show /proc anew; the old one serves, and shows more than it should. */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0 &&
	    errno != EPERM)
		return -1;
	/* As distributions set it: anyone may ping. In a user namespace there is but one group. */
	if (!write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647"))
		write_file("/proc/sys/net/ipv4/ping_group_range", "0 0");
	return 0;
}
