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

/* Return: the place of @text in @names, or -1. */
static int place(const char *const *names, const char *text)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

static bool read_behaviour(void *field, const char *text)
{
	static const char *const names[] = {"ei", "ad", "apd", NULL};
	const int i = place(names, text);

	if (i >= 0)
		*(enum nat_behaviour *)field = (enum nat_behaviour)i;
	return i >= 0;
}

static bool read_ports(void *field, const char *text)
{
	static const char *const names[] = {"preserve", "sequential", "random", NULL};
	const int i = place(names, text);

	if (i >= 0)
		*(enum nat_ports *)field = (enum nat_ports)i;
	return i >= 0;
}

static bool read_hairpin(void *field, const char *text)
{
	static const char *const names[] = {"none", "external", "internal", NULL};
	const int i = place(names, text);

	if (i >= 0)
		*(enum nat_hairpin *)field = (enum nat_hairpin)i;
	return i >= 0;
}

static bool read_states(void *field, const char *text)
{
	static const char *const names[] = {"answered", "pf", NULL};
	const int i = place(names, text);

	if (i >= 0)
		*(enum nat_states *)field = (enum nat_states)i;
	return i >= 0;
}

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
	static const char *const names[] = {" refuse", " evict-oldest", " evict-first", NULL};
	struct nat_spec *spec = field;
	long n;
	int policy;

	if (!take_number(&text, 1, INT_MAX, &n) || (policy = place(names, text)) < 0)
		return false;
	spec->quota = (unsigned)n;
	spec->quota_policy = (enum nat_quota)policy;
	return true;
}

static bool read_pooling(void *field, const char *text)
{
	static const char *const names[] = {"paired", "arbitrary", NULL};
	const int i = place(names, text);

	if (i >= 0)
		*(bool *)field = i == 1;
	return i >= 0;
}

enum need { FREE, NEEDED_TO_TRANSLATE, NEEDED };

#define YES_NO     read_yes_no, "yes or no"
#define BEHAVIOUR  read_behaviour, "ei, ad or apd"
#define TIME       read_time, "seconds, such as 30 s"
#define AT(member) offsetof(struct nat_spec, member)

static const struct {
	const char *name;
	size_t offset;
	bool (*read)(void *field, const char *text);
	const char *values;
	enum need need;
} axes[] = {
	{"translate", AT(translate), YES_NO, FREE},
	{"mapping", AT(mapping), BEHAVIOUR, NEEDED_TO_TRANSLATE},
	{"filtering", AT(filtering), BEHAVIOUR, NEEDED},
	{"ports", AT(ports), read_ports, "preserve, sequential or random", NEEDED_TO_TRANSLATE},
	{"port-step", AT(port_step), read_step, "a number, not 0", FREE},
	{"port-range", 0, read_range, "two ports, such as 40000-50000", FREE},
	{"port-parity", AT(port_parity), YES_NO, FREE},
	{"port-overload", AT(port_overload), YES_NO, FREE},
	{"timer-first", AT(t_first), TIME, NEEDED},
	{"timer-replied", AT(t_replied), TIME, NEEDED},
	{"timer-stream", AT(t_stream), TIME, NEEDED},
	{"stream-after", AT(stream_after), read_age, "seconds, such as 2 s, or at once", FREE},
	{"states", AT(states), read_states, "answered or pf", FREE},
	{"port-timers", AT(port_times), read_port_times, "such as 53: 60 s", FREE},
	{"sweep", AT(sweep), TIME, FREE},
	{"full", 0, read_full, "two loads, such as 6000-12000", FREE},
	{"refresh-out", AT(refresh_out), YES_NO, NEEDED},
	{"refresh-in", AT(refresh_in), YES_NO, NEEDED},
	{"timers-by-flow", AT(flow_timers), YES_NO, FREE},
	{"hairpin", AT(hairpin), read_hairpin, "none, external or internal", FREE},
	{"quota", 0, read_quota, "such as 1200 refuse, evict-oldest or evict-first", FREE},
	{"cooldown", AT(cooldown), TIME, FREE},
	{"pooling", AT(arbitrary_pooling), read_pooling, "paired or arbitrary", FREE},
	{"self-clash", AT(self_clash), YES_NO, FREE},
	{"ttl-first", AT(ttl_first), YES_NO, FREE},
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
	return axes[axis].read((char *)spec + axes[axis].offset, text);
}

const char *zoo_axis_values(int axis)
{
	return axes[axis].values;
}
