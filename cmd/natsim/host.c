#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "face/exit.h"
#include "face/log.h"
#include "names.h"
#include "spaces.h"
#include "tun.h"

#define END_MS 1000
#define SPACES (CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS)

/* The router's inside addresses, where there is one, else none: the device is the way out. */
static struct tun_plan plan_network(const struct topology *t, const struct topology_host *h)
{
	const struct topology_node *n = h->behind >= 0 ? &t->nodes[h->behind] : NULL;
	const uint32_t mtu = h->link.up.mtu;

	return (struct tun_plan){
		.addrs = h->addrs,
		.addr_count = h->addr_count,
		.gateways = n != NULL ? n->inside : NULL,
		.gateway_count = n != NULL ? n->inside_count : 0,
		.mtu = mtu != 0 ? mtu : NET_MTU_DEFAULT,
	};
}

static int say_failed(const struct topology_host *h, const char *what)
{
	const int err = errno;

	log_line(LEVEL_ERROR, "%s: cannot %s: %s", h->name, what, strerror(err));
	return err == EPERM || err == EACCES ? EXIT_PERMISSION : EXIT_INTERNAL;
}

/* Furnishes the host and hands its device over. Return: an exit status. */
static int furnish(const struct topology *t, unsigned number, int socket)
{
	const struct topology_host *h = &t->hosts[number];
	const struct tun_plan plan = plan_network(t, h);
	char *hosts = names_hosts_file(t, number), *resolver = names_resolver_file(t, number);
	const char *what = "furnish it";
	int tun = -1;

	if (hosts != NULL && resolver != NULL && spaces_furnish(h->name, hosts, resolver) == 0)
		tun = tun_open(&plan, &what);
	if (tun < 0)
		return say_failed(h, what);
	free(hosts);
	free(resolver);
	return control_send(socket, "", 1, tun) ? EXIT_YES : EXIT_INTERNAL;
}

/* The host's first process. It has nothing to do but to be there; the kernel buries its orphans. */
_Noreturn static void be_init(const struct topology *t, unsigned number, int socket)
{
	char byte;
	int status;

	/* natsim may have died before it was asked for the signal: then this end is closed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	signal(SIGCHLD, SIG_IGN);
	status = furnish(t, number, socket);
	if (status != EXIT_YES || recv(socket, &byte, 1, 0) != 1)
		_exit(status);
	prctl(PR_SET_NAME, "natsim-host");
	syscall(SYS_close_range, 0, UINT_MAX, 0);
	for (;;)
		pause();
}

/* Takes the device and lets the host live. Return: EXIT_YES, or what it said was wrong. */
static int meet(struct host *h, pid_t init, int socket)
{
	int status;
	char byte;

	control_receive(socket, &byte, 1, &h->tun);
	h->init = (int)syscall(SYS_pidfd_open, init, 0);
	if (h->tun >= 0 && h->init >= 0 && send(socket, "", 1, MSG_NOSIGNAL) == 1)
		return EXIT_YES;
	kill(init, SIGKILL);
	if (waitpid(init, &status, 0) == init && WIFEXITED(status))
		return WEXITSTATUS(status);
	return EXIT_INTERNAL;
}

int host_start(struct host *h, const struct topology *t, unsigned number)
{
	int sockets[2], status;
	pid_t init;

	*h = (struct host){.init = -1, .tun = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return say_failed(&t->hosts[number], "start it");
	init = (pid_t)syscall(SYS_clone, SPACES | SIGCHLD, NULL, NULL, NULL, 0L);
	if (init == 0) {
		close(sockets[0]);
		be_init(t, number, sockets[1]);
	}
	close(sockets[1]);
	status = init < 0 ? say_failed(&t->hosts[number], "make its namespaces")
			  : meet(h, init, sockets[0]);
	close(sockets[0]);
	return status;
}

void host_end(struct host *h)
{
	if (h->init >= 0) {
		struct pollfd ended = {.fd = h->init, .events = POLLIN};

		syscall(SYS_pidfd_send_signal, h->init, SIGKILL, NULL, 0);
		/* It ends once all in it have been waited for: "natsim exec" may be suspended. */
		if (poll(&ended, 1, END_MS) > 0)
			waitid(P_PIDFD, (id_t)h->init, NULL, WEXITED);
		close(h->init);
	}
	if (h->tun >= 0)
		close(h->tun);
	*h = (struct host){.init = -1, .tun = -1};
}

static void use_fd(int fd, int as)
{
	if (fd >= 0 && fd != as)
		dup2(fd, as);
}

/* In the child. A mount namespace brings its own root along, so the way back is by name. */
_Noreturn static void become(int init, const char *directory, const struct program *p)
{
	int err;

	if (setns(init, CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) != 0) {
		log_line(LEVEL_ERROR, "cannot enter the host: %s", strerror(errno));
		_exit(EXIT_INTERNAL);
	}
	if (chdir(directory) != 0)
		chdir("/");
	use_fd(p->input, STDIN_FILENO);
	use_fd(p->output, STDOUT_FILENO);
	use_fd(p->error, STDERR_FILENO);
	sigprocmask(SIG_SETMASK, p->signals, NULL);
	if (p->daemon)
		setsid();
	execvp(p->argv[0], p->argv);
	err = errno;
	log_line(LEVEL_ERROR, "cannot run '%s': %s", p->argv[0], strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

/* Who has once been to a host's process namespace stays bound to it, and can for instance not be
 * looked at by its leak checker: so a child goes, and makes the program its sibling. */
_Noreturn static void go_between(int init, int answer, const struct program *p)
{
	char directory[PATH_MAX];
	pid_t pid = -1;

	if (getcwd(directory, sizeof(directory)) == NULL)
		snprintf(directory, sizeof(directory), "/");
	/* EINVAL: we are in that user namespace. Of process namespaces only children are moved. */
	if ((setns(init, CLONE_NEWUSER) == 0 || errno == EINVAL) && setns(init, CLONE_NEWPID) == 0)
		pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0L);
	if (pid == 0)
		become(init, directory, p);
	if (pid < 0)
		pid = -errno;
	_exit(write(answer, &pid, sizeof(pid)) == sizeof(pid) ? 0 : 1);
}

pid_t host_spawn(int init, const struct program *p)
{
	pid_t between, pid;
	int answer[2];

	if (pipe2(answer, O_CLOEXEC) != 0)
		return -1;
	between = fork();
	if (between == 0)
		go_between(init, answer[1], p);
	if (between < 0)
		pid = -errno;
	close(answer[1]);
	if (between > 0) {
		if (read(answer[0], &pid, sizeof(pid)) != sizeof(pid))
			pid = -ECHILD;
		waitpid(between, NULL, 0);
	}
	close(answer[0]);
	if (pid > 0)
		return pid;
	errno = -pid;
	return -1;
}

int host_exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? EXIT_SIGNAL + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}
