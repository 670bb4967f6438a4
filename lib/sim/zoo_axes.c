#include "sim/zoo_axes.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 1e9

static bool read_yes_no(void *field, const char *text)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return false;
	*(bool *)field = text[0] == 'y';
	return true;
}

/* Return: the place of @word among @words, which are as in "a, b or c", or -1. */
static int place(const char *words, const char *word)
{
	const size_t len = strlen(word);

	for (int i = 0;; i++) {
		const size_t n = strcspn(words, ", ");

		if (n == len && memcmp(words, word, n) == 0)
			return i;
		words += n;
		if (*words == '\0')
			return -1;
		words += *words == ',' ? strlen(", ") : strlen(" or ");
	}
}

/* Enums here count from 0 in the order of @words. */
static bool read_word(void *field, const char *text, const char *words)
{
	const int i = place(words, text);
	const unsigned value = (unsigned)i;

	if (i >= 0)
		memcpy(field, &value, sizeof(value));
	return i >= 0;
}
static_assert(sizeof(enum nat_behaviour) == sizeof(unsigned), "read_word() writes enums");

/* A whole number at *@text, which goes on to what follows it. */
static bool take_number(const char **text, long lowest, long highest, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(*text, &end, 10);
	if (end == *text || errno != 0 || *out < lowest || *out > highest)
		return false;
	*text = end;
	return true;
}

static bool take_seconds(const char **text, nk_time *out)
{
	char *end;
	const double s = strtod(*text, &end);

	if (end == *text || !(s >= 0 && s <= SECONDS_MAX) || strncmp(end, " s", 2) != 0)
		return false;
	*out = (nk_time)(s * (double)NK_S + 0.5);
	*text = end + 2;
	return true;
}

static bool read_time(void *field, const char *text)
{
	nk_time t;

	if (!take_seconds(&text, &t) || *text != '\0')
		return false;
	*(nk_time *)field = t;
	return true;
}

/* For what has another meaning than none at 0. */
static bool read_timer(void *field, const char *text)
{
	nk_time t;

	if (!read_time(&t, text) || t == 0)
		return false;
	*(nk_time *)field = t;
	return true;
}

static bool read_age(void *field, const char *text)
{
	if (strcmp(text, "at once") != 0)
		return read_time(field, text);
	*(nk_time *)field = NAT_AT_ONCE;
	return true;
}

static bool read_step(void *field, const char *text)
{
	long n;

	if (!take_number(&text, -65535, 65535, &n) || *text != '\0' || n == 0)
		return false;
	*(int *)field = (int)n;
	return true;
}

static bool read_block(void *field, const char *text)
{
	long n;

	if (!take_number(&text, 1, 65535, &n) || *text != '\0')
		return false;
	*(uint16_t *)field = (uint16_t)n;
	return true;
}

static bool read_count(void *field, const char *text)
{
	long n;

	if (!take_number(&text, 1, INT_MAX, &n) || *text != '\0')
		return false;
	*(unsigned *)field = (unsigned)n;
	return true;
}

static bool read_prefix64(void *field, const char *text)
{
	const char *const size = strchr(text, '/');
	char ip[ADDR_TEXT];
	struct addr a, prefix;

	if (size == NULL || strcmp(size, "/96") != 0 || (size_t)(size - text) >= sizeof(ip))
		return false;
	memcpy(ip, text, (size_t)(size - text));
	ip[size - text] = '\0';
	if (addr_parse(&a, ip, 0) != 0 || addr_family(&a) != ADDR_V6)
		return false;
	prefix = addr_prefix(&a, 0, 96);
	if (!addr_eq(&a, &prefix))
		return false;
	memcpy(field, &prefix, sizeof(prefix));
	return true;
}

/* "LO-HI" */
static bool read_pair(const char *text, long highest, long *lo, long *hi)
{
	return take_number(&text, 0, highest, lo) && *text++ == '-' &&
	       take_number(&text, *lo + 1, highest, hi) && *text == '\0';
}

static bool read_range(void *field, const char *text)
{
	struct nat_spec *spec = field;
	long lo, hi;

	if (!read_pair(text, 65535, &lo, &hi) || lo == 0)
		return false;
	spec->port_lo = (uint16_t)lo;
	spec->port_hi = (uint16_t)hi;
	return true;
}

static bool read_full(void *field, const char *text)
{
	struct nat_spec *spec = field;
	long lo, hi;

	if (!read_pair(text, INT_MAX, &lo, &hi))
		return false;
	spec->full_from = (unsigned)lo;
	spec->full_at = (unsigned)hi;
	return true;
}

static bool take_factor(const char **text, double highest, double *out)
{
	char *end;
	const double x = strtod(*text, &end);

	if (end == *text || !(x > 0 && x <= highest))
		return false;
	*out = x;
	*text = end;
	return true;
}

static bool read_walk(void *field, const char *text)
{
	double x;

	if (!take_factor(&text, 1, &x) || *text != '\0')
		return false;
	*(double *)field = x;
	return true;
}

/* "0.5 after 86400 s" */
static bool read_drift_step(void *field, const char *text)
{
	static const char after[] = " after ";
	struct nat_spec *spec = field;
	double x;
	nk_time t;

	if (!take_factor(&text, 100, &x) || strncmp(text, after, strlen(after)) != 0)
		return false;
	text += strlen(after);
	if (!take_seconds(&text, &t) || *text != '\0')
		return false;
	spec->drift_step = x;
	spec->drift_after = t;
	return true;
}

/* "53: 60 s, 123: 10 s" */
static bool read_port_times(void *field, const char *text)
{
	struct nat_port_time times[NAT_PORT_TIMES_MAX] = {{0, 0}};

	for (size_t i = 0; i < NAT_PORT_TIMES_MAX; i++) {
		long port;

		if (!take_number(&text, 1, 65535, &port) || *text++ != ':' ||
		    !take_seconds(&text, &times[i].t) || times[i].t == 0)
			return false;
		times[i].port = (uint16_t)port;
		if (*text == '\0') {
			memcpy(field, times, sizeof(times));
			return true;
		}
		if (*text++ != ',')
			return false;
	}
	return false;
}

/* "1200 evict-oldest" */
static bool read_quota(void *field, const char *text)
{
	struct nat_spec *spec = field;
	long n;
	int policy;

	if (!take_number(&text, 1, INT_MAX, &n) || *text++ != ' ')
		return false;
	policy = place("refuse, evict-oldest or evict-first", text);
	if (policy < 0)
		return false;
	spec->quota = (unsigned)n;
	spec->quota_policy = (enum nat_quota)policy;
	return true;
}

static bool read_pooling(void *field, const char *text)
{
	const int i = place("paired or arbitrary", text);

	if (i >= 0)
		*(bool *)field = i == 1;
	return i >= 0;
}

enum need { FREE, NEEDED_TO_TRANSLATE, NEEDED };

#define YES_NO     read_yes_no, "yes or no"
#define BEHAVIOUR  NULL, "ei, ad or apd"
#define ANSWER     NULL, "none, rst, no-port or prohibited"
#define TIMER      read_timer, "seconds, such as 30 s"
#define PAUSE      read_time, "seconds, such as 30 s, or 0 s"
#define AT(member) offsetof(struct nat_spec, member)

/* Without a reader the values are words. */
static const struct {
	const char *name;
	size_t offset;
	bool (*read)(void *field, const char *text);
	const char *values;
	enum need need;
} axes[] = {
	{"translate", AT(translate), YES_NO, FREE},
	{"nat64", AT(nat64), YES_NO, FREE},
	{"prefix64", AT(prefix64), read_prefix64, "a prefix of 96 bits, such as 64:ff9b::/96",
	 FREE},
	{"mapping", AT(mapping), BEHAVIOUR, NEEDED_TO_TRANSLATE},
	{"filtering", AT(filtering), BEHAVIOUR, NEEDED},
	{"ports", AT(ports), NULL, "preserve, sequential or random", NEEDED_TO_TRANSLATE},
	{"port-step", AT(port_step), read_step, "a number, not 0", FREE},
	{"port-range", 0, read_range, "two ports, such as 40000-50000", FREE},
	{"port-parity", AT(port_parity), YES_NO, FREE},
	{"port-overload", AT(port_overload), YES_NO, FREE},
	{"port-block", AT(port_block), read_block, "a number of ports, such as 512", FREE},
	{"pooling", AT(arbitrary_pooling), read_pooling, "paired or arbitrary", FREE},
	{"timer-first", AT(t_first), TIMER, NEEDED},
	{"timer-replied", AT(t_replied), TIMER, NEEDED},
	{"timer-stream", AT(t_stream), TIMER, NEEDED},
	{"stream-after", AT(stream_after), read_age, "seconds, such as 2 s, or at once", FREE},
	{"states", AT(states), NULL, "answered or pf", FREE},
	{"port-timers", AT(port_times), read_port_times, "such as 53: 60 s", FREE},
	{"timer-icmp", AT(t_icmp), TIMER, FREE},
	{"timer-other", AT(t_other), TIMER, FREE},
	{"tcp-syn-sent", AT(t_tcp[NAT_TCP_SYN_SENT]), TIMER, FREE},
	{"tcp-syn-recv", AT(t_tcp[NAT_TCP_SYN_RECV]), TIMER, FREE},
	{"tcp-established", AT(t_tcp[NAT_TCP_ESTABLISHED]), TIMER, FREE},
	{"tcp-fin-wait", AT(t_tcp[NAT_TCP_FIN_WAIT]), TIMER, FREE},
	{"tcp-close-wait", AT(t_tcp[NAT_TCP_CLOSE_WAIT]), TIMER, FREE},
	{"tcp-last-ack", AT(t_tcp[NAT_TCP_LAST_ACK]), TIMER, FREE},
	{"tcp-time-wait", AT(t_tcp[NAT_TCP_TIME_WAIT]), TIMER, FREE},
	{"tcp-close", AT(t_tcp[NAT_TCP_CLOSE]), TIMER, FREE},
	{"tcp-transitory", AT(t_transitory), TIMER, FREE},
	{"tcp-pickup", AT(tcp_pickup), YES_NO, FREE},
	{"tcp-pickup-limit", AT(t_pickup), TIMER, FREE},
	{"tcp-refused-ends", AT(rst_ends), YES_NO, FREE},
	{"tcp-lost", AT(tcp_lost), ANSWER, FREE},
	{"syn-answer", AT(syn_answer), ANSWER, FREE},
	{"syn-hold", AT(syn_hold), PAUSE, FREE},
	{"sweep", AT(sweep), PAUSE, FREE},
	{"full", 0, read_full, "two loads, such as 6000-12000", FREE},
	{"drift-step", 0, read_drift_step, "such as 0.5 after 86400 s", FREE},
	{"drift-walk", AT(drift_walk), read_walk, "a share a day, at most 1, such as 0.05", FREE},
	{"refresh-out", AT(refresh_out), YES_NO, NEEDED},
	{"refresh-in", AT(refresh_in), YES_NO, NEEDED},
	{"timers-by-flow", AT(flow_timers), YES_NO, FREE},
	{"ttl-first", AT(ttl_first), YES_NO, FREE},
	{"hairpin", AT(hairpin), NULL, "none, external or internal", FREE},
	{"quota", 0, read_quota, "such as 1200 refuse, evict-oldest or evict-first", FREE},
	{"remote-quota", AT(remote_quota), read_count, "a number of flows, such as 55000", FREE},
	{"full-answer", AT(full_answer), ANSWER, FREE},
	{"cooldown", AT(cooldown), PAUSE, FREE},
	{"drop-errors", AT(drop_errors), YES_NO, FREE},
	{"fragments", AT(fragments), NULL, "any, in-order or drop", FREE},
	{"alg", AT(alg), YES_NO, FREE},
	{"self-clash", AT(self_clash), YES_NO, FREE},
	{"port-mapping", AT(port_mapping), NULL, "none, pcp, nat-pmp, both or refused", FREE},
	{"port-lease", AT(port_lease), TIMER, FREE},
};

static_assert(sizeof(axes) / sizeof(axes[0]) == ZOO_AXES, "an axis has no number");

int zoo_axis_find(const char *name)
{
	for (int i = 0; i < ZOO_AXES; i++)
		if (strcmp(axes[i].name, name) == 0)
			return i;
	return -1;
}

const char *zoo_axis_name(int axis)
{
	return axes[axis].name;
}

bool zoo_axis_is_needed(int axis, bool firewall)
{
	return axes[axis].need >= (firewall ? NEEDED : NEEDED_TO_TRANSLATE);
}

bool zoo_axis_set(struct nat_spec *spec, int axis, const char *text)
{
	void *field = (char *)spec + axes[axis].offset;

	return axes[axis].read == NULL ? read_word(field, text, axes[axis].values)
				       : axes[axis].read(field, text);
}

const char *zoo_axis_values(int axis)
{
	return axes[axis].values;
}
