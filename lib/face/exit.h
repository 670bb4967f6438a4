/* Exit statuses, the same in all commands; the manual pages list them. */
#ifndef FACE_EXIT_H
#define FACE_EXIT_H

enum exit_status {
	EXIT_YES = 0,   /* done, and the answer is yes */
	EXIT_NO = 1,    /* done, and the answer is no */
	EXIT_USAGE = 2, /* the command line or a configuration file cannot be used */
	EXIT_UNREACHABLE =
		3, /* the server or peer could not be reached, or the interface went away */
	EXIT_PERMISSION = 4, /* not permitted */
	EXIT_INTERNAL = 5,   /* no memory, or a system call that should not fail did */
	EXIT_SIGNAL = 128    /* plus the signal's number: ended by it */
};

/**
 * exit_from_err() - The enum exit_status that fits an error code
 * @code:	One of enum nk_err, or 0
 *
 * NK_ERR_STOPPED depends on the signal and is the caller's business; it gives EXIT_INTERNAL here.
 */
int exit_from_err(int code);

#endif
