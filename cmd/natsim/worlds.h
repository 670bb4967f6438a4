/*
 * The worlds that are up, as files in a folder of their user: NAME.lock is
 * locked as long as the world's supervisor lives, and holds its process number;
 * NAME.sock is where it is spoken to; NAME.log has what it said since it was up.
 * A lock that nobody holds is what a crash has left behind.
 */
#ifndef NATSIM_WORLDS_H
#define NATSIM_WORLDS_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "face/options.h"

#define WORLD_NAME    64
#define WORLD_DEFAULT "default"

/* Takes the name of a world, for a struct that begins with a const char *. */
int world_take_name(void *into, const char *value, char why[static OPTIONS_WHY]);

/* The option that does so. */
#define WORLD_NAME_OPTION                                                                  \
	{                                                                                  \
		.name = "name", .letter = 'n', .argument = "NAME",                         \
		.help = "Name of the world, where there are several (" WORLD_DEFAULT ").", \
		.kind = OPTION_CALL, .call = world_take_name                               \
	}

/**
 * world_claim() - Becomes the one that has this name
 * @lock:	Set to a descriptor that holds the name until it, and all copies of it, are closed
 *
 * Removes what a crash has left of an earlier one. Return: 0; NK_ERR_BAD_INPUT if it is up
 * already; NK_ERR_SYSTEM or NK_ERR_PERMISSION. All are told.
 */
int world_claim(const char *name, int *lock);

/* Writes down who this is, for the others. Return: false and errno. */
bool world_sign(int lock);

/* Where one speaks to it. Return: a listening socket (SOCK_SEQPACKET), or -1, which is told. */
int world_listen(const char *name);

/* What it says from now on goes to its log. Return: false, which is told. */
bool world_log(const char *name);

/* Removes its files: the last thing that its owner does before the lock goes. */
void world_forget(const char *name);

/* Return: a socket to the supervisor, or NK_ERR_UNREACHABLE if there is none, which is told. */
int world_connect(const char *name);

/* Whether its supervisor lives. */
bool world_is_up(const char *name);

/* Ends a world that does not end by itself, and removes what is left of one that is dead. Return:
 * whether something was there. */
bool world_end(const char *name);

/* Calls @each with the name of each world that is up, or that a crash has left something of. */
void worlds_each(void (*each)(void *user, const char *name), void *user);

#endif
