/* The program that someone at a terminal, or a script, runs in a host: in natsim's place. */
#ifndef NATSIM_COMMAND_H
#define NATSIM_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct command - A program in the foreground
 * @signals:	Readable when command_turn() has something to do
 * @before:	The signal mask that there was, and that programs are to have
 */
struct command {
	pid_t pid;
	int signals;
	sigset_t before;
};

/* From here on signals only make @signals readable: SIGCHLD of other children too. To be called
 * first. Return: 0, or -1 and errno. */
int command_prepare(struct command *c);

/* Runs @argv in the host of @init (host.h) with our standard input, output and error. Return: 0,
 * or -1 and errno. */
int command_start(struct command *c, int init, char *const argv[]);

/**
 * command_turn() - Passes signals on, and looks whether the program has ended
 * @status:	Set to its exit status, as a shell would give it
 *
 * What a terminal sends goes to the program without us; so only what comes from a process is
 * passed on.
 *
 * Return: true if it has ended.
 */
bool command_turn(struct command *c, int *status);

#endif
