#include "command.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

int command_prepare(struct command *c)
{
	static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	sigset_t set, blocked;

	*c = (struct command){.pid = -1, .signals = -1};
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	blocked = set;
	sigaddset(&blocked, SIGPIPE); /* who reads a capture may go away */
	if (sigprocmask(SIG_BLOCK, &blocked, &c->before) != 0)
		return -1;
	c->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return c->signals >= 0 ? 0 : -1;
}

int command_start(struct command *c, int init, char *const argv[])
{
	const struct program p = {
		.argv = argv, .input = -1, .output = -1, .error = -1, .signals = &c->before};

	c->pid = host_spawn(init, &p);
	return c->pid > 0 ? 0 : -1;
}

bool command_turn(struct command *c, int *status)
{
	struct signalfd_siginfo info;
	int wait_status;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD && info.ssi_code <= 0)
			kill(c->pid, (int)info.ssi_signo);
	}
	if (waitpid(c->pid, &wait_status, WNOHANG) != c->pid)
		return false;
	*status = host_exit_status(wait_status);
	return true;
}
