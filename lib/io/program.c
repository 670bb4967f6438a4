#include "io/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void on_exit(uv_process_t *process, int64_t status, int signal)
{
	struct program *p = (struct program *)process; /* its first member */

	p->ended = true;
	p->status = signal != 0 ? 128 + signal : (int)status;
}

/* A pipe of which @ours does not block. Return: 0 or a negative errno. */
static int make_pipe(int fds[2], unsigned ours)
{
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	fcntl(fds[ours], F_SETFL, O_NONBLOCK);
	return 0;
}

static int spawn(struct program *p, uv_loop_t *loop, const char *command, char *const *environment,
		 int input, int output)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)command, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_INHERIT_FD, .data.fd = input},
		{.flags = UV_INHERIT_FD, .data.fd = output},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	};
	const uv_process_options_t options = {
		.flags = UV_PROCESS_DETACHED, /* a group of its own, for program_hang_up() */
		.exit_cb = on_exit,
		.file = "/bin/sh",
		.args = argv,
		.env = (char **)environment,
		.stdio = stdio,
		.stdio_count = 3,
	};

	p->owned = true;
	return uv_spawn(loop, &p->process, &options);
}

int program_start(struct program *p, uv_loop_t *loop, const char *command, char *const *environment,
		  int *input, int *output)
{
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	int rc = make_pipe(to, 1);

	if (rc == 0)
		rc = make_pipe(from, 0);
	if (rc == 0)
		rc = spawn(p, loop, command, environment, to[0], from[1]);
	if (to[0] >= 0)
		close(to[0]);
	if (from[1] >= 0)
		close(from[1]);
	if (rc == 0) {
		*input = to[1];
		*output = from[0];
		return 0;
	}
	p->ended = true;
	if (to[1] >= 0)
		close(to[1]);
	if (from[0] >= 0)
		close(from[0]);
	return rc;
}

void program_hang_up(struct program *p)
{
	if (p->owned && !p->ended)
		kill(-p->process.pid, SIGHUP);
}
