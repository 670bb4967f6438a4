#include "desk/config_file.h"

#include <limits.h>
#include <stdio.h>

#include "face/exit.h"
#include "face/log.h"
#include "io/files.h"

#define FILE_MAX 65536 /* bytes */

int config_file_read(const struct command_spec *cmd, void *into, const char *path, char **text,
		     uint64_t *given)
{
	char name[64], found[PATH_MAX], quoted[LOG_QUOTED];
	int r;

	snprintf(name, sizeof(name), "%s.conf", cmd->name);
	if (path == NULL && !files_find_config(found, name))
		return OPTIONS_GO_ON;
	if (path == NULL)
		path = found;
	r = files_read(text, NULL, path, FILE_MAX);
	if (r == 0)
		return options_parse_file(cmd, into, path, *text, given);
	log_line(LEVEL_ERROR, "cannot read %s: %s", log_quote(quoted, sizeof(quoted), path),
		 files_why(r));
	return EXIT_USAGE;
}
