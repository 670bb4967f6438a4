/*
 * Which network this machine is in: what is believed of one is kept by it.
 *
 * A network is an interface and its gateway. Many homes have the same of both, so the public prefix
 * that a server sees belongs to it, too: where that has changed, it is another network.
 */
#ifndef DESK_NETWORK_H
#define DESK_NETWORK_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>

#include "base/addr.h"
#include "face/js.h"

/**
 * struct network - As text
 * @gateway:	Empty: there is none
 * @public_prefix: Empty: it is not known
 */
struct network {
	char interface[IF_NAMESIZE], gateway[ADDR_TEXT], public_prefix[ADDR_TEXT];
};

/* The one through which @towards is reached, by @interface only if that is not NULL, its prefix not
 * known. Return: false if there is no way. */
bool network_find(struct network *n, const struct addr *towards, const char *interface);

/* Sets @path to the network's file in @folder of $XDG_STATE_HOME/natkit; false: there is no place. */
bool network_place(char path[static PATH_MAX], const struct network *n, const char *folder);

/* The address at which we were seen. Return: true if it is another network than was known. */
bool network_seen(struct network *n, const struct addr *seen);

/* The member "network" of a file's root; false if it is not right. */
bool network_read(struct network *n, const struct js_in *root);
void network_json(struct js object, const struct network *n);

#endif
