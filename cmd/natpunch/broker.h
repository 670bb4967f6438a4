/* Which broker is ours, and where it is. */
#ifndef NATPUNCH_BROKER_H
#define NATPUNCH_BROKER_H

#include "base/addr.h"
#include "core/identity/card.h"

#define BROKER_HELP                                                                        \
	"Our broker. Default: the first server of $NATKIT_SERVER, then what was given to " \
	"\"natpunch id\" the last time, then the first server of natkit/config among the " \
	"user's configuration files."

/**
 * broker_find() - The broker where we register
 * @card:	Its @host and @port are set
 * @given:	By an option, or NULL
 * @identity:	Whose broker it is: the path of that file, or NULL: the user's own
 *
 * Return: EXIT_YES, or the exit status to end with, which has been told.
 */
int broker_find(struct card *card, const char *given, const char *identity);

/* From now on a card's broker is the one of that identity. Return: EXIT_YES, or the exit status to
 * end with, which has been told. */
int broker_keep(const struct card *card, const char *identity);

/* Sets the @host and @port of a card from "HOST" or "HOST:PORT", which @from names in a refusal.
 * Return: EXIT_YES, or the exit status to end with, which has been told. */
int broker_parse(struct card *card, const char *text, const char *from);

/**
 * broker_resolve() - Looks up where a card's broker is
 * @interface:	Only through this one, or NULL
 * @out:	By family (0: IPv4), all zero where there is no address or no way to it
 *
 * Return: EXIT_YES, or the exit status to end with, which has been told.
 */
int broker_resolve(struct addr out[static 2], const struct card *card, const char *interface);

#endif
