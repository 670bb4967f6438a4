#include "desk/hook.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "face/environment.h"
#include "face/log.h"
#include "io/wakes.h"

#define PATIENCE_MS 10000
#define MERCY_MS    1000 /* between SIGTERM and SIGKILL */

void hook_put_addr(struct environment *env, const char *name, const struct addr *a)
{
	char ip[ADDR_TEXT] = "", port[8] = "";

	if (a->port != 0)
		snprintf(port, sizeof(port), "%u", a->port);
	if (a->port != 0 && addr_family(a) != ADDR_NONE)
		addr_text_ip(a, ip);
	environment_put(env, HOOK_PREFIX "%s_ADDRESS=%s", name, ip);
	environment_put(env, HOOK_PREFIX "%s_PORT=%s", name, port);
}

/* Return: 0 or a positive errno. */
static int spawn(struct hook *h, char *const *environment)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)h->command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t own;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&own);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&files);
		return rc;
	}
	posix_spawnattr_setflags(&own, POSIX_SPAWN_SETPGROUP); /* of which it is the first */
	rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(&h->pid, "/bin/sh", &files, &own, argv, environment);
	if (rc != 0)
		h->pid = 0;
	posix_spawnattr_destroy(&own);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

void hook_run(struct hook *h, const struct environment *env, const char *about)
{
	const int rc = spawn(h, env->list);

	snprintf(h->about, sizeof(h->about), "%s", about);
	if (rc != 0) {
		log_line(LEVEL_WARNING, "--exec: cannot run the command: %s", strerror(rc));
		return;
	}
	h->pidfd = pidfd_open(h->pid, 0);
	if (h->pidfd >= 0)
		wakes_add(h->wake, h->pidfd);
}

/* Return: true if it has ended by then. */
static bool ends_within(const struct hook *h, int ms)
{
	struct pollfd p = {.fd = h->pidfd, .events = POLLIN};

	return h->pidfd < 0 || poll(&p, 1, ms) != 0;
}

/* What does not end by itself holds nobody up. */
static void see_to_its_end(const struct hook *h)
{
	if (ends_within(h, h->patience_ms > 0 ? h->patience_ms : PATIENCE_MS))
		return;
	log_line(LEVEL_WARNING, "--exec for %s does not end, and is ended", h->about);
	kill(-h->pid, SIGTERM);
	if (!ends_within(h, MERCY_MS))
		kill(-h->pid, SIGKILL);
}

bool hook_reap(struct hook *h, bool wait)
{
	int status = 0;

	if (h->pid == 0)
		return true;
	if (wait)
		see_to_its_end(h);
	/* Where SIGCHLD is ignored there is nobody to wait for in the end, and no status. */
	if (waitpid(h->pid, &status, wait ? 0 : WNOHANG) == 0)
		return false;
	if (WIFSIGNALED(status))
		log_line(LEVEL_WARNING, "--exec for %s: ended by signal %d", h->about,
			 WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_line(LEVEL_WARNING, "--exec for %s: exit status %d", h->about,
			 WEXITSTATUS(status));
	if (h->pidfd >= 0)
		close(h->pidfd);
	h->pid = 0;
	return true;
}
