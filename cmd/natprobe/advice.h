/* What the findings mean: RFC 4787's requirements, a safe keepalive, and which peers can be reached. */
#ifndef NATPROBE_ADVICE_H
#define NATPROBE_ADVICE_H

#include <stdbool.h>

#include "core/probe/result.h"

#define ADVICE_REQUIREMENTS_MAX 12

enum requirement_verdict { REQ_MET, REQ_NOT_MET, REQ_UNKNOWN };

/**
 * struct requirement - One requirement of RFC 4787, judged
 * @name:	Such as "REQ-5"
 * @level:	"MUST", "SHOULD" or "RECOMMENDED"
 * @about:	What it asks for, a few words
 * @finding:	What was found, a few words
 */
struct requirement {
	const char *name, *level, *about;
	enum requirement_verdict verdict;
	char finding[112];
};

/**
 * advice_requirements() - Judges the requirements that were tested
 *
 * Without a NAT there is nothing to judge.
 *
 * Return: how many of @out were written.
 */
unsigned advice_requirements(const struct probe_result *r,
			     struct requirement out[static ADVICE_REQUIREMENTS_MAX]);

/* "met", "not met", "unknown". */
const char *requirement_verdict_name(enum requirement_verdict v);

/**
 * struct keepalive - How often to send so that a mapping stays
 * @interval_s:	0.8 of the lower 95 % bound, or of what it holds at the least
 * @state:	Whose timeout this is
 */
struct keepalive {
	double interval_s;
	enum traffic_state state;
};

/* For a mapping in one state; false if its timeout is not known at all. */
bool advice_keepalive_in(const struct probe_result *r, enum traffic_state s, struct keepalive *out);

/* For any flow that has had an answer: the shorter of replied and stream; failing both, solitary. */
bool advice_keepalive(const struct probe_result *r, struct keepalive *out);

/**
 * struct punching - Which peers a flow can be punched to
 * @yes:	Peers for whom it works, or NULL
 * @luck:	Peers for whom ports must be guessed, or NULL
 * @no:		Peers for whom a relay is needed, or NULL
 */
struct punching {
	const char *yes, *luck, *no;
};

struct punching advice_punching(const struct probe_result *r);

#endif
