#include "face/environment.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

int environment_begin(struct environment *e, const char *prefix)
{
	size_t count = 0, at = 0;

	*e = (struct environment){.own = 0};
	while (environ[count] != NULL)
		count++;
	e->list = calloc(count + ENVIRONMENT_OWN + 1, sizeof(*e->list));
	if (e->list == NULL)
		return NK_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], prefix, strlen(prefix)) != 0)
			e->list[at++] = environ[i];
	return 0;
}

void environment_put(struct environment *e, const char *format, ...)
{
	char *text = e->text[e->own++];
	size_t at = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, ENVIRONMENT_TEXT, format, args);
	va_end(args);
	while (e->list[at] != NULL)
		at++;
	e->list[at] = text;
}

void environment_free(struct environment *e)
{
	free(e->list);
	e->list = NULL;
}
