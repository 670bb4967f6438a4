#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "face/environment.h"
#include "face/log.h"
#include "wakes.h"

#define PREFIX "NATKIT_"

void exec_note(struct exec *e, const struct keeper_event *ev)
{
	struct exec_state *s;

	if (ev->kind != KEEPER_EVENT_UP && ev->kind != KEEPER_EVENT_CHANGED &&
	    ev->kind != KEEPER_EVENT_LOST)
		return;
	s = &e->now[ev->target];
	s->known = true;
	s->up = ev->kind != KEEPER_EVENT_LOST;
	s->local = ev->local;
	if (s->up)
		s->mapped = ev->mapped;
}

static bool is_due(const struct exec *e, unsigned target)
{
	const struct exec_state *now = &e->now[target], *told = &e->told[target];

	if (!now->known || e->command == NULL)
		return false;
	return !told->known || now->up != told->up ||
	       (now->up && !addr_eq(&now->mapped, &told->mapped));
}

static const char *event_name(const struct exec_state *now, const struct exec_state *told)
{
	if (!now->up)
		return "lost";
	return told->up ? "changed" : "up";
}

static void put_addr(struct environment *env, const char *name, const struct addr *a)
{
	char ip[ADDR_TEXT];

	if (a->port == 0) {
		environment_put(env, PREFIX "%s_ADDRESS=", name);
		environment_put(env, PREFIX "%s_PORT=", name);
		return;
	}
	environment_put(env, PREFIX "%s_ADDRESS=%s", name, addr_text_ip(a, ip));
	environment_put(env, PREFIX "%s_PORT=%u", name, a->port);
}

/* Return: 0 or NK_ERR_NO_MEMORY. */
static int make_environment(struct environment *env, const struct exec *e, unsigned target)
{
	const struct exec_state *now = &e->now[target], *told = &e->told[target];
	const struct addr none = {.port = 0};
	const int r = environment_begin(env, PREFIX);

	if (r != 0)
		return r;
	environment_put(env, PREFIX "EVENT=%s", event_name(now, told));
	environment_put(env, PREFIX "SERVER=%s", e->options->targets[target].name);
	put_addr(env, "PUBLIC", now->up ? &now->mapped : &none);
	put_addr(env, "BEFORE", &told->mapped);
	put_addr(env, "LOCAL", &now->local);
	return 0;
}

/* What it prints goes where our messages go: standard output is for the report. Return: 0 or a
 * positive errno. */
static int spawn(struct exec *e, char *const *environment)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)e->command, NULL};
	posix_spawn_file_actions_t files;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(&e->pid, "/bin/sh", &files, NULL, argv, environment);
	if (rc != 0)
		e->pid = 0;
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

static void run(struct exec *e, unsigned target)
{
	struct environment env;
	int rc = ENOMEM;

	if (make_environment(&env, e, target) == 0)
		rc = spawn(e, env.list);
	environment_free(&env);
	e->told[target] = e->now[target];
	e->target = target;
	if (rc != 0) {
		log_line(LEVEL_WARNING, "--exec: cannot run the command: %s", strerror(rc));
		return;
	}
	e->pidfd = pidfd_open(e->pid, 0);
	if (e->pidfd >= 0)
		wakes_add(e->wake, e->pidfd);
}

/* @flags: of waitpid(). Return: false if it is still running. */
static bool reap(struct exec *e, int flags)
{
	const char *name = e->options->targets[e->target].name;
	int status = 0;

	if (e->pid == 0)
		return true;
	/* Where SIGCHLD is ignored there is nobody to wait for in the end, and no status. */
	if (waitpid(e->pid, &status, flags) == 0)
		return false;
	if (WIFSIGNALED(status))
		log_line(LEVEL_WARNING, "--exec for %s: ended by signal %d", name,
			 WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_line(LEVEL_WARNING, "--exec for %s: exit status %d", name, WEXITSTATUS(status));
	if (e->pidfd >= 0)
		close(e->pidfd);
	e->pid = 0;
	return true;
}

/* Return: false if there is none. */
static bool run_next(struct exec *e)
{
	for (unsigned i = 0; i < e->options->target_count; i++) {
		const unsigned target = (e->next + i) % e->options->target_count;

		if (is_due(e, target)) {
			e->next = target + 1;
			run(e, target);
			return true;
		}
	}
	return false;
}

void exec_turn(struct exec *e)
{
	while (reap(e, WNOHANG) && run_next(e))
		; /* what could not be run has had its turn, too */
}

void exec_end(struct exec *e, bool all)
{
	do {
		reap(e, 0);
	} while (all && run_next(e));
}
