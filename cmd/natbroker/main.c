/* natbroker - the public side: STUN, NAT behaviour discovery, the probe service, the rendezvous. */
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "io/standard.h"
#include "service.h"
#include "settings.h"

int main(int argc, char *argv[])
{
	struct settings s;
	int status;

	if (!standard_open())
		return EXIT_INTERNAL;
	log_setup("natbroker", LOG_COMMAND, LEVEL_INFO);
	status = settings_read(&s, argc, argv);
	if (status == OPTIONS_GO_ON && s.stats) {
		status = stats_run(&s.metrics, s.format);
	} else if (status == OPTIONS_GO_ON) {
		log_setup("natbroker", LOG_DAEMON, s.verbose ? LEVEL_DEBUG : LEVEL_INFO);
		status = service_run(&s);
	}
	settings_free(&s);
	return status;
}
