/*
 * The user's command (--exec), run by sh(1) when something has changed: one run at a time.
 *
 * It has no input, and what it prints goes where our messages go: standard output is for the report. It has a
 * process group of its own, so that a key pressed at our terminal does not end it half-way.
 */
#ifndef DESK_HOOK_H
#define DESK_HOOK_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/addr.h"

#define HOOK_PREFIX "NATKIT_" /* of the variables that tell it what has changed */
#define HOOK_ABOUT  80

/**
 * struct hook - The command
 * @command:	Or NULL
 * @wake:	An epoll descriptor, which tells when a run has ended (io/wakes.h)
 * @pid:	It is running; 0: it is not. @pidfd: readable when it has ended
 * @about:	What the run is for: a name in messages
 * @patience_ms: How long it is waited for in the end; 0: ten seconds
 */
struct hook {
	const char *command;
	int wake;
	pid_t pid;
	int pidfd;
	char about[HOOK_ABOUT];
	int patience_ms;
};

struct environment;

/* Puts NATKIT_@name_ADDRESS and NATKIT_@name_PORT, empty as far as they are not known; without a
 * port neither is. */
void hook_put_addr(struct environment *env, const char *name, const struct addr *a);

/* Runs it, or warns that it cannot be run. */
void hook_run(struct hook *h, const struct environment *env, const char *about);

/* Takes note of a run that has ended, and warns if it failed; @wait: waits for that, and ends what does not end.
 * Return: false if it is still running. */
bool hook_reap(struct hook *h, bool wait);

#endif
