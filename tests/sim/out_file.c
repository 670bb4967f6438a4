#include "out_file.h"

#include <errno.h>
#include <string.h>

FILE *out_file_open(const char *program, const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
	return f;
}

bool out_file_close(FILE *f, const char *program, const char *path, int err)
{
	if (fclose(f) == 0 && err == 0)
		return true;
	fprintf(stderr, "%s: %s could not be written\n", program, path);
	return false;
}
