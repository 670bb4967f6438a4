/* A file that a program writes, and what it says where it cannot. */
#ifndef TESTS_SIM_OUT_FILE_H
#define TESTS_SIM_OUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* Return: NULL, and it has been said why, if it cannot be written. */
FILE *out_file_open(const char *program, const char *path);

/* @err:	Other than 0 if what was to be written could not be
 * Return: whether all of it was written; it has been said if not. */
bool out_file_close(FILE *f, const char *program, const char *path, int err);

#endif
