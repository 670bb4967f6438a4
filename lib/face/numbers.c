#include "face/numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

#define DURATION_MAX_S (10.0 * 365 * 86400)

int number_count(uint64_t *out, const char *text)
{
	uint64_t v = 0;

	if (*text == '\0')
		return NK_ERR_BAD_INPUT;
	for (; *text != '\0'; text++) {
		const unsigned digit = (unsigned)(unsigned char)*text - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return NK_ERR_BAD_INPUT;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

/* Digits with at most one point, "." whatever the locale says. *@end is the first byte after. */
static int decimal(double *out, const char *text, const char **end)
{
	double v = 0, scale = 1;
	unsigned digits = 0;
	int point = 0;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = 1;
			continue;
		}
		v = v * 10 + (*text - '0');
		scale *= point ? 10 : 1;
		digits++;
	}
	if (digits == 0 || digits > 15)
		return NK_ERR_BAD_INPUT;
	*out = v / scale;
	*end = text;
	return 0;
}

int number_duration(nk_time *out, const char *text)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"min", 60}, {"h", 3600}};
	const char *unit;
	double v;

	if (decimal(&v, text, &unit) != 0)
		return NK_ERR_BAD_INPUT;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		v *= units[i].seconds;
		if (v > DURATION_MAX_S)
			return NK_ERR_BAD_INPUT;
		*out = nk_from_seconds(v);
		return 0;
	}
	return NK_ERR_BAD_INPUT;
}

int number_ratio(double *out, const char *text)
{
	const char *end;
	double v;

	if (decimal(&v, text, &end) != 0)
		return NK_ERR_BAD_INPUT;
	if (strcmp(end, "%") == 0)
		v /= 100;
	else if (*end != '\0')
		return NK_ERR_BAD_INPUT;
	*out = v;
	return 0;
}

const char *duration_text(char *out, size_t size, nk_time t)
{
	const double s = nk_seconds(t);

	if (t < NK_S)
		snprintf(out, size, "%gms", s * 1e3);
	else if (s < 120 || fmod(s, 60) != 0)
		snprintf(out, size, "%gs", s);
	else if (s < 7200 || fmod(s, 3600) != 0)
		snprintf(out, size, "%gm", s / 60);
	else
		snprintf(out, size, "%gh", s / 3600);
	return out;
}

const char *date_text(char *out, size_t size, int64_t unix_us)
{
	const time_t t = (time_t)(unix_us / 1000000);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}
