/* What a broker has done and holds, in the text format of Prometheus. */
#ifndef NATBROKER_METRICS_TEXT_H
#define NATBROKER_METRICS_TEXT_H

#include <stdio.h>

#include "ledger_file.h"

/**
 * struct metrics_source - Whatever is told
 * @started:	Unix time
 */
struct metrics_source {
	const struct broker_config *config;
	const struct broker *broker;
	const struct ledger_file *ledger;
	nk_time started;
};

void metrics_text(FILE *out, const struct metrics_source *m);

#endif
