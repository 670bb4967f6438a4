/* natkeepalive - mappings of NATs are kept open, at the least cost. */
#include <locale.h>

#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "io/standard.h"
#include "run.h"
#include "settings.h"

int main(int argc, char *argv[])
{
	struct settings s;
	int status;

	if (!standard_open())
		return EXIT_INTERNAL;
	setlocale(LC_CTYPE, "");
	log_setup("natkeepalive", LOG_COMMAND, LEVEL_INFO);
	status = settings_read(&s, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = run_keeper(&s);
	settings_free(&s);
	return status;
}
