/* The few files that natkit reads and writes as a whole. */
#ifndef IO_FILES_H
#define IO_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * files_find_config() - Where a configuration file is
 * @path:	Set to the first that can be read of $XDG_CONFIG_HOME/natkit/@name (with
 *		~/.config where the variable is not set) and /etc/natkit/@name
 *
 * Return: true if there is one.
 */
bool files_find_config(char path[static PATH_MAX], const char *name);

enum files_home { FILES_CONFIG, FILES_STATE };

/**
 * files_place() - Where a file of this user is to be written
 * @path:	Set to $XDG_CONFIG_HOME/natkit/@name (~/.config) or $XDG_STATE_HOME/natkit/@name
 *		(~/.local/state); the folders above @name are made, for this user alone
 *
 * Return: 0; NK_ERR_BAD_INPUT if neither the variable nor HOME says where that is; NK_ERR_SYSTEM
 * (errno) if a folder cannot be made.
 */
int files_place(char path[static PATH_MAX], enum files_home home, const char *name);

/**
 * files_find_data() - Where a data file of ours is
 * @path:	Set to the first that can be read of @name in share/natkit beside the folder of this
 *		program (as installed, wherever that was moved to), in share above it (the source
 *		tree that it was built in), and where it was to be installed
 *
 * Return: true if there is one.
 */
bool files_find_data(char path[static PATH_MAX], const char *name);

/**
 * files_read() - Read a small file
 * @out:	Set on success to the bytes and a NUL behind them, which the caller frees
 * @len:	Set to their number, without the NUL; NULL if it must be text, without any NUL in it
 * @max:	Most bytes that the file may have
 *
 * Return: 0; NK_ERR_NO_ROOM if the file is longer; NK_ERR_MALFORMED if it is not text;
 * NK_ERR_NO_MEMORY; NK_ERR_SYSTEM (errno).
 */
int files_read(char **out, size_t *len, const char *path, size_t max);

/* Why files_read() failed, for a person, from what it returned and from errno. */
const char *files_why(int code);

/**
 * files_write() - Replace a file: readers see the old bytes or the new ones, never a part
 * @mode:	Permissions of the new file, less the umask
 *
 * What is no regular file (/dev/stdout, a pipe) is written to as it stands.
 *
 * Return: 0, or NK_ERR_SYSTEM (errno); the old file is then as it was.
 */
int files_write(const char *path, const void *bytes, size_t len, mode_t mode);

/* Whether files_write() may well succeed, to be asked before minutes are spent on what could then
 * not be written. False: errno says why. */
bool files_may_write(const char *path);

#endif
