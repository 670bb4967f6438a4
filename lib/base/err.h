/* The negative codes that functions of the library return, and their texts. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum nk_err {
	NK_ERR_NOT_STUN = -1,    /* another protocol's datagram: pass it on */
	NK_ERR_MALFORMED = -2,   /* the right protocol, but broken: drop it */
	NK_ERR_NO_ROOM = -3,     /* does not fit the caller's buffer or a fixed limit */
	NK_ERR_BAD_INPUT = -4,   /* a caller's text or value cannot be used */
	NK_ERR_UNREACHABLE = -5, /* the server or peer gave no answer */
	NK_ERR_PERMISSION = -6,  /* the kernel refused for want of a capability */
	NK_ERR_NO_MEMORY = -7,
	NK_ERR_SYSTEM = -8,     /* a system call failed; errno says why */
	NK_ERR_STOPPED = -9,    /* ended by the user before it was done */
	NK_ERR_LINK_LOST = -10, /* the interface went away in mid-run */
	NK_ERR_FORGOTTEN = -11, /* the server knows our session no more */
	NK_ERR_LOST = -12,      /* the server answered at first, and then no more */
	NK_ERR_LAST = NK_ERR_LOST
};

/**
 * err_text() - What an error code means, for a person
 * @code:	0 or one of enum nk_err; anything else is "unknown error"
 *
 * Return: a constant string without a newline, never NULL.
 */
const char *err_text(int code);

#endif
