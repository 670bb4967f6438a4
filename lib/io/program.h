/* A program behind a stream: run by sh(1), with pipes to its standard input and from its output. */
#ifndef IO_PROGRAM_H
#define IO_PROGRAM_H

#include <stdbool.h>
#include <uv.h>

/**
 * struct program - A program
 * @process:	@owned says if there is one: to be closed with uv_close(), but not before @ended,
 *		or nobody waits for the program; @process.data is the owner's
 * @ended:	It has ended, with @status: its exit status, or 128 and the signal's number
 */
struct program {
	uv_process_t process;
	bool owned, ended;
	int status;
};

/**
 * program_start() - Run a command
 * @p:		Zeroed, and not moved afterwards
 * @command:	For sh(1)
 * @environment: Of the program, ended by NULL; or NULL: ours
 * @input, @output: Set on success to descriptors for the caller to close: what is written to
 *		@input the program reads, and what it writes comes from @output. Non-blocking
 *
 * Standard error is ours. Return: 0 or a negative errno.
 */
int program_start(struct program *p, uv_loop_t *loop, const char *command, char *const *environment,
		  int *input, int *output);

/* Tells the program, and what it has started, that the line is gone (SIGHUP), if it has not ended. */
void program_hang_up(struct program *p);

#endif
