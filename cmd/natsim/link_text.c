#include "link_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "face/numbers.h"

#define DELAY_MAX (60 * NK_S)
#define MTU_MIN   1280 /* RFC 8200 section 5 */
#define MTU_MAX   65535

static bool read_time(nk_time *out, const char *text)
{
	nk_time t;

	if (number_duration(&t, text) != 0 || t > DELAY_MAX)
		return false;
	*out = t;
	return true;
}

/* A bare 1 is refused: some who write it mean 1 %, others all. */
static bool read_share(double *out, const char *text, double most)
{
	double share;

	if (number_ratio(&share, text) != 0 || share > most ||
	    (share >= 1 && strchr(text, '%') == NULL))
		return false;
	*out = share;
	return true;
}

/* "SHARE TIME" */
static bool read_share_and_time(double *share, nk_time *t, const char *text, double most)
{
	const char *blank = strchr(text, ' ');
	char first[16];

	if (blank == NULL || (size_t)(blank - text) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(blank - text), text);
	return read_share(share, first, most) && read_time(t, blank + 1) && *t > 0;
}

/* The bad state of mean length m is entered so often, in good time, that its share is lost. Below
 * 1: where all were lost, time in bursts would never end. */
static bool set_bursts(struct link_spec *link, const char *value)
{
	double share = 0;
	nk_time mean = 0;

	if (strcmp(value, "0") != 0 && !read_share_and_time(&share, &mean, value, 0.99))
		return false;
	link->burst_mean = mean;
	link->burst_enter = share > 0 ? share / (1 - share) * (double)NK_MS / (double)mean : 0;
	return true;
}

static bool set_reorder(struct link_spec *link, const char *value)
{
	double share = 0;
	nk_time by = 0;

	if (strcmp(value, "0") != 0 && !read_share_and_time(&share, &by, value, 1))
		return false;
	link->reorder = share;
	link->reorder_by = by;
	return true;
}

static bool set_delay(struct link_spec *link, const char *value)
{
	return read_time(&link->delay, value);
}

static bool set_jitter(struct link_spec *link, const char *value)
{
	return read_time(&link->jitter, value);
}

static bool set_loss(struct link_spec *link, const char *value)
{
	return read_share(&link->loss, value, 1);
}

static bool set_duplicate(struct link_spec *link, const char *value)
{
	return read_share(&link->duplicate, value, 1);
}

static bool set_mtu(struct link_spec *link, const char *value)
{
	uint64_t n;

	if (number_count(&n, value) != 0 || n < MTU_MIN || n > MTU_MAX)
		return false;
	link->mtu = (uint32_t)n;
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct link_spec *link, const char *value);
	const char *right;
} keys[] = {
	{"delay", set_delay, "give a time up to 60s, such as 20ms"},
	{"jitter", set_jitter, "give a time up to 60s, such as 5ms"},
	{"loss", set_loss, "give a share, such as 2% or 0.02; all is 100%, not 1"},
	{"bursts", set_bursts,
	 "give the share lost and how long a burst is, such as 3% 50ms; or 0"},
	{"duplicate", set_duplicate, "give a share, such as 1% or 0.01; all is 100%, not 1"},
	{"reorder", set_reorder,
	 "give a share and a time, such as 1% 5ms; or 0; all is 100%, not 1"},
	{"mtu", set_mtu, "give a number of bytes from 1280 to 65535"},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* Return: KEYS if there is no such one. */
static size_t find(const char *key)
{
	size_t i = 0;

	while (i < KEYS && strcmp(keys[i].name, key) != 0)
		i++;
	return i;
}

bool link_set(struct link_spec *link, const char *key, const char *value, char why[static LINK_WHY])
{
	const size_t i = find(key);

	if (i < KEYS && keys[i].set(link, value))
		return true;
	snprintf(why, LINK_WHY, "%s",
		 i < KEYS ? keys[i].right
			  : "a link has delay, jitter, loss, bursts, duplicate, reorder and mtu");
	return false;
}

enum direction { BOTH, UP, DOWN };

/* Cuts "up." or "down." off *@key. */
static enum direction direction(const char **key)
{
	if (strncmp(*key, "up.", 3) == 0) {
		*key += 3;
		return UP;
	}
	if (strncmp(*key, "down.", 5) == 0) {
		*key += 5;
		return DOWN;
	}
	return BOTH;
}

bool link_set_both(struct topology_link *link, const char *key, const char *value,
		   char why[static LINK_WHY])
{
	switch (direction(&key)) {
	case UP:
		return link_set(&link->up, key, value, why);
	case DOWN:
		return link_set(&link->down, key, value, why);
	case BOTH:
	default:
		return link_set(&link->up, key, value, why) &&
		       link_set(&link->down, key, value, why);
	}
}

bool link_has(const char *key)
{
	direction(&key);
	return find(key) < KEYS;
}
