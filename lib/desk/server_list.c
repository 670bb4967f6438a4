#include "desk/server_list.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "face/log.h"
#include "io/files.h"
#include "io/resolve.h"

#define FILE_MAX 65536

int server_list_add(struct server_list *list, const char *name, char why[static OPTIONS_WHY])
{
	const char *right = resolve_wrong(name);

	if (right != NULL) {
		snprintf(why, OPTIONS_WHY, "%s", right);
		return -1;
	}
	if (list->count == SERVER_LIST_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d servers", SERVER_LIST_MAX);
		return -1;
	}
	list->names[list->count++] = name;
	return 0;
}

static int from_environment(struct server_list *list)
{
	const char *value = getenv("NATKIT_SERVER");
	char *save = NULL, why[OPTIONS_WHY] = "", quoted[LOG_QUOTED];

	if (value == NULL)
		return 0;
	list->text = strdup(value);
	if (list->text == NULL)
		return NK_ERR_NO_MEMORY;
	list->from = "$NATKIT_SERVER";
	for (char *w = strtok_r(list->text, " ,\t\n", &save); w != NULL;
	     w = strtok_r(NULL, " ,\t\n", &save)) {
		if (server_list_add(list, w, why) == 0)
			continue;
		log_line(LEVEL_ERROR, "$NATKIT_SERVER: cannot use %s; %s",
			 log_quote(quoted, sizeof(quoted), w), why);
		return NK_ERR_BAD_INPUT;
	}
	return 0;
}

static int add_from_file(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return server_list_add(into, value, why);
}

static const struct option_spec file_options[] = {
	{.name = "server",
	 .argument = "HOST[:PORT]",
	 .help = "",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_from_file},
};

static const struct command_spec file_spec = {
	.name = "natkit",
	.about = "",
	.options = file_options,
	.count = sizeof(file_options) / sizeof(file_options[0]),
};

static int from_file(struct server_list *list, const char *path, const char *from)
{
	const int r = files_read(&list->text, NULL, path, FILE_MAX);
	char quoted[LOG_QUOTED];

	if (r == NK_ERR_NO_MEMORY)
		return r;
	if (r != 0) {
		log_line(LEVEL_ERROR, "cannot read %s: %s", log_quote(quoted, sizeof(quoted), path),
			 files_why(r));
		return NK_ERR_BAD_INPUT;
	}
	list->from = from;
	return options_parse_file(&file_spec, list, path, list->text, NULL) == OPTIONS_GO_ON
		       ? 0
		       : NK_ERR_BAD_INPUT;
}

int server_list_find(struct server_list *list, const char *const *given, unsigned count)
{
	const char *installed = NK_DATADIR "/servers.conf";
	char path[PATH_MAX];
	int r = 0;

	*list = (struct server_list){.from = "--server", .count = count};
	for (unsigned i = 0; i < count; i++)
		list->names[i] = given[i];
	if (list->count == 0)
		r = from_environment(list);
	if (r == 0 && list->count == 0 && files_find_config(path, "config")) {
		server_list_free(list);
		r = from_file(list, path, "the configuration file");
	}
	if (r == 0 && list->count == 0 && access(installed, F_OK) == 0) {
		server_list_free(list);
		r = from_file(list, installed, installed);
	}
	if (r == 0 && list->count == 0) {
		log_line(LEVEL_ERROR, "no server is known; name one by --server HOST[:PORT] "
				      "or $NATKIT_SERVER (natbroker is one)");
		return NK_ERR_UNREACHABLE;
	}
	return r;
}

void server_list_free(struct server_list *list)
{
	free(list->text);
	list->text = NULL;
}
