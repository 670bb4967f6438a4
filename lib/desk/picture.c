#include "desk/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "io/files.h"

int picture_choose(const char **path, const char *value, char why[static OPTIONS_WHY])
{
	if (strcmp(value, "-") == 0) { /* which others take for standard output */
		snprintf(why, OPTIONS_WHY, "give a file: standard output is for the report");
		return -1;
	}
	if (!files_may_write(value)) {
		snprintf(why, OPTIONS_WHY,
			 "give a file that can be written, in a folder that exists");
		return -1;
	}
	*path = value;
	return 0;
}

int picture_write(const char *path, int (*draw)(FILE *out, const void *what), const void *what)
{
	char *text = NULL, quoted[LOG_QUOTED];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r = NK_ERR_NO_MEMORY;

	if (out != NULL) {
		r = draw(out, what);
		if (fclose(out) != 0)
			r = NK_ERR_NO_MEMORY;
	}
	if (r == 0)
		r = files_write(path, text, len, 0666);
	if (r != 0)
		log_line(LEVEL_ERROR, "cannot write %s: %s",
			 log_quote(quoted, sizeof(quoted), path), strerror(errno));
	free(text);
	return r;
}
