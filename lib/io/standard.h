/* Standard input, output and error as a program finds them. */
#ifndef IO_STANDARD_H
#define IO_STANDARD_H

#include <stdbool.h>

/**
 * standard_open() - Opens what is missing of the descriptors 0, 1 and 2
 *
 * To be called before anything else is opened: a socket or an epoll descriptor of
 * that number would get our output, or be closed by a library that spares 0 to 2.
 * /dev/null takes the place for reading only, so that writing fails (EBADF) as it
 * would have without it.
 *
 * Return: false if one is still missing.
 */
bool standard_open(void);

#endif
