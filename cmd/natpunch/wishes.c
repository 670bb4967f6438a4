#include "wishes.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 15

static bool has(const struct keepalive_offer *o, enum keepalive_algorithm a)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->wish[i].algorithm == a)
			return true;
	return false;
}

/* The algorithm that @len bytes name, or KEEPALIVE_ALGORITHMS. */
static enum keepalive_algorithm algorithm_of(const char *text, size_t len)
{
	char name[NAME_MAX_LEN + 1] = "";

	if (len > NAME_MAX_LEN)
		return KEEPALIVE_ALGORITHMS;
	memcpy(name, text, len);
	return keepalive_algorithm_of(name);
}

static int refuse(char why[static OPTIONS_WHY])
{
	int len = snprintf(why, OPTIONS_WHY, "give some of");

	for (unsigned a = 0; a < KEEPALIVE_ALGORITHMS; a++)
		len += snprintf(why + len, OPTIONS_WHY - (size_t)len, "%s %s", a > 0 ? "," : "",
				keepalive_name((enum keepalive_algorithm)a));
	snprintf(why + len, OPTIONS_WHY - (size_t)len, ", each once");
	return -1;
}

int wishes_read(struct keepalive_offer *offer, const char *list, char why[static OPTIONS_WHY])
{
	struct keepalive_offer o = *offer;
	size_t len;

	o.count = 0;
	for (const char *name = list; name != NULL;
	     name = name[len] == ',' ? name + len + 1 : NULL) {
		enum keepalive_algorithm a;

		len = strcspn(name, ",");
		a = algorithm_of(name, len);
		if (a == KEEPALIVE_ALGORITHMS || has(&o, a))
			return refuse(why);
		o.wish[o.count++] = keepalive_default_wish(a);
	}
	*offer = o;
	return 0;
}
