/* The fields of natprobe's report, each with its judge. */
#ifndef TESTS_SIM_FIELD_H
#define TESTS_SIM_FIELD_H

#include "judge.h"

enum field {
	FIELD_PUBLIC,
	FIELD_NAT,
	FIELD_FIREWALL,
	FIELD_MAPPING,
	FIELD_FILTERING,
	FIELD_PORTS,
	FIELD_POOLING,
	FIELD_HAIRPIN,
	FIELD_ALG,
	FIELD_SOLITARY,
	FIELD_REPLIED,
	FIELD_STREAM,
	FIELD_REFRESH_OUT,
	FIELD_REFRESH_IN,
	FIELD_QUOTA,
	FIELD_FRAGMENTS_OUT,
	FIELD_FRAGMENTS_IN,
	FIELD_ICMP,
	FIELD_COUNT
};

#define FIELD_TEXT 240

const char *field_name(enum field f);

/* What the report says there, for people. */
void field_text(const struct probe_result *r, enum field f, char text[static FIELD_TEXT]);

enum outcome field_judge(const struct probe_result *r, const struct truth *t, enum field f);

#endif
