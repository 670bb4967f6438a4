/* JSON files that commands keep: read and written as a whole. */
#ifndef DESK_JSON_FILE_H
#define DESK_JSON_FILE_H

#include <sys/types.h>

#include "face/js.h"

/**
 * json_file_read() - Read a file that is there
 * @take:	Takes what the root says into @into; false: something was refused (js_refuse())
 *
 * Return: true, or false having warned: it cannot be read, or used.
 */
bool json_file_read(const char *path, bool (*take)(void *into, const struct js_in *root),
		    void *into);

/**
 * json_file_write() - Replace a file
 * @mode:	Permissions of the new file, less the umask
 *
 * Return: 0, or NK_ERR_NO_MEMORY or NK_ERR_SYSTEM (errno); the old file is then as it was.
 */
int json_file_write(const char *path, struct js root, bool pretty, mode_t mode);

/* The same for what is kept for this user alone and can be done without: it warns on failure. */
void json_file_keep(const char *path, struct js root);

#endif
