#include "map.h"

#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "map_settings.h"

int map_main(int argc, char *argv[])
{
	struct map_settings s;
	const int r = map_settings_read(&s, argc, argv);

	if (r != OPTIONS_GO_ON)
		return r;
	log_line(LEVEL_ERROR, "the map is not there yet");
	return EXIT_INTERNAL;
}
