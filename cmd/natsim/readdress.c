#include "readdress.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"
#include "tun.h"

/* What a child does in the namespaces of a host. Return: whether it was done. */
typedef bool deed(const void *what);

/* A process that has been in a host's namespaces does not come back: hence the child. */
static bool do_in(const struct host *h, int spaces, deed *todo, const void *what)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(setns(h->init, spaces) == 0 && todo(what) ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

struct move {
	const struct addr *from, *to, *gateway;
};

static bool move_device(const void *what)
{
	const struct move *m = what;

	return tun_readdress(m->from, m->to, m->gateway) == 0;
}

static const struct addr *gateway_of(const struct topology *t, const struct topology_host *h,
				     enum addr_family family)
{
	const struct topology_node *n = h->behind == NET_INTERNET ? NULL : &t->nodes[h->behind];

	for (unsigned i = 0; n != NULL && i < n->inside_count; i++) {
		if (addr_family(&n->inside[i]) == family)
			return &n->inside[i];
	}
	return NULL;
}

bool readdress_device(const struct hosts *hosts, const struct topology *t, unsigned number,
		      const struct addr *from, const struct addr *to)
{
	const struct move m = {
		.from = from,
		.to = to,
		.gateway = gateway_of(t, &t->hosts[number], addr_family(to)),
	};

	return do_in(&hosts->host[number], CLONE_NEWNET, move_device, &m);
}

/* Only into our own file, which is not of the file system of the folder that it covers; where
 * there is none outside, there is none here either. */
static bool write_names(const void *what)
{
	const char *text = what;
	const int fd = open("/etc/hosts", O_WRONLY | O_CLOEXEC);
	struct stat file, folder;

	if (fd < 0)
		return access("/etc/hosts", F_OK) != 0;
	return fstat(fd, &file) == 0 && stat("/etc", &folder) == 0 &&
	       file.st_dev != folder.st_dev && ftruncate(fd, 0) == 0 &&
	       write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

bool readdress_names(const struct hosts *hosts, const struct topology *t)
{
	bool all = true;

	for (unsigned i = 0; i < t->host_count; i++) {
		char *text = names_hosts_file(t, i);

		all &= text != NULL && do_in(&hosts->host[i], CLONE_NEWNS, write_names, text);
		free(text);
	}
	return all;
}
