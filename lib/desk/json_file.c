#include "desk/json_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "io/files.h"

#define FILE_MAX (1 << 20)

static void warn(const char *what, const char *path, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_WARNING, "cannot %s %s: %s", what, log_quote(quoted, sizeof(quoted), path),
		 why);
}

bool json_file_read(const char *path, bool (*take)(void *into, const struct js_in *root),
		    void *into)
{
	struct js_text text;
	struct js_in root;
	char *bytes;
	bool good;
	const int r = files_read(&bytes, NULL, path, FILE_MAX);

	if (r != 0) {
		warn("read", path, files_why(r));
		return false;
	}
	root = js_begin(&text, bytes, strlen(bytes));
	good = root.node != NULL && take(into, &root);
	if (!good)
		warn("use", path, text.why);
	js_end(&text);
	free(bytes);
	return good;
}

int json_file_write(const char *path, struct js root, bool pretty, mode_t mode)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r = out != NULL ? js_print(root, out, pretty) : NK_ERR_NO_MEMORY;

	if (out != NULL && fclose(out) != 0)
		r = NK_ERR_NO_MEMORY;
	if (r == 0)
		r = files_write(path, text, len, mode);
	free(text);
	return r;
}

void json_file_keep(const char *path, struct js root)
{
	const int r = json_file_write(path, root, false, 0600);

	if (r != 0)
		warn("write", path, r == NK_ERR_SYSTEM ? strerror(errno) : err_text(r));
}
