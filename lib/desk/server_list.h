/* Which servers the user wants to be asked, who may have said so in several places. */
#ifndef DESK_SERVER_LIST_H
#define DESK_SERVER_LIST_H

#include "face/options.h"

#define SERVER_LIST_MAX 8

/**
 * struct server_list - Names of servers, in order of preference
 * @from:	Where they come from, for a person
 * @text:	A file or variable that the names borrow from, freed by server_list_free(); or NULL
 */
struct server_list {
	const char *names[SERVER_LIST_MAX];
	unsigned count;
	const char *from;
	char *text;
};

/* Adds a name, which is borrowed; an option's call does so. Return: 0, or -1 having written to @why. */
int server_list_add(struct server_list *list, const char *name, char why[static OPTIONS_WHY]);

/* The option that names a server, for a command's table; @add takes its value. */
#define SERVER_OPTION(add, text)                                                          \
	{                                                                                 \
		.name = "server", .letter = 's', .argument = "HOST[:PORT]", .help = text, \
		.kind = OPTION_CALL, .repeatable = true, .call = add                      \
	}

/**
 * server_list_find() - From the options, $NATKIT_SERVER, the configuration file, or the installed list
 * @given:	@count names by options, at most SERVER_LIST_MAX; borrowed
 *
 * The first of these that names any server counts, the others are not looked at.
 *
 * Return: 0; NK_ERR_UNREACHABLE if nobody names a server, or NK_ERR_BAD_INPUT if what names them
 * cannot be used, said on standard error; NK_ERR_NO_MEMORY.
 */
int server_list_find(struct server_list *list, const char *const *given, unsigned count);
void server_list_free(struct server_list *list);

#endif
