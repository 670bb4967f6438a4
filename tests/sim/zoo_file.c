#include "zoo_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	exit(2);
}

struct zoo *zoo_from_file(const char *path)
{
	static char text[1 << 18];
	struct zoo *z = zoo_new();
	char why[ZOO_WHY];
	size_t len;
	FILE *f;

	if (path == NULL)
		path = getenv("NATKIT_ZOO");
	if (path == NULL)
		path = "share/zoo.conf";
	f = fopen(path, "r");
	if (f == NULL || z == NULL) {
		give_up(path, strerror(errno));
		return NULL;
	}
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (len == sizeof(text))
		give_up(path, "too long");
	if (!zoo_read(z, text, len, why))
		give_up(path, why);
	return z;
}
