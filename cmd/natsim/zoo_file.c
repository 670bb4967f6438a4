#include "zoo_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "io/files.h"

#define ZOO_NAME "zoo.conf"
#define FILE_MAX (1 << 20) /* bytes */

int zoo_files_add(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct zoo_files *f = into;

	if (f->count == ZOO_FILES_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d files", ZOO_FILES_MAX);
		return -1;
	}
	f->paths[f->count++] = value;
	return 0;
}

static int read_file(struct zoo *z, const char *path)
{
	char *text = NULL, why[ZOO_WHY] = "", quoted[LOG_QUOTED];
	const int r = files_read(&text, NULL, path, FILE_MAX);
	bool read;

	log_quote(quoted, sizeof(quoted), path);
	if (r != 0) {
		log_line(LEVEL_ERROR, "cannot read %s: %s", quoted, files_why(r));
		return NK_ERR_BAD_INPUT;
	}
	read = zoo_read(z, text, strlen(text), why);
	free(text);
	if (read)
		return 0;
	log_line(LEVEL_ERROR, "%s: %s", quoted, why);
	return NK_ERR_BAD_INPUT;
}

int zoo_open(struct zoo **out, const struct zoo_files *files)
{
	char path[PATH_MAX];
	struct zoo *z = zoo_new();
	int r = 0;

	if (z == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return NK_ERR_NO_MEMORY;
	}
	if (files_find_data(path, ZOO_NAME))
		r = read_file(z, path);
	else
		log_line(LEVEL_WARNING, "%s is not installed: %s", path, strerror(errno));
	if (r == 0 && files_find_config(path, ZOO_NAME))
		r = read_file(z, path);
	for (unsigned i = 0; r == 0 && i < files->count; i++)
		r = read_file(z, files->paths[i]);
	if (r != 0) {
		zoo_free(z);
		return r;
	}
	*out = z;
	return 0;
}

const struct zoo_preset *zoo_want(const struct zoo *z, const char *name)
{
	const struct zoo_preset *p = zoo_find(z, name);
	char quoted[LOG_QUOTED];

	if (p == NULL)
		log_line(LEVEL_ERROR, "there is no preset %s; \"natsim list\" names them",
			 log_quote(quoted, sizeof(quoted), name));
	return p;
}
