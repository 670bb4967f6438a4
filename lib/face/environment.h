/* The environment of a program that we run: ours, and what it is to know. */
#ifndef FACE_ENVIRONMENT_H
#define FACE_ENVIRONMENT_H

#define ENVIRONMENT_OWN  12
#define ENVIRONMENT_TEXT 320 /* the longest is a name with a port */

/**
 * struct environment - As programs take it
 * @list:	Ended by NULL, allocated; its texts are ours or of @text, of which @own are in use
 */
struct environment {
	char **list;
	unsigned own;
	char text[ENVIRONMENT_OWN][ENVIRONMENT_TEXT];
};

/**
 * environment_begin() - Of ours, what does not begin with a prefix
 * @e:		environment_free() in any case; not to be moved
 * @prefix:	Such as "NATPUNCH_", of all that environment_put() will add: at most ENVIRONMENT_OWN
 *
 * Return: 0 or NK_ERR_NO_MEMORY.
 */
int environment_begin(struct environment *e, const char *prefix);

/* Adds "NAME=value", as printf() does. */
void environment_put(struct environment *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void environment_free(struct environment *e);

#endif
