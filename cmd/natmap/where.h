/* Which gateways a command of natmap speaks with, and from which of our addresses. */
#ifndef NATMAP_WHERE_H
#define NATMAP_WHERE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "face/options.h"

#define WHERE_MAX 4

/**
 * struct where - What the user says of it: the first member of a command's settings
 * @interfaces:	Only these; none: as the routes are
 * @gateways:	These; none: those of the default routes
 * @v4, @v6:	Families wanted; neither: IPv4
 * @protocols:	Bits of enum portmap_protocol; 0: all
 */
struct where {
	const char *interfaces[WHERE_MAX];
	unsigned interface_count;
	struct addr gateways[WHERE_MAX];
	unsigned gateway_count;
	bool v4, v6;
	unsigned protocols;
};

/* A gateway and our address on the way to it, port 0, through that interface. */
struct way {
	struct addr gateway, local;
	char interface[IF_NAMESIZE];
};

/* Calls of the options, whose @into begins with a struct where. */
int where_add_gateway(void *into, const char *value, char why[static OPTIONS_WHY]);
int where_add_interface(void *into, const char *value, char why[static OPTIONS_WHY]);
int where_set_protocol(void *into, const char *value, char why[static OPTIONS_WHY]);

/* The options, for a command's table. */
#define WHERE_OPTIONS(protocols)                                                              \
	{.name = "gateway",                                                                   \
	 .letter = 'g',                                                                       \
	 .argument = "ADDRESS",                                                               \
	 .help = "Speak with this gateway; may be given up to 4 times. Default: that of the " \
		 "default route.",                                                            \
	 .kind = OPTION_CALL,                                                                 \
	 .repeatable = true,                                                                  \
	 .call = where_add_gateway},                                                          \
		{.name = "interface",                                                         \
		 .letter = 'i',                                                               \
		 .argument = "NAME",                                                          \
		 .help = "Speak with the gateway of this interface; may be given up to 4 "    \
			 "times.",                                                            \
		 .kind = OPTION_CALL,                                                         \
		 .repeatable = true,                                                          \
		 .call = where_add_interface},                                                \
		{.name = "protocol",                                                          \
		 .letter = 'p',                                                               \
		 .argument = "NAME",                                                          \
		 .help = "Use only pcp, nat-pmp or upnp. Default: auto, " protocols,          \
		 .kind = OPTION_CALL,                                                         \
		 .call = where_set_protocol},                                                 \
		{.name = "ipv4",                                                              \
		 .letter = '4',                                                               \
		 .help = "IPv4: the default.",                                                \
		 .kind = OPTION_FLAG,                                                         \
		 .offset = offsetof(struct where, v4)},                                       \
	{                                                                                     \
		.name = "ipv6", .letter = '6',                                                \
		.help = "IPv6, whose ports are opened in a firewall; with -4 both.",          \
		.kind = OPTION_FLAG, .offset = offsetof(struct where, v6)                     \
	}

/* Bits of enum portmap_protocol: those that may be asked. */
unsigned where_protocols(const struct where *w);

/* Finds them, and says on standard error what was named and has none. Return: how many, or 0. */
unsigned where_find(struct way out[static WHERE_MAX], const struct where *w);

/* The same without a word: the network may be down, and come back. */
unsigned where_look(struct way out[static WHERE_MAX], const struct where *w);

/* Whether @way is one of @count. */
bool where_has(const struct way *ways, unsigned count, const struct way *way);

/* What way number @i of @count is to become, now that there are those of @found: NULL if it is still there, or there
 * is none for it that no other has. */
const struct way *where_instead(const struct where *w, const struct way *ways, unsigned count,
				unsigned i, const struct way *found, unsigned found_count);

/* Whether what is sent that way to @to, from that address, leaves by that gateway. */
bool where_leads(const struct way *way, const struct addr *to);

/* Says on standard error if what programs of this machine answer from there leaves by another interface. */
void where_warn(const struct way *way);

#endif
